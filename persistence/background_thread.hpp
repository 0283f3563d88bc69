#pragma once
/// For work that has to be done, and that nobody waits for now.

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>

namespace fasti::persistence {

/// Does one thing after another, as they come, on a thread that gives way: it gets a tenth of a
/// core that another wants too, and all of an idle one.
class background_thread {
 public:
  /// `name`: as `name_this_thread` takes it.
  explicit background_thread(const char* name);
  /// Ends when all is done.
  ~background_thread();
  background_thread(const background_thread&) = delete;
  background_thread& operator=(const background_thread&) = delete;

  void run(std::function<void()> task);

 private:
  void work(const char* name);

  std::mutex mutex_;
  std::condition_variable came_;
  // Protected by mutex_:
  std::deque<std::function<void()>> tasks_;
  bool is_to_end_ = false;

  std::thread thread_;
};

}  // namespace fasti::persistence

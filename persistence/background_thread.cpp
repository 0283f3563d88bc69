#include "persistence/background_thread.hpp"

#include <sys/resource.h>
#include <unistd.h>

#include "fasti/detail/thread_name.hpp"

namespace fasti::persistence {
namespace {

/// On Linux a thread has a niceness of its own. Where the system does not let it, nothing is lost.
void give_way() noexcept {
  constexpr int niceness = 10;  // of 19
  static_cast<void>(setpriority(PRIO_PROCESS, static_cast<id_t>(gettid()), niceness));
}

}  // namespace

background_thread::background_thread(const char* name) : thread_([this, name] { work(name); }) {}

background_thread::~background_thread() {
  {
    const std::lock_guard lock(mutex_);
    is_to_end_ = true;
  }
  came_.notify_all();
  thread_.join();
}

void background_thread::run(std::function<void()> task) {
  {
    const std::lock_guard lock(mutex_);
    tasks_.push_back(std::move(task));
  }
  came_.notify_one();
}

void background_thread::work(const char* name) {
  fasti::detail::name_this_thread(name);
  give_way();
  std::unique_lock lock(mutex_);
  while (true) {
    came_.wait(lock, [this] { return is_to_end_ || !tasks_.empty(); });
    if (tasks_.empty()) return;
    auto task = std::move(tasks_.front());
    tasks_.pop_front();
    lock.unlock();
    task();
    task = nullptr;  // what it holds goes here, not under the lock
    lock.lock();
  }
}

}  // namespace fasti::persistence

#include "runtime/node/reader_pool.hpp"

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <latch>
#include <memory>

#include "fasti/detail/thread_name.hpp"

namespace fasti::node {
namespace {

/// Numbers that several threads draw, until none is left.
class drawn_numbers {
 public:
  drawn_numbers(std::size_t n, const std::function<void(std::size_t)>& one)
      : n_(n), one_(one), left_(static_cast<std::ptrdiff_t>(n)) {}

  /// Who comes too late for one touches nothing that may have gone.
  void draw() {
    for (std::size_t i = next_++; i < n_; i = next_++) {
      one_(i);
      left_.count_down();
    }
  }
  void wait() const { left_.wait(); }

 private:
  const std::size_t n_;
  const std::function<void(std::size_t)>& one_;
  std::atomic<std::size_t> next_{0};
  std::latch left_;
};

}  // namespace

reader_pool::reader_pool(std::size_t threads) {
  for (std::size_t i = 0; i < std::max<std::size_t>(threads, 1); ++i) {
    threads_.emplace_back([this] { work(); });
  }
}

reader_pool::~reader_pool() { close(); }

bool reader_pool::run(std::function<void()> task) { return put(tasks_, SIZE_MAX, std::move(task)); }

bool reader_pool::run_if_idle(std::function<void()> task) {
  return put(optional_tasks_, optional_tasks_max, std::move(task));
}

bool reader_pool::put(tasks& into, std::size_t max, std::function<void()> task) {
  {
    const std::lock_guard lock(mutex_);
    if (closed_ || into.size() >= max) return false;
    into.push_back(std::move(task));
  }
  came_.notify_one();
  return true;
}

void reader_pool::run_each(std::size_t n, const std::function<void(std::size_t)>& one) {
  const auto numbers = std::make_shared<drawn_numbers>(n, one);
  for (std::size_t i = 1; i < n; ++i) {
    if (!run([numbers] { numbers->draw(); })) break;
  }
  numbers->draw();
  numbers->wait();
}

void reader_pool::close() {
  {
    const std::lock_guard lock(mutex_);
    closed_ = true;
  }
  came_.notify_all();
  for (auto& t : threads_) t.join();
  threads_.clear();
}

void reader_pool::work() {
  detail::name_this_thread("fasti.reader");
  std::unique_lock lock(mutex_);
  while (true) {
    came_.wait(lock, [this] { return closed_ || !tasks_.empty() || !optional_tasks_.empty(); });
    auto& next = tasks_.empty() ? optional_tasks_ : tasks_;
    if (next.empty()) return;
    auto task = std::move(next.front());
    next.pop_front();
    lock.unlock();
    task();
    task = nullptr;  // what it holds goes here, not under the lock
    lock.lock();
  }
}

}  // namespace fasti::node

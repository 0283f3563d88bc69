#pragma once
// The whole library, and short words for what the examples do all the time.

#include <gtest/gtest.h>
#include <fasti/testing/runtime.hpp>

#include <filesystem>
#include <set>
#include <thread>

#include "book.hpp"

namespace library {

using namespace std::chrono_literals;

// [member]
struct member {
  static constexpr auto category = "member";
  using commands = fasti::types<Join, Borrow, HandBack>;
  using events = fasti::types<Joined, Borrowed, HandedBack>;
  static constexpr std::size_t books_max = 2;

  fasti::decision decide(Join::Reader, fasti::emit& out) const {
    if (!has_joined) out.event<Joined>();
    return fasti::accept();
  }
  fasti::decision decide(Borrow::Reader c, fasti::emit& out) const {
    if (!has_joined) return fasti::reject("not-a-member");
    if (books.size() >= books_max) return fasti::reject("too-many-books");
    out.event<Borrowed>().setBook(c.getBook());
    return fasti::accept();
  }
  fasti::decision decide(HandBack::Reader c, fasti::emit& out) const {
    if (!books.contains(c.getBook().cStr())) return fasti::reject("has-not-got-it");
    out.event<HandedBack>().setBook(c.getBook());
    return fasti::accept();
  }
  void evolve(Joined::Reader) { has_joined = true; }
  void evolve(Borrowed::Reader e) { books.insert(e.getBook().cStr()); }
  void evolve(HandedBack::Reader e) { books.erase(e.getBook().cStr()); }

  bool has_joined = false;
  std::set<std::string> books;
};
// [/member]

inline auto titled(const char* title) {
  return [title](auto c) { c.setTitle(title); };
}
inline auto to(const char* member, std::uint16_t days = 28) {
  return [member, days](auto c) {
    c.setMember(member);
    c.setDays(days);
  };
}

/// The receipt or answer; an error ends the example with its text.
template <class T>
T good(std::future<fasti::result<T>> future) {
  auto answer = future.get();
  if (!answer) throw std::runtime_error(answer.error().to_string());
  return *std::move(answer);
}

inline fasti::receipt acquire(fasti::runtime& rt, const char* book, const char* title) {
  return good(rt.send<Acquire>(book, titled(title)));
}
inline fasti::receipt lend(fasti::runtime& rt, const char* book, const char* member) {
  return good(rt.send<Lend>(book, to(member)));
}
inline fasti::receipt take_back(fasti::runtime& rt, const char* book) {
  return good(rt.send<TakeBack>(book, [](auto) {}));
}

/// Looks again and again, without a sleep; false after a minute.
template <class Condition>
bool comes_true(Condition&& condition) {
  const auto limit = std::chrono::steady_clock::now() + 60s;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > limit) return false;
    std::this_thread::yield();
  }
  return true;
}

/// A folder that goes with the example.
class OnDisk : public ::testing::Test {
 protected:
  OnDisk() {
    const auto id = fasti::unique_id::generate().to_string();
    folder_ = std::filesystem::temp_directory_path() / ("fasti-guide-" + id);
    std::filesystem::create_directories(folder_);
  }
  ~OnDisk() override {
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
  }
  [[nodiscard]] std::string in_folder(const char* name) const { return folder_ / name; }

 private:
  std::filesystem::path folder_;
};

}  // namespace library

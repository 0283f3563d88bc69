#pragma once
/// What the cases of the journal's contract stand on. See `journal_contract.hpp`.

#include <gtest/gtest.h>

#include <memory>
#include <ostream>
#include <string>
#include <thread>
#include <vector>

#include "fasti/journal.hpp"
#include "fasti/options.hpp"
#include "tests/support/journal_kit.hpp"

namespace fasti::test {

/// Where a journal lives while one test runs. Gone with the test.
class journal_home {
 public:
  virtual ~journal_home() = default;
  /// Opens the journal, and makes it the first time. Not called while one is open.
  [[nodiscard]] virtual std::unique_ptr<journal> open(const runtime_options& options) = 0;
};

/// A kind of journal: what to instantiate the contract with.
struct journal_kind {
  std::string name;
  bool survives_close = false;  ///< A second `open` of the same home finds what was stored.
  std::function<std::unique_ptr<journal_home>()> make_home;

  friend std::ostream& operator<<(std::ostream& out, const journal_kind& k) {
    return out << k.name;
  }
};

class JournalContract : public ::testing::TestWithParam<journal_kind> {
 protected:
  JournalContract() {
    options.clock = clock.source();
    options.log = [](log_level, std::string_view) {};
  }

  /// Opens the journal with `options`. A test that changes these does so before.
  journal& open() {
    if (!home_) home_ = GetParam().make_home();
    journal_ = home_->open(options);
    return *journal_;
  }
  /// Closes and opens again; precondition: `survives_close()`.
  journal& reopen() {
    EXPECT_TRUE(journal_->close());
    journal_.reset();
    return open();
  }
  [[nodiscard]] static bool survives_close() { return GetParam().survives_close; }

  /// Appends and expects that it is stored.
  static committed must_append(journal& j, commit c) {
    auto outcome = append_and_wait(j, std::move(c));
    EXPECT_TRUE(outcome) << (outcome ? "" : outcome.error().to_string());
    return outcome ? *outcome : committed{};
  }
  /// Hands over; the outcome comes to `log` under `tag`.
  static ticket hand_over(journal& j, commit c, outcome_log& log, int tag,
                          std::shared_ptr<commit_session> session = nullptr) {
    auto given = j.append(std::move(c), std::move(session), log.observer(tag));
    EXPECT_TRUE(given) << (given ? "" : given.error().to_string());
    return given ? *given : ticket{};
  }
  static std::uint64_t version_of(const journal& j, std::string_view name) {
    auto v = j.stream_version(stream(name));
    EXPECT_TRUE(v) << (v ? "" : v.error().to_string());
    return v ? count_of(*v) : 0;
  }
  static void expect_error(const error& e, errc code, std::string_view reason) {
    EXPECT_EQ(e.code, code) << e.to_string();
    EXPECT_EQ(e.reason, reason) << e.to_string();
  }
  template <class T>
  static void expect_error(const result<T>& r, errc code, std::string_view reason) {
    ASSERT_FALSE(r) << "expected " << reason;
    expect_error(r.error(), code, reason);
  }

  /// Before the journal: its threads use them until they end.
  test_clock clock;
  runtime_options options;

 private:
  std::unique_ptr<journal_home> home_;
  std::unique_ptr<journal> journal_;
};

}  // namespace fasti::test

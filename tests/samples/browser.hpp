#pragma once
/// Debian's Chromium without a window, driven over a pipe with its DevTools protocol.

#include <sys/types.h>

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "process.hpp"

namespace fasti::test {

class browser {
 public:
  /// Where it is installed; none: it is not.
  [[nodiscard]] static std::optional<std::string> program();

  explicit browser(const std::string& program);
  browser(const browser&) = delete;
  browser& operator=(const browser&) = delete;
  ~browser();

  /// Returns when the page is there.
  void open(const std::string& url);
  /// The value of an expression on the page; a promise's is waited for.
  [[nodiscard]] nlohmann::json evaluate(const std::string& expression);
  /// Asks the page again and again, where it waits in between; false after a minute.
  [[nodiscard]] bool comes_true(const std::string& condition);
  /// What the page did wrong: what it threw, what its policy forbade.
  [[nodiscard]] const std::vector<std::string>& complaints() const noexcept { return complaints_; }

 private:
  nlohmann::json call(const std::string& method, nlohmann::json parameters);
  [[nodiscard]] nlohmann::json read_message();
  void note(const nlohmann::json& event);

  scratch_directory profile_;
  pid_t pid_ = -1;
  int to_ = -1;
  int from_ = -1;
  int calls_ = 0;
  int loads_ = 0;
  std::string session_;
  std::string pending_;
  std::vector<std::string> complaints_;
};

}  // namespace fasti::test

#pragma once
/// Where the bank of this run lives.

#include <fasti/ids.hpp>

#include <filesystem>
#include <string>
#include <utility>

namespace bank {

/// A directory that was named, or a new temporary one, which goes with this object unless kept.
class bank_directory {
 public:
  explicit bank_directory(std::string named)
      : path_(std::move(named)), is_temporary_(path_.empty()) {
    if (!is_temporary_) return;
    const auto name = "fasti-bank-" + fasti::unique_id::generate().to_string();
    path_ = (std::filesystem::temp_directory_path() / name).string();
  }
  bank_directory(const bank_directory&) = delete;
  bank_directory& operator=(const bank_directory&) = delete;
  ~bank_directory() {
    std::error_code ignored;
    if (is_temporary_) std::filesystem::remove_all(path_, ignored);
  }

  void keep() noexcept { is_temporary_ = false; }
  [[nodiscard]] const std::string& path() const noexcept { return path_; }
  [[nodiscard]] bool is_temporary() const noexcept { return is_temporary_; }

 private:
  std::string path_;
  bool is_temporary_;
};

}  // namespace bank

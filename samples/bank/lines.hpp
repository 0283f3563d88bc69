#pragma once
/// Lines of a text file, plain or gzipped, and the fields of a CSV line.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace bank {

/// Reads line by line; a carriage return at the end of a line and a byte order mark are dropped.
class line_reader {
 public:
  /// None when the file cannot be opened or is a directory.
  [[nodiscard]] static std::optional<line_reader> open(const std::string& path);
  line_reader(line_reader&&) noexcept;
  line_reader& operator=(line_reader&&) noexcept;
  ~line_reader();

  /// False at the end; `problem()` tells whether it is the file's own.
  [[nodiscard]] bool next(std::string& line);
  /// Number of the line that `next` gave; the first is 1.
  [[nodiscard]] std::uint64_t line_number() const noexcept { return line_number_; }
  /// "truncated-gzip" or "damaged-file" when the bytes ended before their time, else empty.
  [[nodiscard]] std::string_view problem() const noexcept { return problem_; }

 private:
  struct file;
  explicit line_reader(std::unique_ptr<file> f);
  bool fill();

  std::unique_ptr<file> file_;
  std::vector<char> buffer_;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
  std::uint64_t line_number_ = 0;
  std::string_view problem_;
};

/// Splits at commas; a field in double quotes may hold commas and doubled quotes.
/// False when a quote is not closed.
[[nodiscard]] bool split_csv(std::string_view line, std::vector<std::string>& fields);

}  // namespace bank

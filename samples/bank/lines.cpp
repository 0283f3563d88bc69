#include "lines.hpp"

#include <zlib.h>

#include <algorithm>
#include <filesystem>
#include <utility>

namespace bank {
namespace {
constexpr std::size_t buffer_bytes = 256U << 10;
constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";
}  // namespace

struct line_reader::file {
  explicit file(gzFile g) : gz(g) {}
  file(const file&) = delete;
  file& operator=(const file&) = delete;
  ~file() { gzclose(gz); }
  gzFile gz;
};

std::optional<line_reader> line_reader::open(const std::string& path) {
  std::error_code ignored;
  if (std::filesystem::is_directory(path, ignored)) return std::nullopt;
  gzFile gz = gzopen(path.c_str(), "rb");  // reads plain files as well
  if (gz == nullptr) return std::nullopt;
  return line_reader(std::make_unique<file>(gz));
}

line_reader::line_reader(std::unique_ptr<file> f) : file_(std::move(f)), buffer_(buffer_bytes) {}
line_reader::line_reader(line_reader&&) noexcept = default;
line_reader& line_reader::operator=(line_reader&&) noexcept = default;
line_reader::~line_reader() = default;

bool line_reader::fill() {
  begin_ = end_ = 0;
  const int got = gzread(file_->gz, buffer_.data(), static_cast<unsigned>(buffer_.size()));
  int code = Z_OK;
  gzerror(file_->gz, &code);
  if (code == Z_BUF_ERROR) {
    problem_ = "truncated-gzip";
  } else if (got < 0) {
    problem_ = "damaged-file";
  }
  end_ = got > 0 ? static_cast<std::size_t>(got) : 0;
  return end_ > 0;
}

bool line_reader::next(std::string& line) {
  line.clear();
  bool complete = false;
  while (!complete && (begin_ < end_ || fill())) {
    const std::string_view rest(buffer_.data() + begin_, end_ - begin_);
    const auto end = rest.find('\n');
    complete = end != std::string_view::npos;
    line.append(rest.substr(0, end));
    begin_ += complete ? end + 1 : rest.size();
  }
  // What stands behind the last good line of a damaged file is half a line.
  if (!complete && (line.empty() || !problem_.empty())) return false;
  ++line_number_;
  if (line.ends_with('\r')) line.pop_back();
  if (line_number_ == 1 && line.starts_with(byte_order_mark)) line.erase(0, 3);
  return true;
}

bool split_csv(std::string_view line, std::vector<std::string>& fields) {
  std::size_t count = 0;
  auto field = [&]() -> std::string& {
    if (count == fields.size()) fields.emplace_back();
    return fields[count];
  };
  field().clear();
  bool quoted = false;
  for (std::size_t i = 0; i < line.size(); ++i) {
    const char c = line[i];
    if (c == '"' && quoted && i + 1 < line.size() && line[i + 1] == '"') {
      field() += line[++i];
    } else if (c == '"') {
      quoted = !quoted;
    } else if (c == ',' && !quoted) {
      ++count;
      field().clear();
    } else {
      field() += c;
    }
  }
  fields.resize(count + 1);
  return !quoted;
}

}  // namespace bank

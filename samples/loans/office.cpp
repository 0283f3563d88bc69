#include "office.hpp"

#include <zlib.h>

#include <array>
#include <condition_variable>
#include <mutex>
#include <optional>

#include "domain.hpp"

namespace loans {
namespace {

constexpr std::size_t commands_under_way_max = 1024;
constexpr std::size_t columns_needed = 5;

using fields = std::array<std::string, columns_needed>;

class log_file {
 public:
  explicit log_file(const std::string& path) : file_(gzopen(path.c_str(), "rb")) {}
  log_file(const log_file&) = delete;
  log_file& operator=(const log_file&) = delete;
  ~log_file() {
    if (file_ != nullptr) gzclose(file_);
  }
  [[nodiscard]] bool is_open() const noexcept { return file_ != nullptr; }
  [[nodiscard]] bool next(std::string& line) {
    std::array<char, 4096> buffer;
    if (gzgets(file_, buffer.data(), static_cast<int>(buffer.size())) == nullptr) return false;
    line = buffer.data();
    while (!line.empty() && (line.back() == '\n' || line.back() == '\r')) line.pop_back();
    return true;
  }

 private:
  gzFile file_;
};

/// The first columns; none of the log's holds a quoted comma.
std::optional<fields> fields_of(const std::string& line) {
  fields all;
  std::size_t begin = 0;
  for (auto& field : all) {
    if (begin > line.size()) return std::nullopt;
    const auto end = std::min(line.find(',', begin), line.size());
    field = line.substr(begin, end - begin);
    begin = end + 1;
  }
  return all[0].empty() || all[1].empty() ? std::nullopt : std::optional(all);
}

/// Sends, and waits when too many are under way.
class sender {
 public:
  explicit sender(fasti::runtime& rt) : rt_(rt) {}

  void send(std::uint64_t row, const fields& f) {
    {
      std::unique_lock lock(mutex_);
      came_back_.wait(lock, [this] { return under_way_ < commands_under_way_max; });
      ++under_way_;
    }
    fasti::command_origin origin;
    origin.id = fasti::command_id::of("loans, row " + std::to_string(row));
    rt_.send_then<Record>(
        "application-" + f[0],
        [&f](auto c) {
          c.setActivity(f[1]);
          c.setLifecycle(f[3]);
          c.setResource(f[4]);
        },
        [this](const fasti::result<fasti::receipt>& r) { on_answer(r); }, origin);
  }

  [[nodiscard]] fasti::result<void> wait_for_all() {
    std::unique_lock lock(mutex_);
    came_back_.wait(lock, [this] { return under_way_ == 0; });
    return failure_ ? fasti::result<void>(*failure_) : fasti::result<void>();
  }

 private:
  void on_answer(const fasti::result<fasti::receipt>& r) {
    const std::lock_guard lock(mutex_);
    if (!r && !failure_) failure_ = r.error();
    --under_way_;
    came_back_.notify_one();
  }

  fasti::runtime& rt_;
  std::mutex mutex_;
  std::condition_variable came_back_;
  std::size_t under_way_ = 0;
  std::optional<fasti::error> failure_;
};

}  // namespace

fasti::result<counts> import_log(fasti::runtime& rt, const import_options& options) {
  log_file log(options.input);
  std::string line;
  if (!log.is_open() || !log.next(line)) {
    return fasti::error{fasti::errc::invalid, "no-such-file",
                        options.input + " cannot be read, or is empty"};
  }
  counts in_file;
  sender to(rt);
  std::uint64_t row = 0;
  std::optional<fasti::error> malformed;
  while ((options.rows == 0 || row < options.rows) && log.next(line)) {
    const auto f = fields_of(line);
    if (!f) {
      malformed = fasti::error{fasti::errc::invalid, "malformed-row",
                               options.input + ", row " + std::to_string(row + 1) +
                                   ": no case and activity in \"" + line + "\""};
      break;
    }
    to.send(++row, *f);
    ++in_file[(*f)[1]];
    options.on_progress(row);
  }
  if (auto sent = to.wait_for_all(); !sent) return std::move(sent).error();
  if (malformed) return *malformed;
  return in_file;
}

fasti::result<std::map<std::string, tally>> tallies(fasti::runtime& rt) {
  auto answer =
      rt.query<activities, AskActivities>([](auto) {}, {.visible_at = rt.journal().head()}).get();
  if (!answer) return std::move(answer).error();
  std::map<std::string, tally> all;
  for (const auto a : (*answer)->getAll()) {
    all[a.getName().cStr()] = {a.getCounts().getRecorded(), a.getCounts().getTallied()};
  }
  return all;
}

}  // namespace loans

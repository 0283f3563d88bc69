#include "persistence/expected_logs.hpp"

#include <xxhash.h>

#include <algorithm>
#include <charconv>

namespace fasti::persistence {
namespace {

std::string line_of(char what, std::uint64_t log) {
  const std::string fact = what + file_number_text(log);
  return fact + " " + unique_id{0, XXH3_64bits(fact.data(), fact.size())}.to_string().substr(16) +
         "\n";
}

}  // namespace

std::string file_number_text(std::uint64_t number) {
  std::string digits = std::to_string(number);
  if (digits.size() < 6) digits.insert(0, 6 - digits.size(), '0');
  return digits;
}

std::uint64_t log_number(std::string_view name) {
  if (!name.ends_with(".log")) return 0;
  name.remove_suffix(4);
  std::uint64_t number = 0;
  const auto [end, ec] = std::from_chars(name.data(), name.data() + name.size(), number);
  return ec == std::errc() && end == name.data() + name.size() ? number : 0;
}

result<std::unique_ptr<expected_logs>> expected_logs::read(disk& on, const std::string& directory) {
  std::unique_ptr<expected_logs> logs(new expected_logs(on, directory));
  if (!on.exists(logs->file())) return logs;
  auto text = read_file(on, logs->file());
  if (!text) return std::move(text).error();
  for (std::size_t at = 0; at < text->size();) {
    const auto end = std::min(text->find('\n', at), text->size() - 1);
    logs->take(std::string_view(*text).substr(at, end + 1 - at));
    at = end + 1;
  }
  return logs;
}

void expected_logs::take(std::string_view line) {
  if (line.size() < 2) return;
  std::uint64_t log = 0;
  std::from_chars(line.data() + 1, line.data() + line.size(), log);
  const char what = line.front();
  if ((what != '+' && what != '-') || line != line_of(what, log)) return;
  logs_[log] = what == '+';
}

result<void> expected_logs::check(std::uint64_t from) const {
  for (auto at = logs_.lower_bound(from); at != logs_.end(); ++at) {
    const std::string log = directory_ + "/" + file_number_text(at->first) + ".log";
    if (!at->second) {
      return error{errc::corrupt, "log-missing",
                   log +
                       " was merged and removed, but MANIFEST still asks for it: the end of "
                       "MANIFEST is damaged; restore a backup"};
    }
    if (on_.exists(log)) continue;
    return error{
        errc::corrupt, "log-missing",
        log + " is not there, and held the newest writes; put it back or restore a backup"};
  }
  return {};
}

io_code expected_logs::begin() {
  const std::lock_guard lock(mutex_);
  // Of those let go the newest is enough, and of the others those that are still there.
  std::string text;
  std::uint64_t let_go = 0;
  for (const auto& [log, made] : logs_) {
    if (!made) let_go = log;
  }
  std::erase_if(logs_, [&](const auto& at) {
    return at.second ? !on_.exists(directory_ + "/" + file_number_text(at.first) + ".log")
                     : at.first != let_go;
  });
  for (const auto& [log, made] : logs_) text += line_of(made ? '+' : '-', log);
  const std::string beside = file() + ".new";
  io_code why = on_.create(beside, out_);
  if (why == 0) why = write_all(*out_, text);
  if (why == 0) why = out_->sync();
  if (why == 0) why = on_.rename(beside, file());
  if (why == 0) why = on_.sync_directory(directory_);
  return why;
}

io_code expected_logs::note_made(std::uint64_t log) { return note('+', log); }
io_code expected_logs::note_removed(std::uint64_t log) { return note('-', log); }

io_code expected_logs::note(char what, std::uint64_t log) {
  const std::lock_guard lock(mutex_);
  logs_[log] = what == '+';
  io_code why = write_all(*out_, line_of(what, log));
  if (why == 0) why = out_->sync();
  return why;
}

}  // namespace fasti::persistence

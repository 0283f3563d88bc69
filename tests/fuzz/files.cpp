// The small files of a journal's directory. The first byte says which one the rest is.

#include <cerrno>

#include "persistence/expected_logs.hpp"
#include "persistence/identity.hpp"
#include "tests/fuzz/target.hpp"
#include "tests/support/fault_disk.hpp"

namespace fasti::fuzz {

namespace {

void put(test::fault_disk& on, const std::string& path, std::string_view bytes) {
  std::unique_ptr<persistence::disk_file> file;
  must(on.create(path, file) == 0 && persistence::write_all(*file, bytes) == 0, "no file");
}

std::string text_at(test::fault_disk& on, const std::string& path) {
  auto text = persistence::read_file(on, path);
  return text ? *text : "";
}

}  // namespace

const char* name() { return "fuzz_files"; }

std::vector<std::string> seeds() {
  test::fault_disk on;
  auto creating = persistence::begin_creation(on, "/j", when_missing::create);
  must(creating.has_value() && persistence::finish_creation(on, "/j").has_value(), "no journal");
  must(persistence::note_closed(on, "/j", position{42}).has_value(), "not closed");
  auto logs = persistence::expected_logs::read(on, "/j");
  must((*logs)->begin() == 0 && (*logs)->note_made(7) == 0 && (*logs)->note_made(12) == 0 &&
           (*logs)->note_removed(7) == 0,
       "no logs");
  return {"i" + text_at(on, "/j/identity"), "c" + text_at(on, "/j/closed"),
          "l" + text_at(on, "/j/LOGS")};
}

void run(std::string_view bytes) {
  if (bytes.empty()) return;
  test::fault_disk on;
  must(on.make_directory("/j") == 0, "no directory");
  const auto rest = bytes.substr(1);
  if (bytes.front() == 'i') {
    put(on, "/j/identity", rest);
    const auto id = persistence::find_identity(on, "/j");
    must(id.has_value() || !id.error().detail.empty(), "an error without a word");
  } else if (bytes.front() == 'c') {
    put(on, "/j/closed", rest);
    static_cast<void>(persistence::closed_at(on, "/j"));
  } else {
    put(on, "/j/LOGS", rest);
    auto logs = persistence::expected_logs::read(on, "/j");
    must(logs.has_value(), "LOGS that cannot be read");
    static_cast<void>((*logs)->check(1).has_value());
    must((*logs)->begin() == 0 && (*logs)->note_made(99) == 0, "no new LOGS");
  }
}

}  // namespace fasti::fuzz

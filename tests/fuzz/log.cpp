// The lint's reading of LevelDB's logs and MANIFESTs. The first byte says which.

#include "persistence/log_lint.hpp"
#include "tests/fuzz/target.hpp"
#include "tests/support/fault_disk.hpp"
#include "tests/support/journal_kit.hpp"

#include "persistence/leveldb_journal.hpp"

namespace fasti::fuzz {

const char* name() { return "fuzz_log"; }

std::vector<std::string> seeds() {
  test::fault_disk on;
  runtime_options options;
  options.path = "/journal";
  options.when_missing = when_missing::create;
  options.log = [](log_level, std::string_view) {};
  std::vector<std::string> all;
  auto opened = persistence::open_leveldb_journal(options, on);
  must(opened.has_value(), "a journal that does not open");
  for (const std::uint32_t words : {2U, 50U, 6000U, 3U}) {
    must(append_and_wait(**opened, test::commit_to("a-1", 1, expected_version::any(), words))
             .has_value(),
         "an append that fails");
  }
  for (const auto& [path, id] : on.tree().files()) {
    const bool is_manifest = path.find("MANIFEST") != std::string::npos;
    if (!is_manifest && !path.ends_with(".log")) continue;
    all.push_back((is_manifest ? "m" : "l") + *on.tree().at(id).now);
  }
  return all;
}

void run(std::string_view bytes) {
  if (bytes.empty()) return;
  const auto kind =
      bytes.front() == 'm' ? persistence::log_kind::manifest : persistence::log_kind::batches;
  bytes.remove_prefix(1);
  persistence::manifest_state state;
  std::uint64_t records = 0;
  const auto scan = persistence::scan_log(bytes, kind, [&](std::string_view record) {
    ++records;
    static_cast<void>(persistence::apply_edit(record, state));
  });
  must(records == scan.records, "records that are not counted");
  must(scan.bad_at <= bytes.size() && scan.later_at <= bytes.size(), "a place outside");
  if (scan.found != persistence::log_scan::state::torn) return;
  // What is left when the torn end is cut away is whole, and has as many records.
  const auto again = persistence::scan_log(bytes.substr(0, scan.bad_at), kind);
  must(again.found == persistence::log_scan::state::whole && again.records == scan.records,
       "a cut that does not help");
}

}  // namespace fasti::fuzz

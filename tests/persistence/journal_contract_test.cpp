#include "tests/contracts/journal_contract.hpp"

#include "persistence/leveldb_journal.hpp"
#include "persistence/memory_journal.hpp"
#include "tests/support/fault_disk.hpp"
#include "tests/support/temp_dir.hpp"

namespace fasti::test {
namespace {

class leveldb_home final : public journal_home {
 public:
  std::unique_ptr<journal> open(const runtime_options& given) override {
    auto options = given;
    options.path = directory_ / "journal";
    options.when_missing = when_missing::create;
    return *persistence::open_leveldb_journal(options);
  }

 private:
  temp_dir directory_;
};

/// On a disk in memory, with logs so small that every test sees them change.
class fault_disk_home final : public journal_home {
 public:
  std::unique_ptr<journal> open(const runtime_options& given) override {
    auto options = given;
    options.path = "/journal";
    options.when_missing = when_missing::create;
    return *persistence::open_leveldb_journal(
        options, on_, {.log_bytes = 64U << 10, .index_events_in_memory = 4});
  }

 private:
  fault_disk on_;
};

class memory_home final : public journal_home {
 public:
  std::unique_ptr<journal> open(const runtime_options& options) override {
    return persistence::make_memory_journal(options);
  }
};

const journal_kind leveldb{"leveldb", true, [] { return std::make_unique<leveldb_home>(); }};
const journal_kind small{"fault_disk", true, [] { return std::make_unique<fault_disk_home>(); }};
const journal_kind memory{"memory", false, [] { return std::make_unique<memory_home>(); }};

FASTI_JOURNAL_CONTRACT(leveldb, leveldb);
FASTI_JOURNAL_CONTRACT(fault_disk, small);
FASTI_JOURNAL_CONTRACT(memory, memory);

}  // namespace
}  // namespace fasti::test

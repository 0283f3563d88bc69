// Lets a table in SQLite follow a journal, and kills itself at a step that it is told: before a
// call of the sink's or behind one, in `apply`, or in the middle of a write of SQLite's.
//
//     sqlite_writer <journal> <file> <life> <steps>

#include <sqlite3.h>
#include <sys/types.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <cstdio>
#include <cstdlib>

#include "tests/sqlite/turnover.hpp"

namespace {

using namespace fasti;
using namespace fasti::test;

std::atomic<long> steps_left{0};
std::atomic<long> writes{0};

[[nodiscard]] bool is_last_step() { return steps_left.fetch_sub(1) == 1; }
void step() {
  if (is_last_step()) ::raise(SIGKILL);
}

// -- SQLite's writes, which may be torn -----------------------------------------------------------

using pwrite_call = ssize_t (*)(int, const void*, std::size_t, off_t);
using write_call = ssize_t (*)(int, const void*, std::size_t);
pwrite_call real_pwrite = nullptr;
write_call real_write = nullptr;

ssize_t deadly_pwrite(int file, const void* from, std::size_t bytes, off_t at) {
  ++writes;
  if (is_last_step()) {
    static_cast<void>(real_pwrite(file, from, bytes / 2, at));
    ::raise(SIGKILL);
  }
  return real_pwrite(file, from, bytes, at);
}
ssize_t deadly_write(int file, const void* from, std::size_t bytes) {
  ++writes;
  if (is_last_step()) {
    static_cast<void>(real_write(file, from, bytes / 2));
    ::raise(SIGKILL);
  }
  return real_write(file, from, bytes);
}

template <class Call>
void replace(const char* name, Call with, Call& real) {
  auto* files = ::sqlite3_vfs_find(nullptr);
  auto* found = files->xGetSystemCall(files, name);
  if (found == nullptr) return;
  real = reinterpret_cast<Call>(found);
  files->xSetSystemCall(files, name, reinterpret_cast<sqlite3_syscall_ptr>(with));
}

void make_writes_deadly() {
  ::sqlite3_initialize();
  replace("pwrite", deadly_pwrite, real_pwrite);
  replace("pwrite64", deadly_pwrite, real_pwrite);
  replace("write", deadly_write, real_write);
}

// -- the sink's steps -----------------------------------------------------------------------------

struct deadly_turnover : turnover {
  template <class Event>
  void apply(Event e, const recorded_event& at, sqlite::database& to) {
    step();
    turnover::apply(e, at, to);
    step();
  }
};

class deadly_sink final : public sink {
 public:
  explicit deadly_sink(std::unique_ptr<sink> under) : under_(std::move(under)) {}
  [[nodiscard]] std::string name() const override { return under_->name(); }
  [[nodiscard]] event_filter only() const override { return under_->only(); }
  [[nodiscard]] result<std::optional<checkpoint>> reached() override {
    step();
    return under_->reached();
  }
  [[nodiscard]] result<void> take(const event_batch& batch) override {
    step();
    auto taken = under_->take(batch);
    step();
    return taken;
  }

 private:
  const std::unique_ptr<sink> under_;
};

int complain(const error& why) {
  std::fprintf(stderr, "%s\n", why.to_string().c_str());
  return 1;
}

/// Some more events, which differ from life to life.
result<void> fill(runtime& rt, int life) {
  std::vector<std::future<result<receipt>>> sent;
  for (int i = 0; i < 9; ++i) {
    const auto stream = "ledger-" + std::to_string((life + i) % 11);
    sent.push_back(rt.send<Deposit>(stream, [i](auto c) { c.setCents(10 + i); }));
    if (i % 3 != 0) continue;
    sent.push_back(rt.send<Withdraw>(stream, [i](auto c) {
      c.setCents(1);
      c.setNote(i == 6 ? "close" : "");
    }));
  }
  for (auto& one : sent) {
    if (auto done = one.get(); !done) return std::move(done).error();
  }
  return {};
}

/// They, and what the lives before have left, into the table.
int live(const std::string& journal, const std::string& file, int life) {
  auto rt = runtime::open<ledger>({.path = journal,
                                   .when_missing = when_missing::create,
                                   .durability = durability::relaxed});  // outlives a kill
  if (!rt) return complain(rt.error());
  if (auto filled = fill(*rt, life); !filled) return complain(filled.error());
  const auto head = rt->journal().head();
  auto table = sqlite::sink_of<deadly_turnover>({.path = file});
  if (!table) return complain(table.error());
  auto added =
      rt->add_sink(std::make_unique<deadly_sink>(*std::move(table)), {.batch_events_max = 5});
  if (!added) return complain(added.error());
  auto taken = rt->wait_for_sink("turnover", head, std::chrono::minutes{1});
  if (!taken) return complain(taken.error());
  return writes > 0 ? 0 : 3;  // else nothing of SQLite's was seen
}

}  // namespace

int main(int count, char** words) {
  if (count != 5) return 2;
  steps_left = std::strtol(words[4], nullptr, 10);
  make_writes_deadly();
  return live(words[1], words[2], std::atoi(words[3]));
}

#include "engines.hpp"

#include <fcntl.h>
#include <leveldb/db.h>
#include <leveldb/write_batch.h>
#include <unistd.h>

#include <atomic>
#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <mutex>

#include "fasti/runtime.hpp"
#include "ledger.hpp"
#include "persistence/leveldb_journal.hpp"

namespace fasti::bench {
namespace {

using clock = std::chrono::steady_clock;

constexpr std::size_t streams = 10'000;
constexpr std::size_t header_bytes = 72;  // what a record needs beside its body
constexpr std::uint64_t latency_sample = 16;

const std::string& note() {
  static const std::string text(112, 'n');
  return text;
}

const std::vector<word>& body() {
  static const auto words = build<test::Withdrawn>([](auto e) {
    e.setCents(1);
    e.setNote(note());
  });
  return words;
}

const std::string& record() {
  static const std::string bytes(header_bytes + body().size() * word_bytes, 'r');
  return bytes;
}

[[noreturn]] void fail(const std::string& what) {
  std::fprintf(stderr, "bench: %s\n", what.c_str());
  std::exit(1);
}

std::string key_of(char space, std::uint64_t number) {
  std::string key(1, space);
  for (int shift = 56; shift >= 0; shift -= 8) key += static_cast<char>(number >> shift);
  return key;
}

/// A batch, a sync, the next batch: for engines that are called.
template <class WriteBatch>
outcome in_batches(std::size_t in_flight, std::chrono::nanoseconds duration, WriteBatch&& write) {
  outcome done;
  const auto begin = clock::now();
  for (auto now = begin; now - begin < duration;) {
    write(done.events, in_flight);
    done.events += in_flight;
    const auto after = clock::now();
    done.latencies.push_back(after - now);
    now = after;
  }
  done.took = clock::now() - begin;
  return done;
}

class plain_file final : public engine {
 public:
  std::string_view name() const override { return "plain file + fdatasync"; }
  outcome run(const std::string& directory, std::size_t in_flight,
              std::chrono::nanoseconds duration) override {
    const int fd = ::open((directory + "/log").c_str(), O_CREAT | O_WRONLY | O_APPEND, 0600);
    if (fd < 0) fail("cannot make " + directory + "/log");
    std::string batch;
    for (std::size_t i = 0; i < in_flight; ++i) batch += record();
    auto done = in_batches(in_flight, duration, [&](std::uint64_t, std::size_t) {
      const char* at = batch.data();
      for (std::size_t left = batch.size(); left > 0;) {
        const auto wrote = ::write(fd, at, left);
        if (wrote < 0) fail("write failed");
        at += wrote;
        left -= static_cast<std::size_t>(wrote);
      }
      if (::fdatasync(fd) != 0) fail("fdatasync failed");
    });
    ::close(fd);
    return done;
  }
};

/// The body under its position, and one key for its place in its stream: what a journal on LevelDB
/// needs at least, if it has two keys an event.
class raw_leveldb final : public engine {
 public:
  std::string_view name() const override { return "raw LevelDB, 2 keys an event"; }
  outcome run(const std::string& directory, std::size_t in_flight,
              std::chrono::nanoseconds duration) override {
    leveldb::Options options;
    options.create_if_missing = true;
    leveldb::DB* opened = nullptr;
    if (!leveldb::DB::Open(options, directory + "/db", &opened).ok()) fail("LevelDB does not open");
    const std::unique_ptr<leveldb::DB> db(opened);
    leveldb::WriteOptions synced;
    synced.sync = true;
    return in_batches(in_flight, duration, [&](std::uint64_t from, std::size_t n) {
      leveldb::WriteBatch batch;
      for (std::uint64_t i = from; i < from + n; ++i) {
        batch.Put(key_of('p', i), record());
        batch.Put("s" + std::to_string(i % streams) + key_of('-', i / streams), key_of('p', i));
      }
      if (!db->Write(synced, &batch).ok()) fail("LevelDB does not write");
    });
  }
};

/// Keeps `in_flight` things on their way: each that is done sends the next one.
class flow {
 public:
  flow(std::size_t in_flight, std::chrono::nanoseconds duration)
      : begin_(clock::now()), end_(begin_ + duration), left_(in_flight) {}

  /// True: one more may be sent.
  bool on_done(clock::time_point sent) {
    const auto now = clock::now();
    const auto n = events_.fetch_add(1) + 1;
    if (n % latency_sample == 0) {
      const std::lock_guard lock(mutex_);
      latencies_.push_back(now - sent);
    }
    if (now < end_) return true;
    on_refused();
    return false;
  }
  void on_refused() {
    const std::lock_guard lock(mutex_);
    if (--left_ == 0) ended_.notify_all();
  }
  outcome wait() {
    std::unique_lock lock(mutex_);
    ended_.wait(lock, [this] { return left_ == 0; });
    return {events_, clock::now() - begin_, std::move(latencies_)};
  }
  std::uint64_t next_number() { return number_.fetch_add(1); }

 private:
  const clock::time_point begin_;
  const clock::time_point end_;
  std::atomic<std::uint64_t> events_{0};
  std::atomic<std::uint64_t> number_{0};
  std::mutex mutex_;
  std::condition_variable ended_;
  std::size_t left_;
  std::vector<std::chrono::nanoseconds> latencies_;
};

runtime_options options_in(const std::string& directory) {
  runtime_options options;
  options.path = directory + "/journal";
  options.when_missing = when_missing::create;
  options.log = [](log_level level, std::string_view line) {
    if (level >= log_level::warning) fail(std::string(line));
  };
  return options;
}

class journal_alone final : public engine {
 public:
  std::string_view name() const override { return "fasti's journal"; }
  outcome run(const std::string& directory, std::size_t in_flight,
              std::chrono::nanoseconds duration) override {
    auto opened = persistence::open_leveldb_journal(options_in(directory));
    if (!opened) fail(opened.error().to_string());
    journal& j = **opened;
    flow events(in_flight, duration);
    for (std::size_t i = 0; i < in_flight; ++i) append(j, events);
    auto done = events.wait();
    if (auto closed = j.close(); !closed) fail(closed.error().to_string());
    return done;
  }

 private:
  struct observer final : commit_observer {
    observer(journal& j, flow& f) : events(f), to(j) {}
    void on_outcome(result<committed> r) noexcept override {
      if (!r) fail(r.error().to_string());
      if (events.on_done(sent)) append(to, events);
    }
    flow& events;
    journal& to;
    clock::time_point sent = clock::now();
  };

  static void append(journal& j, flow& events) {
    commit c;
    c.origin.id = command_id::generate();
    c.parts.push_back({stream_id::of("ledger", std::to_string(events.next_number() % streams)),
                       expected_version::any(), 1});
    c.events.push_back({type_id_of<test::Withdrawn>, static_cast<std::uint32_t>(body().size())});
    c.bodies = body();
    std::unique_ptr<commit_observer> o = std::make_unique<observer>(j, events);
    if (auto given = j.append(std::move(c), nullptr, std::move(o)); !given) {
      fail(given.error().to_string());
    }
  }
};

class end_to_end final : public engine {
 public:
  std::string_view name() const override { return "fasti end to end (commands)"; }
  outcome run(const std::string& directory, std::size_t in_flight,
              std::chrono::nanoseconds duration) override {
    auto rt = runtime::open<test::ledger>(options_in(directory));
    if (!rt) fail(rt.error().to_string());
    warm_up(*rt);
    flow commands(in_flight, duration);
    for (std::size_t i = 0; i < in_flight; ++i) send(*rt, commands);
    auto done = commands.wait();
    if (auto closed = rt->close(); !closed) fail(closed.error().to_string());
    return done;
  }

 private:
  /// Each aggregate comes to life and gets money: what is measured is the steady state.
  static void warm_up(runtime& rt) {
    std::vector<std::future<result<receipt>>> receipts;
    for (std::size_t i = 0; i < streams; ++i) {
      receipts.push_back(rt.send<test::Deposit>("ledger-" + std::to_string(i),
                                                [](auto c) { c.setCents(1'000'000'000); }));
    }
    for (auto& r : receipts) {
      if (auto got = r.get(); !got) fail(got.error().to_string());
    }
  }

  static void send(runtime& rt, flow& commands) {
    const auto stream = "ledger-" + std::to_string(commands.next_number() % streams);
    rt.send_then<test::Withdraw>(
        stream,
        [](auto c) {
          c.setCents(1);
          c.setNote(note());
        },
        [&rt, &commands, sent = clock::now()](const result<receipt>& r) {
          if (!r) fail(r.error().to_string());
          if (commands.on_done(sent)) send(rt, commands);
        });
  }
};

}  // namespace

std::size_t event_bytes() { return record().size(); }

std::vector<std::unique_ptr<engine>> all_engines() {
  std::vector<std::unique_ptr<engine>> engines;
  engines.push_back(std::make_unique<plain_file>());
  engines.push_back(std::make_unique<raw_leveldb>());
  engines.push_back(std::make_unique<journal_alone>());
  engines.push_back(std::make_unique<end_to_end>());
  return engines;
}

}  // namespace fasti::bench

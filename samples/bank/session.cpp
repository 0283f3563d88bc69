#include "session.hpp"

#include <algorithm>
#include <fstream>
#include <iostream>
#include <thread>
#include <utility>

#include "board.hpp"
#include "directory.hpp"
#include "figures.hpp"
#include "inspect.hpp"
#include "money.hpp"
#include "progress.hpp"
#include "replay.hpp"
#include "views.hpp"

namespace bank {
namespace {

constexpr std::size_t accounts_brought_back_max = 20'000;

class session {
 public:
  session(const bank_options& options, std::function<bool()> is_interrupted)
      : options_(options),
        is_interrupted_(std::move(is_interrupted)),
        directory_(options.directory) {}

  int run();

 private:
  int open_source();
  int open_bank();
  int open_board();
  int do_business();
  int stay();
  int inspect();
  int reopen();
  int report();

  bool take_bad_row(const bad_row& row);
  fasti::result<fasti::runtime> open_runtime();
  [[nodiscard]] int storage_error(const fasti::error& e);
  [[nodiscard]] std::string command_to_go_on() const;

  const bank_options& options_;
  std::function<bool()> is_interrupted_;
  bank_directory directory_;
  ack_writer acks_;
  std::unique_ptr<booking_source> source_;
  std::optional<fasti::runtime> rt_;
  std::optional<board> board_;  // of *rt_
  std::optional<progress_line> progress_;
  folded_bank folded_;
  figures figures_;
  bool has_ended_early_ = false;
};

int session::run() {
  using step = int (session::*)();
  for (const step next :
       {&session::open_source, &session::open_bank, &session::open_board, &session::do_business,
        &session::stay, &session::inspect, &session::reopen, &session::report}) {
    const int code = (this->*next)();
    if (code == all_well) continue;
    const bool is_worth_keeping =
        code == interrupted || code == check_failed || code == storage_failed;
    const bool was_opened = !figures_.directory.empty();
    if (is_worth_keeping && was_opened && directory_.is_temporary()) {
      directory_.keep();
      std::cerr << "bank: kept " << directory_.path() << '\n';
    }
    return code;
  }
  if (options_.keep) directory_.keep();
  return all_well;
}

/// Before anything is made on disk: a wrong file name leaves nothing behind.
int session::open_source() {
  if (!options_.acks.empty()) {
    auto acks = ack_writer::open(options_.acks);
    if (!acks) {
      std::cerr << "bank: --acks " << options_.acks << " cannot be written\n";
      return wrong_usage;
    }
    acks_ = *std::move(acks);
  }
  if (options_.input.empty()) {
    const auto& w = options_.workload;
    source_ = std::make_unique<workload_source>(w);
    figures_.source = "made up: seed " + std::to_string(w.seed) + ", " + count_text(w.accounts) +
                      " customers, " + count_text(w.commands) + " commands";
    return all_well;
  }
  auto replay = replay_source::open({options_.input, options_.overdraft_cents},
                                    [this](const bad_row& row) { return take_bad_row(row); });
  if (!replay) {
    std::cerr << "bank: " << replay.error().reason << ": " << replay.error().detail << '\n';
    return bad_input;
  }
  source_ = *std::move(replay);
  figures_.is_replay = true;
  figures_.source = "rows of " + std::filesystem::path(options_.input).filename().string();
  return all_well;
}

bool session::take_bad_row(const bad_row& row) {
  if (progress_) progress_->clear();
  std::cerr << options_.input << ':' << row.line << ": " << row.reason << ": " << row.detail
            << '\n';
  ++figures_.bad_rows[row.reason];
  has_ended_early_ = !options_.keep_going;
  return options_.keep_going;
}

fasti::result<fasti::runtime> session::open_runtime() {
  fasti::runtime_options o;
  o.path = directory_.path();
  o.when_missing = fasti::when_missing::create;
  o.snapshot_every_events = 50;  // accounts are many and short
  // Every command of the input may be sent again after a crash, the first one too.
  o.journal.command_ids_max =
      std::max<std::size_t>(o.journal.command_ids_max, 2 * source_->commands_total());
  return fasti::runtime::open<account, register_book, balances, turnover>(std::move(o));
}

int session::open_bank() {
  auto rt = open_runtime();
  if (!rt) return storage_error(rt.error());
  rt_.emplace(*std::move(rt));
  figures_.directory = directory_.path();
  const auto events = fasti::count_of(rt_->journal().head());
  std::cerr << "bank: " << directory_.path()
            << (events == 0 ? " is new\n" : " holds " + count_text(events) + " events; going on\n");

  const std::string source =
      figures_.is_replay ? "a bank's rows, overdraft " + money_text(options_.overdraft_cents)
                         : figures_.source;
  fasti::command_origin origin;
  origin.id = fasti::command_id::of("bank-begin-" + source);
  const auto begun = rt_->send<Begin>(
                            "register-bank", [&](auto c) { c.setSource(source); }, origin)
                         .get();
  if (begun) return all_well;
  if (begun.error().code != fasti::errc::rejected) return storage_error(begun.error());
  std::cerr << "bank: " << directory_.path() << " holds another bank (" << begun.error().detail
            << ");\n      name another --dir, or give the options it was made with\n";
  return wrong_usage;
}

int session::open_board() {
  if (!options_.board) return all_well;
  auto opened = board::open(*rt_, options_.board_port);
  if (!opened) {
    std::cerr << "bank: --board: " << opened.error().to_string() << '\n';
    return wrong_usage;
  }
  board_.emplace(*std::move(opened));
  std::cerr << "bank: the board is at " << board_->url() << std::endl;
  return all_well;
}

/// The day is over; who looks at the board may go on looking.
int session::stay() {
  if (!options_.stay) return all_well;
  std::cerr << "bank: the day is over; the board stays until Ctrl-C" << std::endl;
  while (!is_interrupted_()) std::this_thread::sleep_for(std::chrono::milliseconds{50});
  return all_well;
}

int session::do_business() {
  progress_.emplace(figures_.is_replay ? "booking" : "in business");
  driver d(*rt_, options_.drive, acks_,
           {.is_interrupted = is_interrupted_,
            .progress =
                [this](auto done, auto total) {
                  progress_->show(done, total);
                  if (board_) board_->set_progress(done, total);
                },
            .invalid =
                [this](const booking& b, const fasti::error& e) {
                  return take_bad_row({b.line, e.reason, e.detail});
                }});
  figures_.drive = d.run(*source_);
  progress_.reset();

  const auto& done = figures_.drive;
  if (has_ended_early_) {
    std::cerr << "bank: ended at a bad row; " << count_text(done.committed)
              << " commands are committed. Mend the row and run again, or give --keep-going\n";
    return bad_input;
  }
  if (done.failure) return storage_error(*done.failure);
  if (done.interrupted) {
    std::cerr << "bank: interrupted; " << count_text(done.committed)
              << " commands are committed, nothing is in flight. To go on:\n      "
              << command_to_go_on() << '\n';
    return interrupted;
  }
  return all_well;
}

int session::inspect() {
  auto folded = fold_journal(rt_->journal());
  if (!folded) return storage_error(folded.error());
  folded_ = *std::move(folded);
  auto views = ask_views(*rt_);
  if (!views) return storage_error(views.error());
  figures_.views = *std::move(views);
  auto compared = compare_view(*rt_, folded_);
  if (!compared) return storage_error(compared.error());
  figures_.checks.push_back(*std::move(compared));
  if (figures_.is_replay) {
    figures_.checks.push_back(ends_on_stated_balances(figures_.drive, folded_));
  } else {
    figures_.checks.push_back(money_is_conserved(figures_.drive, figures_.views));
  }
  const auto stats = rt_->stats().journal;
  figures_.journal = {fasti::count_of(stats.head), stats.bytes_on_disk, stats.commits, stats.syncs};
  return all_well;
}

/// What a next start takes, and whether it finds the same.
int session::reopen() {
  board_.reset();
  if (auto closed = rt_->close(); !closed) return storage_error(closed.error());
  rt_.reset();
  auto& r = figures_.recovery;
  const auto start = steady::now();
  const auto since_start = [start] {
    return std::chrono::duration<double>(steady::now() - start).count();
  };
  auto rt = open_runtime();
  if (!rt) return storage_error(rt.error());
  rt_.emplace(*std::move(rt));
  r.open_seconds = since_start();
  auto views = ask_views(*rt_);
  if (!views) return storage_error(views.error());
  r.views_seconds = since_start();

  auto in_view = compare_view(*rt_, folded_);
  if (!in_view) return storage_error(in_view.error());
  in_view->what = "… and after closing and opening again";
  figures_.checks.push_back(*std::move(in_view));
  auto in_accounts = compare_accounts(*rt_, folded_, accounts_brought_back_max, r);
  if (!in_accounts) return storage_error(in_accounts.error());
  figures_.checks.push_back(*std::move(in_accounts));
  const auto events = fasti::count_of(rt_->journal().head());
  figures_.checks.push_back(
      {"no event came or went", events == figures_.journal.events, count_text(events) + " events"});
  if (auto closed = rt_->close(); !closed) return storage_error(closed.error());
  return all_well;
}

int session::report() {
  if (options_.json != "-") std::cout << report_text(figures_, wants_colour(1));
  if (options_.json == "-") {
    std::cout << report_json(figures_) << '\n';
  } else if (!options_.json.empty()) {
    std::ofstream file(options_.json);
    file << report_json(figures_) << '\n';
    if (!file.flush()) {
      std::cerr << "bank: " << options_.json << " cannot be written\n";
      return wrong_usage;
    }
  }
  if (!options_.directory.empty() || options_.keep) {
    std::cerr << "bank: " << directory_.path() << " is kept; run again on it with --dir\n";
  }
  return figures_.all_checks_hold() ? all_well : check_failed;
}

int session::storage_error(const fasti::error& e) {
  if (progress_) progress_->clear();
  std::cerr << "bank: " << e.to_string() << '\n';
  return storage_failed;
}

std::string session::command_to_go_on() const {
  std::string text = "bank --dir " + directory_.path();
  if (figures_.is_replay) {
    return text + " --input " + options_.input + " --overdraft " + options_.overdraft;
  }
  const auto& w = options_.workload;
  return text + " --seed " + std::to_string(w.seed) + " --accounts " + std::to_string(w.accounts) +
         " --commands " + std::to_string(w.commands);
}

}  // namespace

int run_session(const bank_options& options, std::function<bool()> is_interrupted) {
  return session(options, std::move(is_interrupted)).run();
}

}  // namespace bank

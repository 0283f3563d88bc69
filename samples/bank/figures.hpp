#pragma once
/// Everything that a run has to say at its end, before it becomes text or JSON.

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "driver.hpp"

namespace bank {

struct check {
  std::string what;
  bool holds = false;
  std::string detail;
};

struct account_figure {
  std::string account;
  std::int64_t balance = 0;
  std::uint64_t movements = 0;
};

struct turnover_figure {
  std::string label;  ///< A month or a purpose.
  std::int64_t paid_in = 0;
  std::int64_t paid_out = 0;
  std::uint64_t movements = 0;
};

/// What the views say once they show everything.
struct view_figures {
  std::uint64_t accounts = 0;
  std::uint64_t bank_accounts = 0;
  std::int64_t money = 0;
  std::uint64_t exact = 0;
  std::uint64_t corrected = 0;
  std::uint64_t disputed = 0;
  double seconds_behind = 0;  ///< How long the views took to show the last event.
  std::vector<account_figure> largest;
  std::vector<turnover_figure> months;
  std::vector<turnover_figure> purposes;
};

struct journal_figures {
  std::uint64_t events = 0;
  std::uint64_t bytes = 0;
  std::uint64_t commits = 0;  ///< In this run.
  std::uint64_t syncs = 0;    ///< In this run.
};

struct recovery_figures {
  double open_seconds = 0;   ///< Until commands are taken again.
  double views_seconds = 0;  ///< … and the views answer for the last event.
  std::uint64_t accounts = 0;
  double accounts_seconds = 0;  ///< To bring these accounts back into memory.
  std::uint64_t snapshots_loaded = 0;
  std::uint64_t events_replayed = 0;
};

struct figures {
  std::string source;
  std::string directory;
  bool is_replay = false;
  drive_result drive;
  std::map<std::string, std::uint64_t> bad_rows;  ///< By reason.
  view_figures views;
  journal_figures journal;
  recovery_figures recovery;
  std::vector<check> checks;

  [[nodiscard]] bool all_checks_hold() const {
    for (const auto& c : checks) {
      if (!c.holds) return false;
    }
    return true;
  }
};

/// For people: some 90 columns wide.
[[nodiscard]] std::string report_text(const figures& f, bool colour);
/// The same for programs.
[[nodiscard]] std::string report_json(const figures& f);

}  // namespace bank

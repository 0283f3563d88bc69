#include "options.hpp"

#include <CLI/CLI.hpp>

#include <iostream>

#include "money.hpp"

namespace bank {
namespace {

constexpr auto about =
    "A bank on fasti: every account is an aggregate, every movement a durable event.\n\n"
    "With --input it books a real bank's rows and compares every balance with the bank's own;\n"
    "without, it makes up a seeded day of business. Either way it then checks itself, closes,\n"
    "opens again and checks itself again. Killed at any moment and started again on the same\n"
    "--dir, it ends exactly where it would have ended.";

constexpr auto footer =
    "Input: CSV or gzipped CSV with a header line that names the columns case_id, activity,\n"
    "timestamp, transaction_id, amount and balance_after; purpose, partner_bank and\n"
    "partner_account may be there. Rows must be in the order in which they were booked.\n\n"
    "Exit codes: 0 all is well · 1 a check failed · 2 wrong usage, or the directory holds another\n"
    "bank · 3 bad input · 4 the journal cannot be opened, or storage failed · 130 interrupted\n\n"
    "Examples:\n"
    "  bank                                      a made-up day in a temporary directory\n"
    "  bank --board --stay --rate 2000           … at a pace to watch, in a browser\n"
    "  bank --input transactions.csv.gz          a real bank's rows\n"
    "  bank --dir my.bank --crash-after 200000   dies by SIGKILL …\n"
    "  bank --dir my.bank                        … and goes on as if nothing had been";

/// CLI11 would write the bounds into the middle of the help.
template <class Number>
CLI::Validator between(Number least, Number most) {
  CLI::Validator bounds = CLI::Range(least, most);
  return bounds.description("");
}

void describe(CLI::App& app, bank_options& o) {
  app.add_option("--input", o.input, "Rows to book: FILE.csv or FILE.csv.gz")->type_name("FILE");
  app.add_option("--dir", o.directory,
                 "Where the bank lives; made if it is not there, continued if it is.\n"
                 "Left out: a new temporary directory, removed at the end")
      ->type_name("DIR");
  app.add_flag("--keep", o.keep, "Keep the temporary directory");
  app.add_flag("--keep-going", o.keep_going, "Report and skip bad rows instead of ending");
  app.add_option("--overdraft", o.overdraft, "How far below zero accounts of --input may go")
      ->type_name("AMOUNT")
      ->capture_default_str();

  const auto* made_up = "Made-up workload";
  app.add_option("--seed", o.workload.seed, "The same seed makes the same day")
      ->type_name("N")
      ->capture_default_str()
      ->group(made_up);
  app.add_option("--accounts", o.workload.accounts, "Customers")
      ->type_name("N")
      ->check(between(std::uint64_t{2}, std::uint64_t{10'000'000}))
      ->capture_default_str()
      ->group(made_up);
  app.add_option("--commands", o.workload.commands, "Commands to send, once accounts are open")
      ->type_name("N")
      ->capture_default_str()
      ->group(made_up);

  const auto* pace = "Pace";
  app.add_option("--rate", o.drive.rate_per_s, "Commands a second; 0: flat out")
      ->type_name("N")
      ->check(between(0.0, 1e9))
      ->capture_default_str()
      ->group(pace);
  app.add_option("--in-flight", o.drive.in_flight_max,
                 "Commands sent and not yet answered, at most")
      ->type_name("N")
      ->check(between(std::size_t{1}, std::size_t{60'000}))
      ->capture_default_str()
      ->group(pace);

  const auto* page = "Board";
  app.add_flag("--board", o.board, "Show the bank at work to a browser on this machine")
      ->group(page);
  app.add_option("--port", o.board_port, "Where the board is; 0: any port that is free")
      ->type_name("N")
      ->capture_default_str()
      ->group(page);
  app.add_flag("--stay", o.stay, "Keep the board, when the day is over, until Ctrl-C")->group(page);

  const auto* proof = "Output and proof";
  app.add_option("--json", o.json, "Write the report as JSON; - is stdout, without the text")
      ->type_name("FILE")
      ->group(proof);
  app.add_option("--acks", o.acks,
                 "Write the id of each acknowledged command at once, one a line,\n"
                 "to a file or an open file descriptor")
      ->type_name("FILE|FD")
      ->group(proof);
  app.add_option("--crash-after", o.drive.crash_after,
                 "Die by SIGKILL after N acknowledged commands; 0: do not")
      ->type_name("N")
      ->group(proof);
}

}  // namespace

std::variant<bank_options, int> parse_options(int argc, char** argv) {
  bank_options o;
  CLI::App app(about, "bank");
  app.footer(footer);
  describe(app, o);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& e) {
    return app.exit(e) == 0 ? all_well : wrong_usage;
  }
  const auto cents = parse_cents(o.overdraft);
  if (!cents || *cents < 0) {
    std::cerr << "--overdraft: \"" << o.overdraft << "\" is not an amount of money\n";
    return wrong_usage;
  }
  o.overdraft_cents = *cents;
  if (o.stay && !o.board) {
    std::cerr << "--stay: there is no board to keep; add --board\n";
    return wrong_usage;
  }
  return o;
}

}  // namespace bank

// The bank: see `bank --help`. Reading order: bank.capnp, account.hpp, views.hpp, session.cpp.
#include <csignal>

#include "options.hpp"
#include "session.hpp"

namespace {

volatile std::sig_atomic_t interrupt_seen = 0;

/// The first time ends in order, the second time at once.
extern "C" void on_interrupt(int signal) {
  interrupt_seen = 1;
  std::signal(signal, SIG_DFL);
}

}  // namespace

int main(int argc, char** argv) {
  const auto options = bank::parse_options(argc, argv);
  if (const int* code = std::get_if<int>(&options)) return *code;
  std::signal(SIGINT, on_interrupt);
  std::signal(SIGTERM, on_interrupt);
  std::signal(SIGPIPE, SIG_IGN);  // a reader that has gone is an error to be told, not a death
  return bank::run_session(std::get<bank::bank_options>(options),
                           [] { return interrupt_seen != 0; });
}

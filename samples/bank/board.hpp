#pragma once
/// A page that shows the bank at work: balances, turnover, commands a second, how far the views are
/// behind, and every event as it becomes durable. For a browser on this machine.

#include <fasti/http.hpp>

#include <cstdint>
#include <memory>
#include <string>

#include "board_figures.hpp"

namespace bank {

class board {
 public:
  /// `rt` must outlive it. Errors: those of `http_server::open`.
  [[nodiscard]] static fasti::result<board> open(fasti::runtime& rt, std::uint16_t port);

  [[nodiscard]] std::string url() const { return server_.url() + "/"; }
  void set_progress(std::uint64_t settled, std::uint64_t expected) noexcept {
    figures_->set_progress(settled, expected);
  }

 private:
  board(std::shared_ptr<board_figures> figures, fasti::http_server server)
      : figures_(std::move(figures)), server_(std::move(server)) {}

  std::shared_ptr<board_figures> figures_;
  fasti::http_server server_;
};

/// What the page is told of an event, as JSON.
[[nodiscard]] std::string event_json(const fasti::recorded_event& e);

}  // namespace bank

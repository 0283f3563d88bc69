#include "board.hpp"

#include <nlohmann/json.hpp>

#include "board_page.hpp"

namespace bank {
namespace {

struct told {
  const char* what = "";
  std::optional<std::int64_t> cents;
};

told told_of(Opened::Reader) { return {"opened", std::nullopt}; }
told told_of(Deposited::Reader e) { return {"paid in", e.getMovement().getAmount()}; }
told told_of(Withdrawn::Reader e) { return {"paid out", -e.getMovement().getAmount()}; }
told told_of(InterestCredited::Reader e) { return {"interest", e.getMovement().getAmount()}; }
told told_of(FeeCharged::Reader e) { return {"fee", -e.getMovement().getAmount()}; }
told told_of(Corrected::Reader e) { return {"corrected", e.getDifference()}; }
told told_of(Disputed::Reader e) { return {"disputed", e.getDifference()}; }

template <class... Events>
told told_of(const fasti::recorded_event& e, fasti::types<Events...>) {
  told t{"unknown", std::nullopt};
  fasti::body_reader body(e.body);
  ((e.type == fasti::type_id_of<Events> ? void(t = told_of(body.root<Events>())) : void()), ...);
  return t;
}

fasti::http_route file(const char* path, const char* content_type, std::string_view text) {
  return {path, [content_type, text](const fasti::http_request&) {
            return fasti::http_reply{.content_type = content_type, .body = std::string(text)};
          }};
}

}  // namespace

std::string event_json(const fasti::recorded_event& e) {
  const auto t = e.is_truncated() ? told{"truncated", std::nullopt} : told_of(e, account::events{});
  nlohmann::ordered_json all{{"what", t.what}, {"account", e.key()}, {"cents", nullptr}};
  if (t.cents) all["cents"] = *t.cents;
  return all.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
}

fasti::result<board> board::open(fasti::runtime& rt, std::uint16_t port) {
  auto figures = std::make_shared<board_figures>(rt);
  auto answer = [figures](const fasti::http_request&) {
    auto json = figures->json();
    if (!json) return fasti::http_reply{.status = 503, .body = json.error().to_string()};
    return fasti::http_reply{.content_type = "application/json", .body = *std::move(json)};
  };
  fasti::event_stream events{
      .of = &rt,
      .options = {.only = {.categories = {account::category}}, .name = "board"},
      .data = event_json};
  auto server =
      fasti::http_server::open({file("/", "text/html; charset=utf-8", page::html),
                                file("/board.css", "text/css; charset=utf-8", page::css),
                                file("/board.js", "text/javascript; charset=utf-8", page::js),
                                file("/board.svg", "image/svg+xml", page::svg),
                                {"/figures", std::move(answer)},
                                {"/events", std::move(events)},
                                fasti::metrics_route(rt),
                                fasti::health_route(rt)},
                               {.port = port});
  if (!server) return std::move(server).error();
  return board(std::move(figures), *std::move(server));
}

}  // namespace bank

#include "shop.hpp"

#include "payment.hpp"
#include "stock.hpp"
#include "streams.hpp"

namespace orders {
namespace {

std::string order_stream(std::uint64_t number) {
  return stream_of(order::category, std::to_string(number));
}

const auto nothing_to_fill = [](auto) {};

/// For the commands that name an order.
auto naming(std::uint64_t number) {
  return [number](auto c) { c.setOrder(std::to_string(number).c_str()); };
}

void write(const purchase& what, Place::Builder c) {
  c.setCustomer(what.customer.c_str());
  c.setTerms(what.terms);
  c.setPatienceMs(static_cast<std::uint32_t>(what.patience.count()));
  auto list = c.initLines(static_cast<unsigned>(what.lines.size()));
  for (unsigned i = 0; i < list.size(); ++i) {
    list[i].setArticle(what.lines[i].article.c_str());
    list[i].setCount(what.lines[i].count);
    list[i].setCents(what.lines[i].cents);
  }
}

}  // namespace

fasti::result<void> shop::together(const std::string& step,
                                   std::vector<fasti::addressed_command> commands) {
  auto done = rt_.send_together(std::move(commands), {.id = fasti::command_id::of(step)}).get();
  if (!done) return std::move(done).error();
  return {};
}

fasti::result<fasti::owned<Order>> shop::find(std::uint64_t number) {
  return rt_.query<order, AskOrder>(order_stream(number), nothing_to_fill).get();
}

fasti::result<std::uint64_t> shop::place(const std::string& request, const purchase& what) {
  auto taken = rt_.send<numbers, TakeNumber>("numbers-orders", nothing_to_fill,
                                             {.id = fasti::command_id::of("number " + request)})
                   .get();
  if (!taken) return std::move(taken).error();
  const auto number = taken->reply->getNumber();
  auto placed = rt_.send<Place>(order_stream(number), [&what](auto c) { write(what, c); },
                                {.id = fasti::command_id::of("place " + request)})
                    .get();
  if (!placed) return std::move(placed).error();
  return number;
}

fasti::result<void> shop::pay(std::uint64_t number) {
  const auto found = find(number);
  if (!found) return found.error();
  const auto customer = stream_of(payment::category, (*found)->getCustomer().cStr());
  return together("pay " + std::to_string(number),
                  {fasti::to<order, Pay>(order_stream(number), nothing_to_fill),
                   fasti::to<payment, Charge>(customer, [&](auto c) {
                     naming(number)(c);
                     c.setCents((*found)->getCents());
                   })});
}

fasti::result<void> shop::ship(std::uint64_t number) {
  const auto found = find(number);
  if (!found) return found.error();
  std::vector<fasti::addressed_command> all{
      fasti::to<order, Ship>(order_stream(number), nothing_to_fill)};
  for (const auto l : (*found)->getLines()) {
    all.push_back(fasti::to<stock, Dispatch>(stream_of(stock::category, l.getArticle().cStr()),
                                             naming(number)));
  }
  return together("ship " + std::to_string(number), std::move(all));
}

fasti::result<void> shop::cancel(std::uint64_t number, const std::string& reason) {
  auto done =
      rt_.send<Cancel>(order_stream(number), [&reason](auto c) { c.setReason(reason.c_str()); },
                       {.id = fasti::command_id::of("cancel " + std::to_string(number))})
          .get();
  if (!done) return std::move(done).error();
  return {};
}

fasti::result<void> shop::take_back(std::uint64_t number, const std::string& reason) {
  auto done =
      rt_.send<TakeBack>(order_stream(number), [&reason](auto c) { c.setReason(reason.c_str()); },
                         {.id = fasti::command_id::of("take back " + std::to_string(number))})
          .get();
  if (!done) return std::move(done).error();
  return {};
}

}  // namespace orders

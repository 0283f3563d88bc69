#include "booking.hpp"

#include <utility>

namespace bank {
namespace {

template <class Command>
void send_movement(fasti::runtime& rt, const booking& b, const std::string& stream,
                   fasti::command_origin origin, fasti::receipt_callback callback) {
  auto fill = [&b](auto command) {
    auto movement = command.initMovement();
    movement.setAmount(b.amount);
    movement.setBookedAt(b.booked_at_ms);
    if (!b.purpose.empty()) movement.setPurpose(b.purpose);
    if (!b.partner.empty()) movement.setPartner(b.partner);
    if (b.stated_balance) movement.setStatedBalance(*b.stated_balance);
  };
  rt.send_then<Command>(stream, fill, std::move(callback), std::move(origin));
}

}  // namespace

std::int64_t booking::change() const noexcept {
  switch (kind) {
    case booking_kind::open:
      return 0;
    case booking_kind::deposit:
    case booking_kind::credit_interest:
      return amount;
    case booking_kind::withdraw:
    case booking_kind::charge_fee:
      return -amount;
  }
  return 0;
}

void send(fasti::runtime& rt, const booking& b, fasti::receipt_callback callback) {
  const std::string stream = "account-" + b.account;
  fasti::command_origin origin;
  origin.id = b.id;
  switch (b.kind) {
    case booking_kind::open: {
      auto fill = [&b](auto command) {
        command.setOwner(b.owner);
        command.setOverdraft(b.amount);
        command.setBookedAt(b.booked_at_ms);
      };
      return rt.send_then<Open>(stream, fill, std::move(callback), std::move(origin));
    }
    case booking_kind::deposit:
      return send_movement<Deposit>(rt, b, stream, std::move(origin), std::move(callback));
    case booking_kind::withdraw:
      return send_movement<Withdraw>(rt, b, stream, std::move(origin), std::move(callback));
    case booking_kind::credit_interest:
      return send_movement<CreditInterest>(rt, b, stream, std::move(origin), std::move(callback));
    case booking_kind::charge_fee:
      return send_movement<ChargeFee>(rt, b, stream, std::move(origin), std::move(callback));
  }
}

}  // namespace bank

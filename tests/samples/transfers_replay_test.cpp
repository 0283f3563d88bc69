// P13 for the deciders and the process managers of the two banks: snapshot and tail equal a full
// replay.
#include <gtest/gtest.h>

#include "replay_kit.hpp"
#include "samples/transfers/other_bank.hpp"
#include "samples/transfers/our_bank.hpp"
#include "samples/transfers/transfer.hpp"

namespace transfers {

using image = std::vector<fasti::word>;

inline void add(image& to, const std::string& text) {
  to.push_back(text.size());
  to.insert(to.end(), text.begin(), text.end());
}
inline image image_of(const order& o) { return {o.is_ordered ? 1U : 0U}; }
inline image image_of(const payee& p) { return {static_cast<fasti::word>(p.cents)}; }
inline image image_of(const gateway& g) {
  image words{static_cast<fasti::word>(g.door), static_cast<fasti::word>(g.limit_cents),
              g.review_ms};
  for (const auto& [transfer, instruction] : g.words) {
    add(words, transfer);
    words.push_back(static_cast<fasti::word>(instruction.said));
    words.push_back(static_cast<fasti::word>(instruction.cents));
  }
  return words;
}
inline image image_of(const transfer& t) {
  image words{static_cast<fasti::word>(t.cents), static_cast<fasti::word>(t.patience.count()),
              t.is_overdue ? 1U : 0U, static_cast<fasti::word>(t.outcome), t.has_ended ? 1U : 0U};
  for (const auto& text : {t.from, t.to, t.reason}) add(words, text);
  return words;
}
inline image image_of(const payout& p) {
  image words;
  add(words, p.gateway);
  return words;
}

}  // namespace transfers

namespace fasti::test {
namespace {

using sent = std::future<result<receipt>>;

/// One of a few transfers, so that they meet again.
auto some_transfer(std::mt19937_64& random) {
  return [name = std::to_string(random() % 5)](auto c) { c.setTransfer(name); };
}
auto some_part(std::mt19937_64& random) {
  return [&random](auto c) {
    some_transfer(random)(c);
    c.setCents(static_cast<std::int64_t>(random() % 300));
  };
}

constexpr unsigned many = 120;  // each transfer is ordered once

sent order_transfer(runtime& rt, const std::string& stream, std::mt19937_64& random) {
  return rt.send<transfers::Order>("order" + stream.substr(stream.find('-')), [&random](auto c) {
    c.setFrom("ann");
    c.setTo(std::to_string(random() % 4));
    c.setCents(static_cast<std::int64_t>(1 + random() % 100));
    c.setPatienceMs(static_cast<std::uint32_t>(random() % 5));
  });
}

/// Of the accounts that it may go to the last does not exist; what comes for the others is looked
/// at for 0 to 2 ms, about as long as the customer is patient.
sent order_one_of_many_ends(runtime& rt, const std::string& stream, std::mt19937_64& random) {
  EXPECT_TRUE(rt.send<transfers::Deposit>("account-ann", [](auto c) { c.setCents(50); }).get());
  const auto review = static_cast<std::uint32_t>(random() % 3);
  rt.send<transfers::Admit>("gateway-" + std::to_string(review), [review](auto c) {
      c.setLimitCents(90);
      c.setReviewMs(review);
    }).wait();
  return order_transfer(rt, stream, random);
}

TEST(TransfersReplay, P13_AnOrder) {
  EXPECT_EQ(replay_differences<transfers::order>(order_transfer, many), "");
}

TEST(TransfersReplay, P13_AnAccount) {
  const auto send = [](runtime& rt, const std::string& stream, std::mt19937_64& random) -> sent {
    switch (random() % 5) {
      case 0:
        return rt.send<transfers::Settle>(stream, some_transfer(random));
      case 1:
        return rt.send<transfers::Release>(stream, some_transfer(random));
      case 2:
        return rt.send<transfers::Hold>(stream, some_part(random));
      default:
        return rt.send<transfers::Deposit>(stream, [&random](auto c) {
          c.setCents(static_cast<std::int64_t>(1 + random() % 200));
        });
    }
  };
  EXPECT_EQ(replay_differences<transfers::account>(send), "");
}

TEST(TransfersReplay, P13_AGateway) {
  const auto send = [](runtime& rt, const std::string& stream, std::mt19937_64& random) -> sent {
    switch (random() % 8) {
      case 0:
        return rt.send<transfers::Close>(stream, [](auto) {});
      case 1:
        return rt.send<transfers::Confirm>(stream, some_transfer(random));
      case 2:
        return rt.send<transfers::Recall>(stream, some_transfer(random));
      case 3:
      case 4:
        return rt.send<transfers::Instruct>(stream, some_part(random));
      default:
        return rt.send<transfers::Admit>(stream, [&random](auto c) {
          c.setLimitCents(static_cast<std::int64_t>(100 + random() % 200));
          c.setReviewMs(static_cast<std::uint32_t>(random() % 100));
        });
    }
  };
  EXPECT_EQ(replay_differences<transfers::gateway>(send, many), "");
}

TEST(TransfersReplay, P13_APayee) {
  const auto send = [](runtime& rt, const std::string& stream, std::mt19937_64& random) -> sent {
    return rt.send<transfers::Credit>(stream, some_part(random));
  };
  EXPECT_EQ(replay_differences<transfers::payee>(send), "");
}

TEST(TransfersReplay, P13_ATransfer) {
  const auto differs = replay_differences<transfers::transfer, transfers::order, transfers::account,
                                          transfers::gateway, transfers::payout, transfers::payee>(
      order_one_of_many_ends, many);
  EXPECT_EQ(differs, "");
}

TEST(TransfersReplay, P13_APayout) {
  const auto differs =
      replay_differences<transfers::payout, transfers::order, transfers::account,
                         transfers::gateway, transfers::transfer, transfers::payee>(
          order_one_of_many_ends, many);
  EXPECT_EQ(differs, "");
}

}  // namespace
}  // namespace fasti::test

#include "fasti/schema.hpp"

#include <gtest/gtest.h>
#include <kj/exception.h>

#include <stdexcept>
#include <string>

#include "ledger.capnp.h"

namespace fasti::test {
namespace {

std::vector<word> withdraw(std::int64_t cents, const std::string& note) {
  return build<Withdraw>([&](auto c) {
    c.setCents(cents);
    c.setNote(note.c_str());
  });
}

TEST(Schema, ATypeIsKnownByItsIdAndItsOwnName) {
  EXPECT_EQ(type_id_of<Deposited>, type_id{0x8f25d0b7e6c3194aULL});
  EXPECT_EQ(type_name_of<Deposited>(), "Deposited");
}

TEST(MessageScratch, WhatIsBuiltIsReadBack) {
  const auto words = withdraw(500, "rent");
  body_reader body(words);
  const auto read = body.root<Withdraw>();
  EXPECT_EQ(read.getCents(), 500);
  EXPECT_EQ(std::string_view(read.getNote().cStr()), "rent");
}

TEST(MessageScratch, AMessageOfManySegmentsBecomesOne) {
  const std::string note(100'000, 'n');
  const auto words = build<Withdraw>([&](auto c) {
    c.setNote("an earlier note, which stays in its segment as a hole");
    c.setNote(note.c_str());
    c.setCents(1);
  });
  body_reader body(words);
  EXPECT_EQ(body.root<Withdraw>().getCents(), 1);
  EXPECT_EQ(std::string_view(body.root<Withdraw>().getNote().cStr()), note);
}

TEST(MessageScratch, AMessageIsJoinedAtEverySizeAroundASegment) {
  for (unsigned parts = 100; parts < 600; parts += 7) {
    const auto words = build<Split>([&](auto c) {
      auto list = c.initParts(parts);
      for (unsigned i = 0; i < parts; ++i) list.set(i, i);
    });
    body_reader body(words);
    const auto read = body.root<Split>().getParts();
    ASSERT_EQ(read.size(), parts);
    ASSERT_EQ(read[parts - 1], parts - 1);
  }
}

TEST(MessageScratch, ReuseLeavesNoResidue) {
  const auto first = withdraw(1, "x");
  static_cast<void>(withdraw(-1, std::string(500, '\xff')));
  static_cast<void>(withdraw(-1, std::string(50'000, '\xff')));
  EXPECT_EQ(withdraw(1, "x"), first) << "the same content is the same bytes, whatever came before";
}

TEST(MessageScratch, AMessageThatIsNotFinishedLeavesNoResidueEither) {
  message_scratch scratch;
  const auto deposit = [&] {
    std::vector<word> words;
    scratch.begin().initRoot<Deposit>().setCents(7);
    scratch.finish(words);
    return words;
  };
  const auto first = deposit();
  scratch.begin().initRoot<Withdraw>().setNote("abandoned");
  EXPECT_EQ(deposit(), first);
}

TEST(MessageScratch, FinishAppendsAndSaysHowMuch) {
  message_scratch scratch;
  std::vector<word> words{42};
  scratch.begin().initRoot<Deposit>().setCents(7);
  const auto count = scratch.finish(words);
  EXPECT_EQ(words.size(), 1 + count);
  EXPECT_EQ(words[0], 42U);
  body_reader body(body_view(words).subspan(1));
  EXPECT_EQ(body.root<Deposit>().getCents(), 7);
}

TEST(MessageScratch, NothingBuiltIsTheNullMessage) {
  message_scratch scratch;
  std::vector<word> words;
  static_cast<void>(scratch.begin());
  EXPECT_EQ(scratch.finish(words), 1U);
  body_reader body(words);
  EXPECT_EQ(body.root<Deposit>().getCents(), 0);
}

TEST(Owned, KeepsItsWordsAlive) {
  auto kept = std::make_unique<owned<Withdraw>>(withdraw(5, "kept"));
  const owned<Withdraw> copy = *kept;
  kept.reset();
  EXPECT_EQ(copy->getCents(), 5);
  EXPECT_EQ(std::string_view((*copy).getNote().cStr()), "kept");
  EXPECT_FALSE(copy.words().empty());
}

TEST(Build, AMessageMayBeBuiltWhileAnotherIs) {
  std::vector<word> inner;
  const auto outer = build<Withdraw>([&inner](auto c) {
    c.setCents(1);
    inner = build<Deposit>([](auto d) { d.setCents(2); });
    c.setNote("still the outer one");
  });
  body_reader read_outer(outer);
  EXPECT_EQ(read_outer.root<Withdraw>().getCents(), 1);
  EXPECT_STREQ(read_outer.root<Withdraw>().getNote().cStr(), "still the outer one");
  body_reader read_inner(inner);
  EXPECT_EQ(read_inner.root<Deposit>().getCents(), 2);
}

TEST(Build, AThrowInTheMiddleLeavesTheNextOneClean) {
  EXPECT_THROW(static_cast<void>(build<Deposit>([](auto c) {
                 c.setCents(7);
                 throw std::runtime_error("no");
               })),
               std::runtime_error);
  const auto next = build<Deposit>([](auto) {});
  body_reader reader(next);
  EXPECT_EQ(reader.root<Deposit>().getCents(), 0);
}

TEST(BodyReader, APointerOutOfTheBodyIsRefused) {
  auto words = withdraw(5, "a note of several words");
  words.resize(words.size() - 1);
  body_reader body(words);
  EXPECT_THROW(static_cast<void>(body.root<Withdraw>().getNote().size()), kj::Exception);
}

TEST(BodyReader, ReadingTheSameBytesOverAndOverEnds) {
  const auto words = withdraw(5, std::string(10'000, 'n'));
  body_reader body(words);
  const auto root = body.root<Withdraw>();
  EXPECT_THROW(for (int i = 0; i < 10; ++i) static_cast<void>(root.getNote().size()),
               kj::Exception);
}

TEST(BodyReader, AnEmptyBodyHasNoRoot) {
  body_reader body(body_view{});
  EXPECT_THROW(static_cast<void>(body.root<Deposit>().getCents()), kj::Exception);
}

}  // namespace
}  // namespace fasti::test

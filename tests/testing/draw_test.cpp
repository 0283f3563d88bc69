// Drawing a message from its schema: every kind of field, nothing that is not valid.

#include "runtime/testing/draw.hpp"

#include <capnp/pretty-print.h>
#include <gtest/gtest.h>

#include <cmath>
#include <random>
#include <set>

#include "kinds.capnp.h"

namespace fasti::test {
namespace {

using testing::detail::draw;
using testing::detail::source;

class Draw : public ::testing::Test {
 protected:
  source fresh(int size = 100) {
    return {[this] { return random_(); }, size, limits};
  }
  /// The words of what was drawn.
  static std::vector<word> written(const draw& d) {
    return build<Kinds>([&](Kinds::Builder into) { testing::detail::write(d, into); });
  }
  /// As the runtime reads it; throws when it is damaged.
  static std::string shown(const std::vector<word>& words) {
    body_reader reader(words);
    return ::capnp::prettyPrint(reader.root<Kinds>()).flatten().cStr();
  }
  template <class Visit>
  void each(int times, Visit&& visit) {
    while (times-- > 0) {
      auto from = fresh();
      const auto words = written(from.fields(::capnp::Schema::from<Kinds>()));
      body_reader reader(words);
      visit(reader.root<Kinds>());
    }
  }

  testing::histories_options limits;

 private:
  std::mt19937_64 random_{4711};
};

/// What was seen of one field.
class seen_values {
 public:
  template <class T>
  void operator()(const char* field, T value) {
    seen_[field].insert(static_cast<double>(value));
  }
  [[nodiscard]] bool has(const char* field, double value) const {
    return seen_.at(field).contains(value);
  }
  [[nodiscard]] std::size_t how_many(const char* field) const { return seen_.at(field).size(); }

 private:
  std::map<std::string, std::set<double>> seen_;
};

TEST_F(Draw, NumbersAreSmallAndLargeAndAtTheEnds) {
  seen_values seen;
  each(5000, [&](Kinds::Reader k) {
    seen("yes", k.getYes());
    seen("i8", k.getI8());
    seen("i16", k.getI16());
    seen("i32", k.getI32());
    seen("i64", k.getI64());
    seen("u8", k.getU8());
    seen("u16", k.getU16());
    seen("u32", k.getU32());
    seen("u64", k.getU64());
    seen("colour", static_cast<int>(k.getColour()));
    seen("seven", k.getSeven());
  });
  for (const auto* field : {"i8", "i16", "i32", "i64", "u8", "u16", "u32", "u64", "seven"}) {
    for (const double n : {0, 1, 2, 3, 10}) EXPECT_TRUE(seen.has(field, n)) << field << " " << n;
    EXPECT_GT(seen.how_many(field), 50U) << field;
  }
  const auto has_ends = [&]<class T>(const char* field, T) {
    EXPECT_TRUE(seen.has(field, static_cast<double>(std::numeric_limits<T>::min()))) << field;
    EXPECT_TRUE(seen.has(field, static_cast<double>(std::numeric_limits<T>::max()))) << field;
  };
  has_ends("i8", std::int8_t{});
  has_ends("i16", std::int16_t{});
  has_ends("i32", std::int32_t{});
  has_ends("i64", std::int64_t{});
  has_ends("u8", std::uint8_t{});
  has_ends("u16", std::uint16_t{});
  has_ends("u32", std::uint32_t{});
  has_ends("u64", std::uint64_t{});
  EXPECT_EQ(seen.how_many("yes"), 2U);
  EXPECT_EQ(seen.how_many("colour"), 3U) << "no enumerant that the schema does not know";
}

TEST_F(Draw, FloatsAreRoundAndOddAndNotEvenNumbers) {
  bool infinite = false;
  bool not_a_number = false;
  seen_values seen;
  each(3000, [&](Kinds::Reader k) {
    infinite = infinite || std::isinf(k.getF32()) || std::isinf(k.getF64());
    not_a_number = not_a_number || std::isnan(k.getF64());
    if (std::isnan(k.getF32()) || std::isnan(k.getF64())) return;
    seen("f32", k.getF32());
    seen("f64", k.getF64());
  });
  EXPECT_TRUE(infinite);
  EXPECT_TRUE(not_a_number);
  for (const auto* field : {"f32", "f64"}) {
    for (const double n : {0.0, 1.0, -1.0, 0.25}) EXPECT_TRUE(seen.has(field, n)) << field;
  }
  EXPECT_TRUE(seen.has("f32", std::numeric_limits<float>::max()));
  EXPECT_TRUE(seen.has("f64", std::numeric_limits<double>::denorm_min()));
}

TEST_F(Draw, EveryKindOfPointerIsThereNowAndThen) {
  std::map<std::string, int> there;
  each(3000, [&](Kinds::Reader k) {
    there["text"] += k.getText().size() > 0;
    there["data"] += k.getData().size() > 0;
    there["leaf"] += k.hasLeaf();
    there["no leaf"] += !k.hasLeaf();
    there["self in self"] += k.hasSelf() && k.getSelf().hasSelf();
    there["group's text"] += k.getGroup().hasRight();
    there["bools"] += k.getBools().size() > 1;
    there["numbers"] += k.getNumbers().size() > 1;
    there["floats"] += k.getFloats().size() > 1;
    there["texts"] += k.getTexts().size() > 1 && k.getTexts()[1].size() > 0;
    there["blobs"] += k.getBlobs().size() > 1 && k.getBlobs()[1].size() > 0;
    there["colours"] += k.getColours().size() > 1;
    there["voids"] += k.getVoids().size() > 1;
    there["leaves"] += k.getLeaves().size() > 1 && k.getLeaves()[1].hasLabel();
    there["lists"] += k.getLists().size() > 1 && k.getLists()[1].size() > 1;
    there["boxed"] += k.getBoxed().hasContent();
    EXPECT_FALSE(k.getUnbound().hasContent());
    EXPECT_FALSE(k.hasAny());
    EXPECT_FALSE(k.hasCallers());
  });
  EXPECT_EQ(there.size(), 16U);
  for (const auto& [what, times] : there) EXPECT_GT(times, 20) << what;
}

TEST_F(Draw, EveryChoiceOfAUnionIsMadeAndFilled) {
  std::map<Kinds::Which, int> made;
  int filled = 0;
  each(3000, [&](Kinds::Reader k) {
    ++made[k.which()];
    filled += k.isName() && k.getName().size() > 0;
    filled += k.isChosen() && k.getChosen().hasLabel();
    filled += k.isMany() && k.getMany().size() > 0;
    filled += k.isPair() && k.getPair().getA() && k.getPair().getB() != 0;
  });
  EXPECT_EQ(made.size(), 7U);
  for (const auto& [which, times] : made) EXPECT_GT(times, 100) << static_cast<int>(which);
  EXPECT_GT(filled, 1000);
}

TEST_F(Draw, TextsAreUtf8WithoutAZeroAndMeetAgain) {
  std::set<std::string> texts;
  int again = 0;
  each(2000, [&](Kinds::Reader k) {
    const std::string text = k.getText().cStr();
    EXPECT_EQ(text.size(), k.getText().size());
    again += !text.empty() && text == k.getGroup().getRight().cStr();
    texts.insert(text);
  });
  EXPECT_GT(texts.size(), 100U);
  EXPECT_GT(again, 100);
  bool beyond_ascii = false;
  for (const auto& text : texts) {
    beyond_ascii = beyond_ascii || std::any_of(text.begin(), text.end(), [](char c) {
                     return static_cast<unsigned char>(c) > 127;
                   });
  }
  EXPECT_TRUE(beyond_ascii);
}

TEST_F(Draw, LimitsHold) {
  limits.list_max = 2;
  limits.text_max = 3;
  limits.structs_deep_max = 1;
  each(2000, [](Kinds::Reader k) {
    EXPECT_LE(k.getNumbers().size(), 2U);
    EXPECT_LE(k.getData().size(), 3U);
    EXPECT_FALSE(k.getSelf().hasSelf());
  });
}

TEST_F(Draw, ANewerSendersEnumerantIsDrawnOnRequest) {
  limits.enumerants = testing::enumerants::unknown_too;
  std::set<int> colours;
  each(500, [&](Kinds::Reader k) { colours.insert(static_cast<int>(k.getColour())); });
  EXPECT_EQ(colours, (std::set<int>{0, 1, 2, 3}));
}

TEST_F(Draw, AfterAZeroThereIsStillACharacter) {
  const draw text{.what = draw::kind::text, .symbols = {0, 0xD800, 0x7F, 0xE9, 0x6F22, 0x1F600}};
  EXPECT_EQ(testing::detail::text_of(text), "aa\x7F\u00E9\u6F22\U0001F600");
}

TEST_F(Draw, ANumberIsTheNearestOneInItsRange) {
  const auto of = [](std::int64_t n) {
    return n < 0 ? draw{.is_negative = true, .magnitude = 0 - static_cast<std::uint64_t>(n)}
                 : draw{.magnitude = static_cast<std::uint64_t>(n)};
  };
  const auto in = [&](std::int64_t n, std::int64_t from, std::int64_t to) {
    return static_cast<std::int64_t>(testing::detail::bits_of(
        of(n), {static_cast<std::uint64_t>(from), static_cast<std::uint64_t>(to), true}));
  };
  EXPECT_EQ(in(5, 1, 9), 5);
  EXPECT_EQ(in(0, 1, 9), 1);
  EXPECT_EQ(in(10, 1, 9), 9);
  EXPECT_EQ(in(-7, -9, -2), -7);
  EXPECT_EQ(in(0, -9, -2), -2);
  EXPECT_EQ(in(std::numeric_limits<std::int64_t>::min(), -9, 9), -9);
  EXPECT_EQ(
      in(std::numeric_limits<std::int64_t>::min(), std::numeric_limits<std::int64_t>::min(), 9),
      std::numeric_limits<std::int64_t>::min());
  const auto most = std::numeric_limits<std::uint64_t>::max();
  EXPECT_EQ(testing::detail::bits_of({.magnitude = most}, {0, most, false}), most);
  EXPECT_EQ(testing::detail::bits_of({.magnitude = most}, {0, 9, true}), 9U);
  EXPECT_EQ(testing::detail::bits_of(of(-1), {3, most, false}), 3U);
}

/// Bends a tree as shrinking could, and worse.
void bend(draw& d, std::mt19937_64& random) {
  switch (random() % 12) {
    case 0:
      d.what = static_cast<draw::kind>(random() % 5);
      break;
    case 1:
      d.magnitude = random() >> (random() % 64);
      break;
    case 2:
      d.symbols.push_back(static_cast<char32_t>(random()));
      break;
    case 3:
      d.parts.resize(random() % (d.parts.size() + 2));
      break;
    default:
      break;
  }
  for (auto& part : d.parts) bend(part, random);
}

TEST_F(Draw, EveryTreeCanBeWrittenAndReadAgain) {
  std::mt19937_64 random{7};
  for (int i = 0; i < 3000; ++i) {
    auto from = fresh(i % 100);
    auto d = from.fields(::capnp::Schema::from<Kinds>());
    EXPECT_FALSE(shown(written(d)).empty());
    bend(d, random);
    EXPECT_FALSE(shown(written(d)).empty());
  }
}

}  // namespace
}  // namespace fasti::test

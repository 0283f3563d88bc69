#include "runtime/testing/draw.hpp"

#include <algorithm>
#include <array>
#include <limits>
#include <stdexcept>

namespace fasti::testing::detail {
namespace {

using ::capnp::DynamicEnum;
using ::capnp::DynamicList;
using ::capnp::DynamicStruct;
using ::capnp::DynamicValue;
using ::capnp::StructSchema;
using tag = ::capnp::schema::Type::Which;

template <class T>
constexpr number_range all_of() {
  return {static_cast<std::uint64_t>(std::int64_t{std::numeric_limits<T>::min()}),
          static_cast<std::uint64_t>(std::int64_t{std::numeric_limits<T>::max()}), true};
}
template <std::unsigned_integral T>
constexpr number_range all_of() {
  return {0, std::numeric_limits<T>::max(), false};
}

/// Precondition: it is one of the integers.
number_range range_of(tag type) {
  switch (type) {
    case tag::INT8:
      return all_of<std::int8_t>();
    case tag::INT16:
      return all_of<std::int16_t>();
    case tag::INT32:
      return all_of<std::int32_t>();
    case tag::INT64:
      return all_of<std::int64_t>();
    case tag::UINT8:
      return all_of<std::uint8_t>();
    case tag::UINT16:
      return all_of<std::uint16_t>();
    case tag::UINT32:
      return all_of<std::uint32_t>();
    default:
      return all_of<std::uint64_t>();
  }
}

draw::kind kind_of(tag type) {
  switch (type) {
    case tag::TEXT:
      return draw::kind::text;
    case tag::DATA:
      return draw::kind::data;
    case tag::LIST:
      return draw::kind::list;
    case tag::STRUCT:
      return draw::kind::fields;
    default:
      return draw::kind::number;
  }
}

bool is_left_null(tag type) { return type == tag::ANY_POINTER || type == tag::INTERFACE; }

draw number_of(std::uint64_t bits, bool is_signed) {
  const bool is_negative = is_signed && static_cast<std::int64_t>(bits) < 0;
  return {.what = draw::kind::number,
          .is_negative = is_negative,
          .magnitude = is_negative ? 0 - bits : bits};
}

bool is_below(std::uint64_t a, std::uint64_t b, bool is_signed) {
  return is_signed ? static_cast<std::int64_t>(a) < static_cast<std::int64_t>(b) : a < b;
}

bool is_in(const draw& number, const number_range& range) {
  const auto bits = bits_of(number, range);
  const auto same = number_of(bits, range.is_signed);
  return same.magnitude == number.magnitude &&
         (same.is_negative == number.is_negative || number.magnitude == 0);
}

/// A float's magnitude counts quarters up to here; behind it come the ones that are special.
constexpr std::uint64_t quarters_max = std::uint64_t{1} << 40U;
constexpr std::uint64_t specials = 4;

template <class Float>
double float_of(const draw& d) {
  using limits = std::numeric_limits<Float>;
  double value = static_cast<double>(d.magnitude) / 4;
  if (d.magnitude > quarters_max) {
    static constexpr std::array<Float, specials> special{limits::infinity(), limits::quiet_NaN(),
                                                         limits::max(), limits::denorm_min()};
    value = special[std::min(d.magnitude - quarters_max, specials) - 1];
  }
  return d.is_negative ? -value : value;
}

void append_utf8(std::string& out, char32_t c) {
  const bool is_character = c != 0 && c <= 0x10FFFF && (c < 0xD800 || c > 0xDFFF);
  if (!is_character) c = U'a';
  const auto six_bits = [&](unsigned shift) {
    out.push_back(static_cast<char>(0x80U | ((c >> shift) & 0x3FU)));
  };
  if (c < 0x80) {
    out.push_back(static_cast<char>(c));
  } else if (c < 0x800) {
    out.push_back(static_cast<char>(0xC0U | (c >> 6U)));
    six_bits(0);
  } else if (c < 0x10000) {
    out.push_back(static_cast<char>(0xE0U | (c >> 12U)));
    six_bits(6);
    six_bits(0);
  } else {
    out.push_back(static_cast<char>(0xF0U | (c >> 18U)));
    six_bits(12);
    six_bits(6);
    six_bits(0);
  }
}

/// Characters of one to four bytes; what is no UTF-8 gives some that are.
draw seen_text(std::string_view utf8) {
  draw text{.what = draw::kind::text};
  for (const char byte : utf8) {
    const auto bits = static_cast<unsigned char>(byte);
    if ((bits & 0xC0U) != 0x80U) {
      const unsigned kept = bits < 0x80 ? 0x7FU : bits < 0xE0 ? 0x1FU : bits < 0xF0 ? 0x0FU : 0x07U;
      text.symbols.push_back(bits & kept);
    } else if (!text.symbols.empty()) {
      text.symbols.back() = (text.symbols.back() << 6U) | (bits & 0x3FU);
    }
  }
  return text;
}

std::string bytes_of(const draw& data) {
  std::string bytes;
  for (const auto symbol : data.symbols) bytes.push_back(static_cast<char>(symbol & 0xFFU));
  return bytes;
}

/// A value that is no pointer.
DynamicValue::Reader plain_value(::capnp::Type type, const draw& d) {
  switch (type.which()) {
    case tag::VOID:
      return ::capnp::VOID;
    case tag::BOOL:
      return d.magnitude % 2 == 1;
    case tag::FLOAT32:
      return float_of<float>(d);
    case tag::FLOAT64:
      return float_of<double>(d);
    case tag::ENUM: {
      const auto schema = type.asEnum();
      const std::uint64_t known = schema.getEnumerants().size();
      return DynamicEnum(schema, static_cast<std::uint16_t>(std::min(d.magnitude, known)));
    }
    default: {
      const auto range = range_of(type.which());
      const auto bits = bits_of(d, range);
      if (range.is_signed) return static_cast<std::int64_t>(bits);
      return bits;
    }
  }
}

/// Sets a field or an element to what was drawn for a type. `Place` has `clear()`, `set(value)` and
/// `init(size)`, which returns the list or struct that is there then.
template <class Place>
void write_to(Place place, ::capnp::Type type, const draw& drawn);

struct place_in_struct {
  DynamicStruct::Builder into;
  StructSchema::Field field;

  void clear() { into.clear(field); }
  void set(const DynamicValue::Reader& value) { into.set(field, value); }
  DynamicList::Builder init_list(unsigned n) { return into.init(field, n).as<DynamicList>(); }
  DynamicStruct::Builder init_struct() { return into.init(field).as<DynamicStruct>(); }
};

struct place_in_list {
  DynamicList::Builder into;
  unsigned at;

  void clear() {}  // nothing has been set yet
  void set(const DynamicValue::Reader& value) { into.set(at, value); }
  DynamicList::Builder init_list(unsigned n) { return into.init(at, n).as<DynamicList>(); }
  DynamicStruct::Builder init_struct() { return into[at].as<DynamicStruct>(); }
};

void write_elements(DynamicList::Builder into, const std::vector<draw>& elements) {
  const auto type = into.getSchema().getElementType();
  for (unsigned i = 0; i < into.size(); ++i) write_to(place_in_list{into, i}, type, elements[i]);
}

template <class Place>
void write_to(Place place, ::capnp::Type type, const draw& drawn) {
  const auto kind = kind_of(type.which());
  const draw simplest{.what = kind};
  const draw& d = drawn.what == kind ? drawn : simplest;
  switch (type.which()) {
    case tag::TEXT: {
      const auto text = text_of(d);
      if (text.empty()) return place.clear();
      return place.set(::capnp::Text::Reader(text.c_str(), text.size()));
    }
    case tag::DATA: {
      const auto bytes = bytes_of(d);
      if (bytes.empty()) return place.clear();
      return place.set(
          ::capnp::Data::Reader(reinterpret_cast<const kj::byte*>(bytes.data()), bytes.size()));
    }
    case tag::LIST:
      if (d.parts.empty() || is_left_null(type.asList().whichElementType())) return place.clear();
      return write_elements(place.init_list(static_cast<unsigned>(d.parts.size())), d.parts);
    case tag::STRUCT:
      if (d.parts.empty()) return place.clear();
      return write(d, place.init_struct());
    case tag::ANY_POINTER:
    case tag::INTERFACE:
      return place.clear();
    default:
      return place.set(plain_value(type, d));
  }
}

void write_field(DynamicStruct::Builder into, StructSchema::Field field, const draw& d) {
  if (!field.getProto().isGroup()) {
    return write_to(place_in_struct{into, field}, field.getType(), d);
  }
  write(d, into.init(field).as<DynamicStruct>());
}

}  // namespace

std::uint64_t bits_of(const draw& number, const number_range& range) {
  constexpr std::uint64_t sign = std::uint64_t{1} << 63U;
  const bool is_negative = number.is_negative && number.magnitude > 0;
  if (is_negative && (!range.is_signed || number.magnitude > sign)) return range.from;
  if (!is_negative && range.is_signed && number.magnitude >= sign) return range.to;
  const auto bits = is_negative ? 0 - number.magnitude : number.magnitude;
  if (is_below(bits, range.from, range.is_signed)) return range.from;
  if (is_below(range.to, bits, range.is_signed)) return range.to;
  return bits;
}

std::string text_of(const draw& text) {
  std::string utf8;
  for (const auto c : text.symbols) append_utf8(utf8, c);
  return utf8;
}

void write(const draw& fields, DynamicStruct::Builder into) {
  static const draw nothing;
  std::size_t at = 0;
  const auto next = [&]() -> const draw& {
    return at < fields.parts.size() ? fields.parts[at++] : nothing;
  };
  const auto schema = into.getSchema();
  for (const auto field : schema.getNonUnionFields()) write_field(into, field, next());
  const auto choices = schema.getUnionFields();
  if (choices.size() == 0) return;
  const auto chosen = std::min<std::uint64_t>(next().magnitude, choices.size() - 1);
  write_field(into, choices[static_cast<unsigned>(chosen)], next());
}

// -- drawing -------------------------------------------------------------------------------------

void source::collect(const DynamicValue::Reader& from, std::vector<draw>& numbers) {
  switch (from.getType()) {
    case DynamicValue::INT:
      return numbers.push_back(
          number_of(static_cast<std::uint64_t>(from.as<std::int64_t>()), true));
    case DynamicValue::UINT:
      return numbers.push_back(number_of(from.as<std::uint64_t>(), false));
    case DynamicValue::TEXT: {
      const auto text = from.as<::capnp::Text>();
      if (text.size() > 0) texts_.push_back(seen_text({text.begin(), text.size()}));
      return;
    }
    case DynamicValue::LIST:
      for (const auto element : from.as<DynamicList>()) collect(element, numbers);
      return;
    case DynamicValue::STRUCT: {
      const auto fields = from.as<DynamicStruct>();
      for (const auto field : fields.getSchema().getNonUnionFields()) {
        if (fields.has(field)) collect(fields.get(field), numbers);
      }
      KJ_IF_MAYBE (chosen, fields.which()) {
        if (fields.has(*chosen)) collect(fields.get(*chosen), numbers);
      }
      return;
    }
    default:
      return;
  }
}

draw source::any_seen() {
  const bool of_state = !state_numbers_.empty() && (numbers_.empty() || below(2) == 0);
  const auto& from = of_state ? state_numbers_ : numbers_;
  const auto newest = below(2) == 0 ? std::min<std::size_t>(from.size(), 4) : from.size();
  return from[from.size() - 1 - below(newest)];
}

draw source::number(const number_range& range) {
  const auto what = below(100);
  if (what < 40 && numbers_.size() + state_numbers_.size() > 0) {
    auto seen = what < 25 ? any_seen() : near_seen();
    if (is_in(seen, range)) return seen;
  }
  auto fresh = number_of(fresh_number(range), range.is_signed);
  numbers_.push_back(fresh);
  return fresh;
}

/// One beside it, the sum of two, or their difference: where a rule begins or ends to hold.
draw source::near_seen() {
  const auto a = any_seen();
  const auto b = below(2) == 0 ? draw{.magnitude = 1} : any_seen();
  auto sum = a;
  const bool adds = below(2) == 0;
  if (adds == (a.is_negative == b.is_negative)) {
    sum.magnitude += b.magnitude;
  } else {
    sum.is_negative = a.is_negative != (b.magnitude > a.magnitude);
    sum.magnitude = std::max(a.magnitude, b.magnitude) - std::min(a.magnitude, b.magnitude);
  }
  return sum;
}

std::uint64_t source::fresh_number(const number_range& range) {
  const auto span = range.to - range.from;
  const auto any = [&] { return span + 1 == 0 ? next_() : below(span + 1); };
  const auto what = below(100);
  if (span <= 64 && what < 60) return range.from + any();
  if (what < 15) {  // at an end
    const auto in = std::min(span, below(2));
    return below(2) == 0 ? range.from + in : range.to - in;
  }
  if (what < 65) {  // near the simplest
    const auto width = below(2 + static_cast<std::uint64_t>(size_) / 10);
    draw small{.magnitude = below(std::uint64_t{2} << width)};
    small.is_negative = range.is_signed && below(4) == 0;
    const auto simplest = bits_of({}, range);
    return simplest == 0
               ? bits_of(small, range)
               : range.from + std::min(span, simplest == range.from
                                                 ? small.magnitude
                                                 : span - std::min(span, small.magnitude));
  }
  return range.from + (below(2) == 0 || span < 2 ? any() : any() >> below(64));
}

draw source::text() {
  if (!texts_.empty() && below(100) < 40) return texts_[below(texts_.size())];
  draw fresh{.what = draw::kind::text, .symbols = fresh_text()};
  texts_.push_back(fresh);
  return fresh;
}

std::u32string source::fresh_text() {
  static constexpr std::u32string_view odd = U"\"\\ \n\t'%/é漢Ω\U0001F600\u202E\u0301Az09-";
  const auto what = below(100);
  std::u32string text;
  if (limits_.text_max == 0 || what < 10) return text;
  const auto length = what < 70 ? 1 + below(std::min<std::uint64_t>(3, limits_.text_max))
                                : below(limits_.text_max + 1);
  while (text.size() < length) {
    const bool is_odd = what >= 85;
    text.push_back(is_odd ? odd[below(odd.size())] : U'a' + static_cast<char32_t>(below(5)));
  }
  return text;
}

draw source::data() {
  draw d{.what = draw::kind::data};
  const auto length = below(limits_.text_max + 1);
  while (d.symbols.size() < length) d.symbols.push_back(static_cast<char32_t>(below(256)));
  return d;
}

draw source::floating() {
  draw d{.is_negative = below(4) == 0};
  const auto what = below(100);
  if (what < 50) {
    d.magnitude = 4 * below(2 + static_cast<std::uint64_t>(size_));
  } else if (what < 85) {
    d.magnitude = below(quarters_max) >> below(40);
  } else {
    d.magnitude = quarters_max + 1 + below(specials);
  }
  return d;
}

draw source::list(::capnp::Type element, std::size_t depth) {
  draw d{.what = draw::kind::list};
  if (depth > limits_.structs_deep_max || is_left_null(element.which())) return d;
  const auto length = below((limits_.list_max >> (depth - 1)) + 1);
  while (d.parts.size() < length) d.parts.push_back(value(element, depth));
  return d;
}

draw source::value(::capnp::Type type, std::size_t depth) {
  switch (type.which()) {
    case tag::VOID:
    case tag::ANY_POINTER:
    case tag::INTERFACE:
      return {};
    case tag::BOOL:
      return {.magnitude = below(2)};
    case tag::FLOAT32:
    case tag::FLOAT64:
      return floating();
    case tag::TEXT:
      return text();
    case tag::DATA:
      return data();
    case tag::ENUM: {
      const bool unknown_too = limits_.enumerants == enumerants::unknown_too;
      const auto known = type.asEnum().getEnumerants().size();
      return {.magnitude = below(known + (unknown_too ? 1U : 0U))};
    }
    case tag::LIST:
      return list(type.asList().getElementType(), depth + 1);
    case tag::STRUCT: {
      const bool is_null = depth >= limits_.structs_deep_max || below(8) == 0;
      return is_null ? draw{.what = draw::kind::fields} : fields(type.asStruct(), depth + 1);
    }
    default:
      return number(range_of(type.which()));
  }
}

draw source::field(StructSchema::Field field, std::size_t depth) {
  return field.getProto().isGroup() ? fields(field.getType().asStruct(), depth)
                                    : value(field.getType(), depth);
}

draw source::fields(StructSchema schema, std::size_t depth) {
  draw d{.what = draw::kind::fields};
  for (const auto f : schema.getNonUnionFields()) d.parts.push_back(field(f, depth));
  const auto choices = schema.getUnionFields();
  if (choices.size() == 0) return d;
  const auto chosen = below(choices.size());
  d.parts.push_back({.magnitude = chosen});
  d.parts.push_back(field(choices[static_cast<unsigned>(chosen)], depth));
  return d;
}

}  // namespace fasti::testing::detail

namespace fasti::testing {

std::int64_t dice::signed_between(std::int64_t from, std::int64_t to) {
  if (from > to) throw std::invalid_argument("between: the first is greater than the last");
  const detail::number_range range{static_cast<std::uint64_t>(from), static_cast<std::uint64_t>(to),
                                   true};
  const auto& d = draws_.next(detail::draw::kind::number,
                              [&](detail::source& fresh) { return fresh.number(range); });
  return static_cast<std::int64_t>(detail::bits_of(d, range));
}

std::uint64_t dice::unsigned_between(std::uint64_t from, std::uint64_t to) {
  if (from > to) throw std::invalid_argument("between: the first is greater than the last");
  const detail::number_range range{from, to, false};
  const auto& d = draws_.next(detail::draw::kind::number,
                              [&](detail::source& fresh) { return fresh.number(range); });
  return detail::bits_of(d, range);
}

std::string dice::text() {
  return detail::text_of(
      draws_.next(detail::draw::kind::text, [](detail::source& fresh) { return fresh.text(); }));
}

void dice::fill(::capnp::DynamicStruct::Builder into) {
  const auto& d = draws_.next(detail::draw::kind::fields, [&](detail::source& fresh) {
    return fresh.fields(into.getSchema());
  });
  detail::write(d, into);
}

}  // namespace fasti::testing

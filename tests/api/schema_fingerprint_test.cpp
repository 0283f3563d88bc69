// What of a schema makes another fingerprint, and what does not.

#include <capnp/schema-parser.h>
#include <gtest/gtest.h>
#include <kj/filesystem.h>

#include <ostream>
#include <string>

#include "fasti/schema.hpp"
#include "ledger.capnp.h"

namespace fasti::test {
namespace {

/// That of `State` in such a file.
schema_fingerprint fingerprint_in(const std::string& text, const char* file = "state.capnp") {
  const auto directory = kj::newInMemoryDirectory(kj::nullClock());
  const auto path = kj::Path::parse(file);
  directory->openFile(path, kj::WriteMode::CREATE | kj::WriteMode::CREATE_PARENT)
      ->writeAll(kj::StringPtr(text.c_str()));
  ::capnp::SchemaParser parser;
  const auto parsed = parser.parseFromDirectory(*directory, path.clone(), nullptr);
  return fingerprint_of(parsed.getNested("State").asStruct());
}

std::string file_with(const std::string& fields, const std::string& others = {}) {
  return "@0xd0a3c1f46b8e2975;\nstruct State @0x8e1f5b29c7d06a43 {\n" + fields + "}\n" + others;
}

struct change {
  const char* name;
  std::string fields;
  std::string others = {};
  friend std::ostream& operator<<(std::ostream& out, const change& c) { return out << c.name; }
};

const std::string book = "title @0 :Text; loans @1 :UInt32 = 3; kind @2 :Kind; at @3 :Place;\n";
const std::string kinds = "enum Kind @0xb6d0f8e21c497a35 { novel @0; map @1; }\n";
const std::string place = "struct Place @0xc93a7e04b5d1f268 { shelf @0 :UInt16; room @1 :Text; }\n";

class AnotherSchema : public ::testing::TestWithParam<change> {};

TEST_P(AnotherSchema, HasAnotherFingerprint) {
  const auto others = GetParam().others.empty() ? kinds + place : GetParam().others;
  EXPECT_NE(fingerprint_in(file_with(GetParam().fields, others)),
            fingerprint_in(file_with(book, kinds + place)));
}

INSTANTIATE_TEST_SUITE_P(
    SchemaFingerprint, AnotherSchema,
    ::testing::Values(
        change{"AFieldMore", book + "due @4 :Int32;"},
        change{"AFieldLess", "title @0 :Text; loans @1 :UInt32 = 3; kind @2 :Kind;"},
        change{"AnotherName", "title @0 :Text; fines @1 :UInt32 = 3; kind @2 :Kind; at @3 :Place;"},
        change{"AnotherType", "title @0 :Data; loans @1 :UInt32 = 3; kind @2 :Kind; at @3 :Place;"},
        change{"AnotherPlace",
               "loans @0 :UInt32 = 3; title @1 :Text; kind @2 :Kind; at @3 :Place;"},
        change{"AnotherDefault",
               "title @0 :Text; loans @1 :UInt32 = 4; kind @2 :Kind; at @3 :Place;"},
        change{"AList", "title @0 :Text; loans @1 :UInt32 = 3; kind @2 :Kind; at @3 :List(Place);"},
        change{"AUnion",
               "title @0 :Text; loans @1 :UInt32 = 3; union { kind @2 :Kind; "
               "at @3 :Place; }"},
        change{"InANestedStruct", book,
               kinds + "struct Place @0xc93a7e04b5d1f268 { shelf @0 :UInt32; room @1 :Text; }\n"},
        change{"InAnEnum", book, "enum Kind @0xb6d0f8e21c497a35 { map @0; novel @1; }\n" + place}),
    [](const auto& chosen) { return chosen.param.name; });

TEST(SchemaFingerprint, NeitherCommentsNorFilesNorTheOrderInThemMatter) {
  const auto plain = fingerprint_in(file_with(book, kinds + place));
  EXPECT_EQ(fingerprint_in(file_with("# The books.\n" + book, place + kinds)), plain);
  EXPECT_EQ(fingerprint_in(file_with(book, kinds + place), "library/books.capnp"), plain);
  EXPECT_EQ(fingerprint_in(
                file_with("at @3 :Place; kind @2 :Kind; loans @1 :UInt32 = 3;\n"
                          "title @0 :Text $note(\"as printed\");\n",
                          kinds + place + "annotation note @0xfb0847d6e9a2315c (field) :Text;\n")),
            plain);
}

TEST(SchemaFingerprint, ChangesInGroupsAndWithinListsAreSeen) {
  const auto of = [](const std::string& group, const std::string& within) {
    return fingerprint_in(file_with("where :group { " + group + " }\n all @1 :List(List(Part));",
                                    "struct Part @0xa9c4e61f73d8b052 { " + within + " }\n"));
  };
  EXPECT_EQ(of("x @0 :Int32;", "n @0 :Int8;"), of("x @0 :Int32;", "n @0 :Int8;"));
  EXPECT_NE(of("x @0 :Int32;", "n @0 :Int8;"), of("y @0 :Int32;", "n @0 :Int8;"));
  EXPECT_NE(of("x @0 :Int32;", "n @0 :Int8;"), of("x @0 :Int32;", "n @0 :UInt8;"));
}

TEST(SchemaFingerprint, AStructMayContainItself) {
  EXPECT_NE(fingerprint_in(file_with("left @0 :State; right @1 :State;")),
            fingerprint_in(file_with("left @0 :State; wrong @1 :State;")));
}

TEST(SchemaFingerprint, OfACompiledStructIsThatOfItsFile) {
  EXPECT_EQ(fingerprint_of<LedgerState>(),
            fingerprint_in("@0xd1a6f7c2b8e94035;\n"
                           "struct State @0x97fd1c46a05e8b32 { balance @0 :Int64; "
                           "entries @1 :UInt64; }\n"));
  EXPECT_NE(fingerprint_of<LedgerState>(), fingerprint_of<Balance>()) << "the id counts";
}

}  // namespace
}  // namespace fasti::test

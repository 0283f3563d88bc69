// A rule that cannot fail is worthless: each one is seen to fail here, and to let the good pass.
#include "tests/tidy/rules.hpp"

#include <gtest/gtest.h>

namespace fasti::tidy {
namespace {

std::string include(std::string_view name) { return "#include <" + std::string(name) + ">\n"; }

bool may_include(const std::string& path, std::string_view name) {
  return check_includes({path, include(name)}).empty();
}

std::string times(std::size_t n, std::string_view what) {
  std::string all;
  while (n-- > 0) all += what;
  return all;
}

TEST(TidyRules, ThePublicSurfaceIsStdAndCapnProto) {
  const std::string header = "runtime/include/fasti/journal.hpp";
  EXPECT_TRUE(may_include(header, "vector"));
  EXPECT_TRUE(may_include(header, "capnp/message.h"));
  EXPECT_TRUE(may_include(header, "fasti/ids.hpp"));
  for (const auto* bad :
       {"caf/actor.hpp", "leveldb/db.h", "runtime/core/check.hpp", "xxhash.h",
        "actors/protocol.hpp", "unistd.h", "nlohmann/json.hpp", "fasti/caf.hpp"}) {
    EXPECT_FALSE(may_include(header, bad)) << bad;
  }
  EXPECT_TRUE(may_include("runtime/include/fasti/caf.hpp", "caf/actor.hpp"));
  EXPECT_FALSE(may_include("runtime/include/fasti/caf.hpp", "caf/io/middleman.hpp"));
  EXPECT_FALSE(may_include("runtime/include/fasti/caf.hpp", "leveldb/db.h"));
}

TEST(TidyRules, MachinesAreFreeOfEnginesThreadsAndFiles) {
  EXPECT_TRUE(may_include("runtime/core/a.cpp", "runtime/core/a.hpp"));
  EXPECT_TRUE(may_include("runtime/core/a.cpp", "schemas/a.capnp.h"));
  for (const auto* bad : {"caf/actor.hpp", "leveldb/db.h", "persistence/a.hpp", "actors/a.hpp",
                          "thread", "fstream", "unistd.h", "runtime/node/node.hpp"}) {
    EXPECT_FALSE(may_include("runtime/core/a.cpp", bad)) << bad;
  }
}

TEST(TidyRules, OnlyTheTestKitsRoomKnowsRapidcheck) {
  EXPECT_TRUE(may_include("runtime/testing/a.cpp", "rapidcheck.h"));
  EXPECT_TRUE(may_include("runtime/testing/a.cpp", "runtime/core/guard.hpp"));
  EXPECT_FALSE(may_include("runtime/testing/a.cpp", "runtime/node/node.hpp"));
  EXPECT_FALSE(may_include("runtime/testing/a.cpp", "thread"));
  EXPECT_FALSE(may_include("runtime/core/a.cpp", "rapidcheck/Gen.h"));
  EXPECT_FALSE(may_include("runtime/core/a.cpp", "runtime/testing/lived.hpp"));
  EXPECT_FALSE(may_include("runtime/include/fasti/testing/a.hpp", "rapidcheck.h"));
}

TEST(TidyRules, OnlyTheHttpRoomHasAnEventLoopAndItSeesThePublicSurfaceAlone) {
  EXPECT_TRUE(may_include("runtime/http/a.cpp", "kj/compat/http.h"));
  EXPECT_TRUE(may_include("runtime/http/a.cpp", "netinet/in.h"));
  EXPECT_TRUE(may_include("runtime/http/a.cpp", "fasti/runtime.hpp"));
  for (const auto* bad : {"runtime/node/node.hpp", "runtime/core/check.hpp", "actors/a.hpp",
                          "persistence/a.hpp", "fasti/caf.hpp"}) {
    EXPECT_FALSE(may_include("runtime/http/a.cpp", bad)) << bad;
  }
  for (const auto* bad : {"kj/async-io.h", "kj/compat/http.h", "kj/timer.h"}) {
    EXPECT_FALSE(may_include("runtime/include/fasti/http.hpp", bad)) << bad;
    EXPECT_FALSE(may_include("runtime/node/a.cpp", bad)) << bad;
  }
}

TEST(TidyRules, OnlyTheSqliteRoomKnowsSqliteAndItSeesThePublicSurfaceAlone) {
  EXPECT_TRUE(may_include("runtime/sqlite/a.cpp", "sqlite3.h"));
  EXPECT_TRUE(may_include("runtime/sqlite/a.cpp", "fasti/sqlite.hpp"));
  for (const auto* bad : {"runtime/node/node.hpp", "runtime/core/guard.hpp", "persistence/a.hpp",
                          "actors/a.hpp", "fasti/caf.hpp", "thread.h"}) {
    EXPECT_FALSE(may_include("runtime/sqlite/a.cpp", bad)) << bad;
  }
  for (const auto* elsewhere : {"runtime/include/fasti/sqlite.hpp", "runtime/node/a.cpp",
                                "persistence/a.cpp", "runtime/http/a.cpp"}) {
    EXPECT_FALSE(may_include(elsewhere, "sqlite3.h")) << elsewhere;
  }
}

TEST(TidyRules, PersistenceKnowsNoActors) {
  EXPECT_TRUE(may_include("persistence/a.cpp", "leveldb/db.h"));
  EXPECT_TRUE(may_include("persistence/a.cpp", "sys/stat.h"));
  for (const auto* bad : {"caf/actor.hpp", "actors/a.hpp", "runtime/core/a.hpp", "fasti/caf.hpp"}) {
    EXPECT_FALSE(may_include("persistence/a.cpp", bad)) << bad;
  }
}

TEST(TidyRules, ActorsKnowNoStorageAndOnlyTheAdapterKnowsCaf) {
  EXPECT_TRUE(may_include("actors/a.cpp", "runtime/core/a.hpp"));
  EXPECT_TRUE(may_include("actors/caf/actor.hpp", "caf/actor.hpp"));
  for (const auto* bad : {"caf/actor.hpp", "persistence/a.hpp", "leveldb/db.h"}) {
    EXPECT_FALSE(may_include("actors/a.cpp", bad)) << bad;
  }
  EXPECT_TRUE(may_include("actors/caf/runtime_actor.hpp", "fasti/caf.hpp"));
  EXPECT_TRUE(may_include("docs/examples/caf_actor.cpp", "caf/actor.hpp"));
  EXPECT_FALSE(may_include("docs/examples/views.cpp", "caf/actor.hpp"));
  EXPECT_FALSE(may_include("actors/caf/actor.hpp", "caf/all.hpp"));
  EXPECT_FALSE(may_include("actors/caf/actor.hpp", "caf/io/middleman.hpp"));
}

TEST(TidyRules, OnlyTheClusterLinkOfTheNodeKnowsCafIo) {
  EXPECT_TRUE(may_include("runtime/node/cluster_link.cpp", "caf/io/middleman.hpp"));
  EXPECT_FALSE(may_include("runtime/node/node.cpp", "caf/io/middleman.hpp"));
  EXPECT_FALSE(may_include("runtime/node/node.cpp", "caf/actor.hpp"));
  EXPECT_TRUE(may_include("runtime/node/node.cpp", "persistence/leveldb_journal.hpp"));
  EXPECT_FALSE(may_include("runtime/node/node.cpp", "leveldb/db.h"));
}

TEST(TidyRules, SamplesSeeWhatUsersSee) {
  for (const auto* good :
       {"fasti/runtime.hpp", "bank.capnp.h", "zlib.h", "nlohmann/json.hpp", "map"}) {
    EXPECT_TRUE(may_include("samples/bank/a.cpp", good)) << good;
  }
  for (const auto* bad :
       {"runtime/core/a.hpp", "runtime/node/node.hpp", "persistence/a.hpp", "actors/protocol.hpp",
        "schemas/a.capnp.h", "caf/actor.hpp", "leveldb/db.h"}) {
    EXPECT_FALSE(may_include("samples/bank/a.cpp", bad)) << bad;
  }
}

TEST(TidyRules, TheGuidesExamplesSeeWhatUsersSeeAndGoogleTest) {
  for (const auto* good : {"fasti/runtime.hpp", "fasti/testing/given.hpp", "library.capnp.h",
                           "gtest/gtest.h", "filesystem"}) {
    EXPECT_TRUE(may_include("docs/examples/a.cpp", good)) << good;
  }
  for (const auto* bad : {"runtime/core/a.hpp", "persistence/a.hpp", "tests/support/temp_dir.hpp",
                          "unistd.h", "nlohmann/json.hpp", "caf/actor.hpp"}) {
    EXPECT_FALSE(may_include("docs/examples/a.cpp", bad)) << bad;
  }
}

TEST(TidyRules, TestsMayEnterEveryRoomButReachCafThroughItsAdapter) {
  EXPECT_TRUE(may_include("tests/e2e/a_test.cpp", "persistence/a.hpp"));
  EXPECT_TRUE(may_include("tests/e2e/a_test.cpp", "leveldb/db.h"));
  EXPECT_TRUE(may_include("tests/actors/caf/a_test.cpp", "caf/actor.hpp"));
  EXPECT_FALSE(may_include("tests/e2e/a_test.cpp", "caf/actor.hpp"));
}

TEST(TidyRules, AQuotedIncludeIsReadLikeAnAngledOne) {
  EXPECT_FALSE(
      check_includes({"runtime/core/a.cpp", "#  include \"leveldb/db.h\"  // why\n"}).empty());
  EXPECT_TRUE(check_includes({"samples/bank/a.cpp", "#include \"money.hpp\"\n"}).empty());
}

TEST(TidyRules, CafsVersionIsAskedForInTheAdapterOnly) {
  const std::string branch = "#if CAF_VERSION >= 1800\n#endif\n";
  EXPECT_TRUE(check_caf_stays_in_its_room({"actors/caf/version.hpp", branch}).empty());
  EXPECT_FALSE(check_caf_stays_in_its_room({"actors/registry.cpp", branch}).empty());
  EXPECT_FALSE(check_caf_stays_in_its_room({"tests/actors/a_test.cpp", branch}).empty());
}

TEST(TidyRules, CafsNamespaceIsNeverOpened) {
  EXPECT_FALSE(check_caf_stays_in_its_room({"actors/caf/a.cpp", "using namespace caf;\n"}).empty());
  EXPECT_TRUE(
      check_caf_stays_in_its_room({"actors/caf/a.cpp", "// using namespace caf\n"}).empty());
}

TEST(TidyRules, FunctionsHaveAtMost70Lines) {
  const auto body = [](std::size_t n) { return "void f() {\n" + times(n - 2, "  g();\n") + "}\n"; };
  EXPECT_TRUE(check_sizes({"actors/a.cpp", body(70)}).empty());
  const auto found = check_sizes({"actors/a.cpp", "\n\n" + body(71)});
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0], "actors/a.cpp:3: a function of 71 lines: void f() ");
}

TEST(TidyRules, LinesHaveAtMost100ColumnsNotBytes) {
  EXPECT_TRUE(check_sizes({"a.hpp", "// " + times(97, "é") + "\n"}).empty());
  EXPECT_FALSE(check_sizes({"a.hpp", "// " + times(98, "e") + "\n"}).empty());
}

TEST(TidyRules, ALongFileSaysWhy) {
  const auto text = times(501, "int a;\n");
  EXPECT_TRUE(check_sizes({"a.hpp", times(500, "int a;\n")}).empty());
  EXPECT_FALSE(check_sizes({"a.hpp", text}).empty());
  EXPECT_TRUE(check_sizes({"a.hpp", "// long because it is a table\n" + text}).empty());
  EXPECT_FALSE(check_sizes({"a.hpp", times(15, "\n") + "// long because late\n" + text}).empty());
}

TEST(TidyRules, BracesThatDoNotPairUpAreReported) {
  EXPECT_FALSE(check_sizes({"a.cpp", "void f() {\n"}).empty());
}

TEST(TidyRules, TestsDoNotSleep) {
  const std::string nap = "std::this_thread::sleep_for(1s);\n";
  EXPECT_FALSE(check_tests_do_not_sleep({"tests/core/a_test.cpp", nap}).empty());
  EXPECT_FALSE(check_tests_do_not_sleep({"tests/core/a_test.cpp", "usleep(3);\n"}).empty());
  EXPECT_TRUE(check_tests_do_not_sleep({"tests/core/a_test.cpp", "// " + nap}).empty());
  EXPECT_FALSE(check_tests_do_not_sleep({"docs/examples/a.cpp", nap}).empty());
  EXPECT_TRUE(check_tests_do_not_sleep({"samples/bank/progress.cpp", nap}).empty());
}

TEST(TidyRules, NoPathOfOneMachineIsNamed) {
  for (const auto* root : {"/work", "/root", "/home/me"}) {
    EXPECT_FALSE(
        check_no_machine_paths({"README.md", "see " + std::string(root) + "/x\n"}).empty());
  }
  EXPECT_TRUE(
      check_no_machine_paths({"README.md", "see framework/work/x, /usr/include/x\n"}).empty());
}

TEST(TidyRules, EverySourceIsNamedByACmakeList) {
  const source_file a{"persistence/a.cpp", ""};
  EXPECT_FALSE(check_registered({a}).empty());
  EXPECT_FALSE(
      check_registered({a, {"persistence/CMakeLists.txt", "fasti_room(x\n aa.cpp)"}}).empty());
  EXPECT_FALSE(check_registered({a, {"persistence/CMakeLists.txt", "# a.cpp\n"}}).empty());
  EXPECT_TRUE(
      check_registered({a, {"persistence/CMakeLists.txt", "fasti_room(x\n a.cpp)"}}).empty());
  EXPECT_TRUE(
      check_registered({{"actors/caf/b.cpp", ""}, {"actors/CMakeLists.txt", "r(caf/b.cpp)"}})
          .empty());
  EXPECT_FALSE(check_registered({{"schemas/x.capnp", ""}}).empty());
}

TEST(TidyRules, EveryTestIsInAFastiTest) {
  const source_file t{"tests/core/a_test.cpp", ""};
  EXPECT_FALSE(
      check_registered({t, {"tests/core/CMakeLists.txt", "add_executable(x a_test.cpp)"}}).empty());
  EXPECT_TRUE(check_registered({t,
                                {"tests/core/CMakeLists.txt",
                                 "fasti_test(NAME core\n SOURCES "
                                 "a_test.cpp LIBS b)"}})
                  .empty());
  const source_file example{"docs/examples/loans.cpp", ""};
  const std::string cmake = "docs/examples/CMakeLists.txt";
  EXPECT_FALSE(check_registered({example, {cmake, "add_executable(x loans.cpp)"}}).empty());
  EXPECT_TRUE(check_registered({example, {cmake, "fasti_test(NAME x SOURCES loans.cpp)"}}).empty());
}

}  // namespace
}  // namespace fasti::tidy

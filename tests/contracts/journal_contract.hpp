#pragma once
/// What every journal must do: include this in one .cpp file and say, for a kind of your own,
///
///     FASTI_JOURNAL_CONTRACT(mine, (journal_kind{"mine", true, [] { return make_my_home(); }}));
///
/// A test whose name begins with P<n> shows one of the promises of the project.

#include "tests/contracts/journal_appending.hpp"
#include "tests/contracts/journal_commands.hpp"
#include "tests/contracts/journal_fixture.hpp"
#include "tests/contracts/journal_reading.hpp"
#include "tests/contracts/journal_truncation.hpp"

#define FASTI_JOURNAL_CONTRACT(prefix, kind)                                   \
  INSTANTIATE_TEST_SUITE_P(prefix, JournalReading, ::testing::Values(kind));   \
  INSTANTIATE_TEST_SUITE_P(prefix, JournalAppending, ::testing::Values(kind)); \
  INSTANTIATE_TEST_SUITE_P(prefix, JournalCommands, ::testing::Values(kind));  \
  INSTANTIATE_TEST_SUITE_P(prefix, JournalLimits, ::testing::Values(kind));    \
  INSTANTIATE_TEST_SUITE_P(prefix, JournalTruncation, ::testing::Values(kind))

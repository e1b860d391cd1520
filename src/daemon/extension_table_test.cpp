// SPDX-License-Identifier: Apache-2.0
#include "daemon/extension_table.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace dora::daemon {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

TEST(ExtensionTable, KeepsWhatItsOwnerStored) {
  ExtensionTable table;
  ASSERT_TRUE(table.store(0, "space", "key", "01"));
  ASSERT_TRUE(table.store(0, "space", "key", "02"));
  EXPECT_EQ(table.load(1, "space", "key"), "02");
  EXPECT_EQ(table.load(1, "other", "key"), std::nullopt);
  EXPECT_EQ(table.store(1, "space", "key", "03").error().kind, ErrorKind::InvalidInput);
  EXPECT_EQ(table.load(1, "space", "key"), "02");
}

TEST(ExtensionTable, TellsItsUsersOnceWhatWent) {
  ExtensionTable table;
  ASSERT_TRUE(table.store(0, "space", "a", ""));
  ASSERT_TRUE(table.store(0, "space", "b", ""));
  (void)table.load(1, "space", "a");
  (void)table.load(1, "space", "b");
  table.drop("space", "b");
  table.on_end(0);
  EXPECT_EQ(table.load(1, "space", "a"), std::nullopt);
  EXPECT_THAT(table.take_dropped(1, "other"), IsEmpty());
  EXPECT_THAT(table.take_dropped(1, "space"), ElementsAre("b", "a"));
  EXPECT_THAT(table.take_dropped(1, "space"), IsEmpty());
  EXPECT_THAT(table.take_dropped(2, "space"), IsEmpty());
}

TEST(ExtensionTable, IsBounded) {
  ExtensionTable table;
  for (std::size_t i = 0; i < ExtensionTable::most_entries; ++i)
    ASSERT_TRUE(table.store(0, "space", std::to_string(i), ""));
  EXPECT_EQ(table.store(0, "space", "one more", "").error().kind, ErrorKind::Busy);
  ASSERT_TRUE(table.store(0, "space", "7", "new"));
  for (std::size_t i = 0; i < ExtensionTable::most_entries; ++i)
    table.drop("space", std::to_string(i));
  EXPECT_EQ(table.take_dropped(0, "space").size(), ExtensionTable::most_dropped);
}

TEST(ExtensionTable, AnswersRequests) {
  ExtensionTable table;
  EXPECT_EQ(table.answer(0, {1, "store", "s", "k", "ff"}).error, "");
  EXPECT_EQ(table.answer(1, {2, "take", "s", "k", ""}).value, "ff");
  EXPECT_EQ(table.answer(1, {3, "load", "s", "k", ""}).value, std::nullopt);
  EXPECT_THAT(table.answer(0, {4, "dropped", "s", "", ""}).keys, ElementsAre("k"));
  EXPECT_NE(table.answer(0, {5, "dance", "s", "", ""}).error, "");
}

}  // namespace
}  // namespace dora::daemon

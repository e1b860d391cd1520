// SPDX-License-Identifier: Apache-2.0
#include "message/metadata.hpp"

#include <gtest/gtest.h>

namespace dora::message {
namespace {

std::vector<std::byte> bytes_of(const MetadataWriter& writer) {
  std::vector<std::byte> bytes(writer.size_bytes());
  writer.write(bytes.data());
  return bytes;
}

TEST(Metadata, EveryKindComesBackInKeyOrder) {
  MetadataWriter writer;
  std::vector<std::int64_t> integers{1, -2, 3};
  std::vector<double> numbers{0.5, -0.25};
  std::vector<std::string_view> texts{"left", "", "right"};
  ASSERT_TRUE(writer.set_string("z", "last"));
  ASSERT_TRUE(writer.set_bool("a", true));
  ASSERT_TRUE(writer.set_integer("b", -7));
  ASSERT_TRUE(writer.set_float("c", 1.5));
  ASSERT_TRUE(writer.set_integers("d", integers));
  ASSERT_TRUE(writer.set_floats("e", numbers));
  ASSERT_TRUE(writer.set_strings("f", texts));
  ASSERT_TRUE(writer.set_timestamp("g", 123));
  ASSERT_TRUE(writer.set_strings("h", {}));
  auto bytes = bytes_of(writer);
  auto entries = read_metadata(bytes).value();
  ASSERT_EQ(entries.size(), 9u);
  EXPECT_EQ(entries[0].key, "a");
  EXPECT_TRUE(entries[0].as_bool());
  EXPECT_EQ(entries[1].as_integer(), -7);
  EXPECT_EQ(entries[2].as_float(), 1.5);
  EXPECT_EQ(entries[3].list_size(), 3u);
  EXPECT_EQ(entries[4].list_size(), 2u);
  EXPECT_EQ(entries[5].list_size(), 3u);
  EXPECT_EQ(entries[5].string_at(2), "right");
  EXPECT_EQ(entries[5].string_at(1), "");
  EXPECT_EQ(entries[6].as_integer(), 123);
  EXPECT_EQ(entries[7].list_size(), 0u);
  EXPECT_EQ(entries[8].as_string(), "last");
}

TEST(Metadata, LaterValueOfAKeyWins) {
  MetadataWriter writer;
  ASSERT_TRUE(writer.set_string("k", "a long value that takes room"));
  ASSERT_TRUE(writer.set_integer("k", 1));
  auto bytes = bytes_of(writer);
  auto entries = read_metadata(bytes).value();
  ASSERT_EQ(entries.size(), 1u);
  EXPECT_EQ(entries[0].as_integer(), 1);
}

TEST(Metadata, KnowsCorrelatedAndFlushingMessages) {
  MetadataWriter writer;
  EXPECT_FALSE(writer.is_correlated());
  ASSERT_TRUE(writer.set_string("goal_id", "g"));
  EXPECT_TRUE(writer.is_correlated());
  ASSERT_TRUE(writer.set_string("flush", "true"));
  EXPECT_FALSE(writer.is_flush());
  ASSERT_TRUE(writer.set_bool("flush", true));
  EXPECT_TRUE(writer.is_flush());
}

TEST(Metadata, ReservedKeysAreLeftOutAndLimitsAreTold) {
  MetadataWriter writer;
  ASSERT_TRUE(writer.set_integer("__dora_secret", 1));
  EXPECT_TRUE(writer.is_empty());
  EXPECT_FALSE(writer.set_integer("", 1));
  EXPECT_FALSE(writer.set_string("big", std::string(max_metadata_bytes, 'x')));
  for (std::size_t i = 0; i < max_metadata_entries; ++i) {
    ASSERT_TRUE(writer.set_bool("key" + std::to_string(i), true));
  }
  EXPECT_FALSE(writer.set_bool("one more", true));
}

TEST(Metadata, FromASickPeerIsNeverReadOutOfBounds) {
  MetadataWriter writer;
  ASSERT_TRUE(writer.set_integer("count", 5));
  std::vector<std::string_view> texts{"left", "right"};
  ASSERT_TRUE(writer.set_strings("sides", texts));
  auto good = bytes_of(writer);
  for (std::size_t at = 0; at < good.size(); ++at) {
    for (int flip : {0x01, 0x80, 0xFF}) {
      auto bad = good;
      bad[at] ^= static_cast<std::byte>(flip);
      if (auto entries = read_metadata(bad)) {
        for (const auto& entry : *entries) {
          if (entry.kind == ValueKind::ListString && entry.list_size() > 0) {
            (void)entry.string_at(entry.list_size() - 1);
          }
        }
      }
    }
    EXPECT_FALSE(read_metadata(std::span(good).first(at)).has_value() && at % 8 != 0);
  }
}

}  // namespace
}  // namespace dora::message

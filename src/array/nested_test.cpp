// SPDX-License-Identifier: Apache-2.0
// Slices of nested arrays, and bodies that lie.
#include <limits>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "array/array_fixtures.hpp"
#include "array/decoder.hpp"
#include "array/encoder.hpp"

namespace dora::array {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

/// [["a"], null, ["b", "cc"], []] and its type.
struct Lists {
  TestSchema item_schema{"u", {}, "item"};
  TestSchema schema{"+l", {&item_schema.schema}};
  Type type = schema.type();

  std::int32_t text_offsets[4] = {0, 1, 2, 4};
  std::int32_t offsets[5] = {0, 1, 1, 3, 3};
  std::uint8_t validity[1] = {0b1101};
  TestArray items{3, {nullptr, text_offsets, "abcc"}};
  TestArray array{4, {validity, offsets}, {&items.array}, 1};
};

std::string error_of(const Type& type, std::span<const std::byte> body,
                     Check check = Check::Structure) {
  ArrowArray array{};
  auto result = decode(type, body, {}, &array, check);
  if (!result) return result.error().message;
  array.release(&array);
  return "";
}

/// Overwrites the word `index` of the head.
void set_word(std::span<std::byte> body, std::size_t index, std::int64_t value) {
  std::memcpy(body.data() + 8 + 8 * index, &value, 8);
}

TEST(ListSlice, TakesOnlyItsPartOfTheChild) {
  Lists lists;
  lists.array.array.offset = 1;
  lists.array.array.length = 2;
  Body body = encode(lists.type, lists.array.array);
  Decoded decoded(lists.type, body.bytes());
  EXPECT_EQ(decoded.array.null_count, 1);
  const auto* offsets = static_cast<const std::int32_t*>(decoded.array.buffers[1]);
  EXPECT_THAT(std::vector(offsets, offsets + 3), ElementsAre(0, 0, 2));
  const ArrowArray& items = *decoded.array.children[0];
  EXPECT_EQ(items.length, 2);
  EXPECT_EQ(std::string(static_cast<const char*>(items.buffers[2]), 3), "bcc");
}

TEST(StructSlice, AddsTheOffsetsOfParentAndChild) {
  TestSchema number("i", {}, "n");
  TestSchema schema("+s", {&number.schema});
  std::int32_t numbers[] = {0, 1, 2, 3, 4, 5, 6, 7};
  TestArray child(6, {nullptr, numbers});
  child.array.offset = 2;
  TestArray parent(2, {nullptr}, {&child.array});
  parent.array.offset = 3;
  Body body = encode(schema.type(), parent.array);
  Decoded decoded(schema.type(), body.bytes());
  const auto* copied = static_cast<const std::int32_t*>(decoded.array.children[0]->buffers[1]);
  EXPECT_THAT(std::vector(copied, copied + 2), ElementsAre(5, 6));
  parent.array.length = 4;  // one more than the child has
  Encoder encoder;
  auto refused = encoder.prepare(schema.type(), parent.array);
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().message, HasSubstr("column 'n' of format 'i'"));
}

TEST(DenseUnionSlice, TrimsAndRebasesEachChild) {
  TestSchema number("i", {}, "n");
  TestSchema text("u", {}, "t");
  TestSchema schema("+ud:5,9", {&number.schema, &text.schema});
  std::int32_t numbers[] = {10, 11, 12, 13};
  std::int32_t text_offsets[] = {0, 1, 2};
  TestArray numbers_array(4, {nullptr, numbers});
  TestArray texts_array(2, {nullptr, text_offsets, "xy"});
  std::int8_t ids[] = {5, 9, 5, 5, 9};
  std::int32_t offsets[] = {0, 0, 2, 1, 1};
  TestArray source(3, {ids, offsets}, {&numbers_array.array, &texts_array.array});
  source.array.offset = 2;
  Body body = encode(schema.type(), source.array);
  Decoded decoded(schema.type(), body.bytes());
  EXPECT_THAT(decoded.values<std::int8_t>(0), ElementsAre(5, 5, 9));
  EXPECT_THAT(decoded.values<std::int32_t>(1), ElementsAre(1, 0, 0));
  EXPECT_EQ(decoded.array.children[0]->length, 2);
  EXPECT_EQ(decoded.array.children[1]->length, 1);
  ids[3] = 7;
  Encoder encoder;
  auto refused = encoder.prepare(schema.type(), source.array);
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().message, HasSubstr("type id 7"));
}

TEST(RunEndEncodedSlice, CutsTheOuterRuns) {
  TestSchema ends_schema("s", {}, "run_ends");
  TestSchema values_schema("C", {}, "values");
  TestSchema schema("+r", {&ends_schema.schema, &values_schema.schema});
  std::int16_t ends[] = {3, 5, 9, 12};
  std::uint8_t values[] = {1, 2, 3, 4};
  TestArray ends_array(4, {nullptr, ends});
  TestArray values_array(4, {nullptr, values});
  TestArray source(4, {}, {&ends_array.array, &values_array.array});
  source.array.offset = 4;  // 2 3 3 3
  Body body = encode(schema.type(), source.array);
  Decoded decoded(schema.type(), body.bytes());
  const auto* run_ends = static_cast<const std::int16_t*>(decoded.array.children[0]->buffers[1]);
  EXPECT_EQ(decoded.array.children[0]->length, 2);
  EXPECT_THAT(std::vector(run_ends, run_ends + 2), ElementsAre(1, 4));
  source.array.length = 9;  // until 13
  Encoder encoder;
  EXPECT_FALSE(encoder.prepare(schema.type(), source.array));
}

TEST(Children, MayBeMovedOutAndOutliveTheirParent) {
  Lists lists;
  Body body = encode(lists.type, lists.array.array);
  int released = 0;
  Keep keep{[](void* count) { ++*static_cast<int*>(count); }, &released};
  ArrowArray array{};
  ASSERT_TRUE(decode(lists.type, body.bytes(), keep, &array));
  ArrowArray child = *array.children[0];
  array.children[0]->release = nullptr;
  array.release(&array);
  EXPECT_EQ(released, 0);
  EXPECT_EQ(std::string(static_cast<const char*>(child.buffers[2]), 4), "abcc");
  child.release(&child);
  EXPECT_EQ(released, 1);
}

// The head: list length, list nulls, text length, text nulls, text bytes.
TEST(ForgedHead, IsRefusedWithTheColumnThatDoesNotFit) {
  Lists lists;
  constexpr auto huge = std::numeric_limits<std::int64_t>::max();
  struct Forgery {
    std::size_t word;
    std::int64_t value;
    const char* expected;
  };
  const Forgery forgeries[] = {
      {0, -1, "length -1 with 1 nulls"},
      {0, huge, "length 9223372036854775807"},
      {0, std::int64_t{1} << 56, "do not fit"},
      {0, 5, "offsets from"},
      {1, 5, "length 4 with 5 nulls"},
      {1, -1, "length 4 with -1 nulls"},
      {2, 2, "column 'item' of format 'u'"},
      {2, 100, "do not fit"},
      {4, 3, "offsets from 0 to 4 into 3 values"},
      {4, -1, "do not fit"},
      {4, huge, "do not fit"},
  };
  for (const auto& forgery : forgeries) {
    Body body = encode(lists.type, lists.array.array, 8);
    set_word(body.bytes(), forgery.word, forgery.value);
    EXPECT_THAT(error_of(lists.type, body.bytes()), HasSubstr(forgery.expected))
        << forgery.word << " = " << forgery.value;
  }
}

TEST(ForgedBody, OfAnotherTypeIsRefused) {
  Lists lists;
  Body body = encode(lists.type, lists.array.array);
  EXPECT_THAT(error_of(Type::primitive("l").value(), body.bytes()),
              HasSubstr("its head has 5 words where its type needs 2"));
  EXPECT_THAT(error_of(lists.type, body.bytes().first(7)), HasSubstr("7 bytes"));
  EXPECT_THAT(error_of(lists.type, body.bytes().subspan(1)), HasSubstr("multiple of 8"));
}

TEST(ForgedMap, WithNullKeysIsRefused) {
  TestSchema key("u", {}, "key");
  TestSchema value("i", {}, "value");
  TestSchema entries("+s", {&key.schema, &value.schema}, "entries");
  TestSchema schema("+m", {&entries.schema});
  std::int32_t key_offsets[] = {0, 1, 2};
  std::int32_t values[] = {1, 2};
  std::uint8_t validity[] = {0b01};
  TestArray keys(2, {validity, key_offsets, "ab"}, {}, 1);
  TestArray values_array(2, {nullptr, values});
  TestArray pairs(2, {nullptr}, {&keys.array, &values_array.array});
  std::int32_t offsets[] = {0, 2};
  TestArray source(1, {nullptr, offsets}, {&pairs.array});
  Body body = encode(schema.type(), source.array);
  EXPECT_THAT(error_of(schema.type(), body.bytes()), HasSubstr("null entries or keys"));
}

TEST(BentBody, IsRefusedOrReadable) {
  Lists lists;
  Body body = encode(lists.type, lists.array.array, 8);
  int refused = 0;
  for (std::size_t i = 0; i < body.bytes().size(); ++i) {
    for (int bit = 0; bit < 8; ++bit) {
      body.bytes()[i] ^= static_cast<std::byte>(1 << bit);
      refused += !error_of(lists.type, body.bytes(), Check::Full).empty();
      body.bytes()[i] ^= static_cast<std::byte>(1 << bit);
    }
    refused += !error_of(lists.type, body.bytes().first(i), Check::Full).empty();
  }
  EXPECT_GT(refused, 400);
  EXPECT_EQ(error_of(lists.type, body.bytes(), Check::Full), "");
}

}  // namespace
}  // namespace dora::array

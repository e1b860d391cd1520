// SPDX-License-Identifier: Apache-2.0
// Bodies of small arrays made by hand. tests/conformance/array sends every type through.
#include <cstring>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "array/array_fixtures.hpp"
#include "array/decoder.hpp"
#include "array/encoder.hpp"
#include "array/primitive.hpp"

namespace dora::array {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

TEST(Type, OfAPrimitiveIsWhatPyarrowExports) {
  Type type = Type::primitive("l").value();
  EXPECT_TRUE(type.is_primitive());
  EXPECT_EQ(type.format(), "l");
  EXPECT_EQ(type.bit_width(), 64u);
  ArrowSchema schema{};
  ASSERT_TRUE(type.to_schema(&schema));
  EXPECT_STREQ(schema.format, "l");
  EXPECT_STREQ(schema.name, "");
  EXPECT_EQ(schema.flags, ARROW_FLAG_NULLABLE);
  EXPECT_EQ(schema.metadata, nullptr);
  EXPECT_TRUE(type.matches(schema));
  EXPECT_EQ(Type::from_schema(schema).value(), type);
  schema.format = "L";
  EXPECT_FALSE(type.matches(schema));
  schema.release(&schema);
  EXPECT_EQ(schema.release, nullptr);
}

TEST(Type, NamesAnUnknownFormat) {
  for (std::string format : {"?", "", "+x", "ts", "tsx:", "d:5", "d:39,2", "w:-1", "+ud:1,1",
                             "+us:128", "+w:", "vx", "tdd"}) {
    auto type = Type::primitive(format);
    ASSERT_FALSE(type) << format;
    EXPECT_EQ(type.error().kind, ErrorKind::Unsupported);
    EXPECT_THAT(type.error().message, HasSubstr("'" + format + "'"));
  }
}

TEST(Type, MetadataCanBeSetAndReplaced) {
  Type plain = Type::primitive("C").value();
  Type once = plain.with_metadata("ARROW:extension:name", "dora.ndarray").value();
  EXPECT_FALSE(once.is_primitive());
  EXPECT_NE(once, plain);
  Type both = once.with_metadata("k", "v").value();
  EXPECT_EQ(both.with_metadata("ARROW:extension:name", "dora.ndarray").value(), both);
  ArrowSchema schema{};
  ASSERT_TRUE(once.to_schema(&schema));
  std::string expected("\1\0\0\0\x14\0\0\0ARROW:extension:name\x0c\0\0\0dora.ndarray", 44);
  EXPECT_EQ(std::string(schema.metadata, 44), expected);
  EXPECT_TRUE(once.matches(schema));
  EXPECT_FALSE(plain.matches(schema));
  EXPECT_FALSE(both.matches(schema));
  EXPECT_EQ(Type::from_schema(schema).value(), once);
  schema.release(&schema);
}

TEST(Type, EveryCutOrBentEncodingIsRefusedOrStillAType) {
  Type type = Type::primitive("tsn:Europe/Berlin").value().with_metadata("key", "value").value();
  auto encoded = type.encoded();
  for (std::size_t size = 0; size < encoded.size(); ++size) {
    EXPECT_FALSE(Type::decode(encoded.first(size))) << size;
  }
  for (std::size_t i = 0; i < encoded.size(); ++i) {
    std::vector<std::byte> bent(encoded.begin(), encoded.end());
    bent[i] ^= std::byte{0xff};
    auto other = Type::decode(bent);
    EXPECT_TRUE(!other || *other != type) << i;
  }
}

// docs/array-body.md shows these bytes.
TEST(Body, OfThreeNumbersIsAsDocumented) {
  std::int16_t values[] = {1, 2, 3};
  std::uint8_t validity[] = {0b101};
  TestArray source(3, {validity, values}, {}, -1);
  Type type = Type::primitive("s").value();
  EXPECT_EQ(hex(type.encoded()),
            "01000000"
            "02000000"
            "01000000"
            "7300"
            "00000000"
            "00"
            "00000000");
  Body body = encode(type, source.array, 8);
  EXPECT_EQ(hex(body.bytes()),
            "0103000002000000"
            "0300000000000000"
            "0100000000000000"
            "0500000000000000"
            "010002000300");
}

TEST(Body, OfAPrimitiveIsTheSameByEitherWay) {
  Type type = Type::primitive("i").value();
  std::vector<std::int32_t> values{7, 8, 9, 10, 11};
  TestArray source(5, {nullptr, values.data()});
  for (std::size_t alignment : {8, 64}) {
    Body body = encode(type, source.array, alignment);
    ASSERT_EQ(body.bytes().size(), primitive_body_size(32, 5, alignment));
    std::vector<std::byte> direct(body.bytes().size());
    std::memcpy(write_primitive_head(direct.data(), 5, alignment), values.data(), 20);
    EXPECT_EQ(hex(direct), hex(body.bytes()));
    auto view = primitive_view(type, body.bytes());
    ASSERT_TRUE(view);
    EXPECT_EQ(view->length, 5);
    EXPECT_EQ(std::memcmp(view->data, values.data(), 20), 0);
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(view->data) % alignment, 0u);
    EXPECT_FALSE(primitive_view(type, body.bytes().first(body.bytes().size() - 1)));
  }
}

TEST(Body, OfASliceHoldsOnlyTheSlice) {
  Type type = Type::primitive("u").value();
  std::int32_t offsets[] = {0, 1, 3, 6, 10};
  TestArray source(2, {nullptr, offsets, "abbcccdddd"});
  source.array.offset = 1;
  Body body = encode(type, source.array, 8);
  EXPECT_EQ(body.bytes().size(), 8u + 3 * 8 + 16 + 5);
  Decoded decoded(type, body.bytes());
  EXPECT_THAT(decoded.values<std::int32_t>(), ElementsAre(0, 2));
  EXPECT_EQ(std::string(static_cast<const char*>(decoded.array.buffers[2]), 5), "bbccc");
}

TEST(Body, BitmapsAreShiftedToTheirBegin) {
  Type type = Type::primitive("b").value();
  std::vector<std::uint8_t> bits(64);
  for (std::size_t i = 0; i < bits.size(); ++i)
    bits[i] = static_cast<std::uint8_t>(i * 37 + 11);
  for (std::int64_t offset : {0, 1, 7, 8, 13, 64, 100}) {
    for (std::int64_t length : {0, 1, 7, 8, 9, 63, 64, 65, 200, 511 - 100}) {
      TestArray source(length, {bits.data(), bits.data()}, {}, -1);
      source.array.offset = offset;
      Body body = encode(type, source.array);
      Decoded decoded(type, body.bytes());
      const auto* copied = static_cast<const std::uint8_t*>(decoded.array.buffers[1]);
      std::int64_t nulls = 0;
      for (std::int64_t i = 0; i < length; ++i) {
        int expected = bits[static_cast<std::size_t>((offset + i) / 8)] >> (offset + i) % 8 & 1;
        ASSERT_EQ(copied[i / 8] >> i % 8 & 1, expected) << offset << "+" << i;
        nulls += expected == 0;
      }
      EXPECT_EQ(decoded.array.null_count, nulls);
    }
  }
}

TEST(Encoder, RefusesAnArrayThatIsNotOfTheType) {
  std::int32_t values[] = {1};
  TestArray source(1, {nullptr, values});
  Encoder encoder;
  auto as_text = encoder.prepare(Type::primitive("u").value(), source.array);
  ASSERT_FALSE(as_text);
  EXPECT_THAT(as_text.error().message, HasSubstr("2 buffers instead of 3"));
  source.array.length = -1;
  EXPECT_FALSE(encoder.prepare(Type::primitive("i").value(), source.array));
  source.array.length = 1;
  EXPECT_TRUE(encoder.prepare(Type::primitive("i").value(), source.array));
  source.buffers[1] = nullptr;
  EXPECT_FALSE(encoder.prepare(Type::primitive("i").value(), source.array));
  source.array.release = nullptr;
  EXPECT_FALSE(encoder.prepare(Type::primitive("i").value(), source.array));
}

TEST(Decode, KeepsTheBodyUntilTheLastReleaseAndNotAfterAFailure) {
  Type type = Type::primitive("i").value();
  std::int32_t values[] = {1, 2};
  TestArray source(2, {nullptr, values});
  Body body = encode(type, source.array);
  int released = 0;
  Keep keep{[](void* count) { ++*static_cast<int*>(count); }, &released};
  ArrowArray array{};
  EXPECT_FALSE(decode(type, body.bytes().first(65), keep, &array));
  EXPECT_EQ(released, 0);
  EXPECT_EQ(array.release, nullptr);
  ASSERT_TRUE(decode(type, body.bytes(), keep, &array));
  EXPECT_EQ(released, 0);
  ArrowArray moved = array;
  moved.release(&moved);
  EXPECT_EQ(released, 1);
}

TEST(Decode, RefusesOffsetsOutsideOfTheText) {
  Type type = Type::primitive("u").value();
  std::int32_t offsets[] = {0, 1, 3, 6};
  TestArray source(3, {nullptr, offsets, "abbccc"});
  Body body = encode(type, source.array, 8);
  auto set_offset = [&](std::size_t index, std::int32_t value) {
    std::memcpy(body.bytes().data() + 32 + 4 * index, &value, 4);
  };
  ArrowArray array{};
  set_offset(3, 7);
  auto beyond = decode(type, body.bytes(), {}, &array);
  ASSERT_FALSE(beyond);
  EXPECT_THAT(beyond.error().message, HasSubstr("offsets from 0 to 7 into 6 values"));
  set_offset(3, 6);
  set_offset(1, 100);
  ASSERT_TRUE(decode(type, body.bytes(), {}, &array, Check::Structure));
  array.release(&array);
  EXPECT_FALSE(decode(type, body.bytes(), {}, &array, Check::Full));
  set_offset(1, 1);
  body.bytes()[48] = std::byte{0xff};
  auto text = decode(type, body.bytes(), {}, &array, Check::Full);
  ASSERT_FALSE(text);
  EXPECT_THAT(text.error().message, HasSubstr("not UTF-8"));
}

}  // namespace
}  // namespace dora::array

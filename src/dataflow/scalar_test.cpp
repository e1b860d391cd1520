// SPDX-License-Identifier: Apache-2.0
#include "dataflow/scalar.hpp"

#include <cmath>

#include <gtest/gtest.h>

namespace dora::dataflow {
namespace {

using namespace std::chrono_literals;

YamlNode plain(std::string text) {
  YamlNode node;
  node.is_plain = true;
  node.text = std::move(text);
  return node;
}

TEST(Scalar, MeansWhatYaml12Says) {
  for (const char* text : {"", "~", "null", "Null"}) {
    EXPECT_EQ(scalar_kind(plain(text)), ScalarKind::Null) << text;
  }
  for (const char* text : {"true", "False", "TRUE"}) {
    EXPECT_EQ(scalar_kind(plain(text)), ScalarKind::Bool) << text;
  }
  for (const char* text : {"yes", "no", "on", "off", "y", "0b1", "1_000", "1:30", "-", ".", "+",
                           "1e", "e5", "0x", "--1", "1.2.3", "nan", "inf", "1e+"}) {
    EXPECT_EQ(scalar_kind(plain(text)), ScalarKind::String) << text;
  }
  for (const char* text : {"0", "-1", "+7", "007", "0x1F", "0o17"}) {
    EXPECT_EQ(scalar_kind(plain(text)), ScalarKind::Integer) << text;
  }
  for (const char* text : {"1.", ".5", "-1.5e3", "1e-5", ".inf", "-.INF", ".nan"}) {
    EXPECT_EQ(scalar_kind(plain(text)), ScalarKind::Float) << text;
  }
  YamlNode quoted = plain("5");
  quoted.is_plain = false;
  EXPECT_EQ(scalar_kind(quoted), ScalarKind::String);
  EXPECT_EQ(scalar_kind(plain(std::string(10'000'000, '1'))), ScalarKind::String);
}

TEST(Scalar, KnowsTheBoundsOfIntegers) {
  EXPECT_EQ(unsigned_value(plain("18446744073709551615")), 18446744073709551615u);
  EXPECT_EQ(unsigned_value(plain("18446744073709551616")), std::nullopt);
  EXPECT_EQ(unsigned_value(plain("-1")), std::nullopt);
  EXPECT_EQ(unsigned_value(plain("-0")), 0u);
  EXPECT_EQ(unsigned_value(plain("0x10")), 16u);
  EXPECT_EQ(unsigned_value(plain("0o17")), 15u);
  EXPECT_EQ(integer_value(plain("-9223372036854775808")), INT64_MIN);
  EXPECT_EQ(integer_value(plain("9223372036854775808")), std::nullopt);
}

TEST(Scalar, WritesNumbersAsProgramsExpectThem) {
  EXPECT_EQ(number_text(plain("1.0")), "1");
  EXPECT_EQ(number_text(plain("0.10")), "0.1");
  EXPECT_EQ(number_text(plain("0x10")), "16");
  EXPECT_EQ(number_text(plain("+007")), "7");
  EXPECT_EQ(number_text(plain("1e3")), "1000");
  EXPECT_EQ(number_text(plain("1e21")), "1000000000000000000000");
  EXPECT_EQ(number_text(plain("-1e-7")), "-0.0000001");
  EXPECT_EQ(number_text(plain("99999999999999999999")), "100000000000000000000");
  EXPECT_EQ(number_text(plain(".inf")), "inf");
  EXPECT_EQ(number_text(plain("1e999")), "inf");
  EXPECT_EQ(number_text(plain("1e-999")), "0");
  EXPECT_EQ(number_text(plain(".nan")), "NaN");
}

TEST(Size, TakesUnitsInPowersOf1024) {
  EXPECT_EQ(parse_size("0"), 0u);
  EXPECT_EQ(parse_size("123"), 123u);
  EXPECT_EQ(parse_size("5b"), 5u);
  EXPECT_EQ(parse_size("1k"), 1024u);
  EXPECT_EQ(parse_size("1KB"), 1024u);
  EXPECT_EQ(parse_size("64MB"), 64u << 20);
  EXPECT_EQ(parse_size("64 mb"), 64u << 20);
  EXPECT_EQ(parse_size("1.5G"), 3u << 29);
  for (const char* text : {"", "MB", "-1", "-1MB", "1TB", "1MiB", "1e5", "inf", "nan", "1 M B",
                           "1.2.3K", "99999999999999999999GB", "8589934592GB"}) {
    EXPECT_FALSE(parse_size(text)) << text;
  }
}

TEST(Duration, IsFiniteAndNotNegative) {
  EXPECT_EQ(to_duration(0.25), 250ms);
  EXPECT_EQ(to_duration(0), 0ns);
  EXPECT_EQ(to_duration(-0.1), std::nullopt);
  EXPECT_EQ(to_duration(NAN), std::nullopt);
  EXPECT_EQ(to_duration(INFINITY), std::nullopt);
  EXPECT_EQ(to_duration(1e30), std::nullopt);
}

}  // namespace
}  // namespace dora::dataflow

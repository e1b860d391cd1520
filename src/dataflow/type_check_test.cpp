// SPDX-License-Identifier: Apache-2.0
#include "dataflow/type_check.hpp"

#include <filesystem>
#include <fstream>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "dataflow/load.hpp"

namespace dora::dataflow {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

TypeReport check(const std::string& text, bool is_strict = false) {
  auto loaded = parse(text);
  EXPECT_TRUE(loaded.dataflow) << render(loaded.diagnostics);
  if (!loaded.dataflow) return {};
  return check_types(*loaded.dataflow, TypeLibrary::standard(), is_strict);
}

// a/out of one type is read as b/in of another.
std::string edge(std::string_view from, std::string_view to, std::string_view more = "") {
  return fmt::format(
      "nodes:\n"
      "  - {{id: a, path: a, outputs: [out], output_types: {{out: '{}'}}}}\n"
      "  - {{id: b, path: b, inputs: {{in: a/out}}, input_types: {{in: '{}'}}}}\n{}",
      from, to, more);
}

std::string codes(const TypeReport& report) {
  std::string text;
  for (const Diagnostic& each : report.diagnostics)
    text += (text.empty() ? "" : " ") + each.code;
  return text;
}

TEST(TypeName, IsTakenApart) {
  const auto name = parse_type_name("std/media/v1/AudioFrame[sample_type=f32,channels=2]").value();
  EXPECT_EQ(name.base, "std/media/v1/AudioFrame");
  EXPECT_THAT(name.parameters,
              ElementsAre(testing::Pair("channels", "2"), testing::Pair("sample_type", "f32")));
  for (const char* text : {"", "Image", "/v1/Image", "std/v1/", "std//v1/Image", "std/v1/Image[",
                           "std/v1/Image[x]", "std/v1/Image[=1]", "std/v 1/Image", "a/b]"})
    EXPECT_FALSE(parse_type_name(text)) << text;
}

TEST(TypeCheck, EqualAndWiderTypesFit) {
  const std::pair<const char*, const char*> fitting[] = {
      {"std/media/v1/Image", "std/media/v1/Image"},
      {"std/core/v1/UInt8", "std/core/v1/UInt32"},
      {"std/core/v1/UInt8", "std/core/v1/UInt64"},
      {"std/core/v1/Float32", "std/core/v1/Float64"},
      {"std/vision/v1/Detection", "std/core/v1/Bytes"},
      {"std/media/v1/AudioFrame[sample_type=f32]", "std/media/v1/AudioFrame"},
      {"std/media/v1/AudioFrame", "std/media/v1/AudioFrame[sample_type=i16]"}};
  for (const auto& [from, to] : fitting)
    EXPECT_THAT(check(edge(from, to)).diagnostics, IsEmpty()) << from << " to " << to;
}

TEST(TypeCheck, OthersAreAWarningThatNamesBothEnds) {
  const auto report = check(edge("std/core/v1/Float64", "std/core/v1/Float32"));
  ASSERT_EQ(codes(report), "W012");
  EXPECT_EQ(report.diagnostics[0].severity, Severity::Warning);
  EXPECT_THAT(report.diagnostics[0].message,
              HasSubstr("type mismatch on input `in` of node `b`: `a/out` declares "
                        "`std/core/v1/Float64`, but `std/core/v1/Float32` is expected"));
  EXPECT_EQ(report.diagnostics[0].line, 3u);
  EXPECT_EQ(codes(check(edge("std/media/v1/AudioFrame[sample_type=f32]",
                             "std/media/v1/AudioFrame[sample_type=i16]"))),
            "W012");
}

TEST(TypeCheck, StructsAreComparedFieldByField) {
  const auto report = check(edge("std/math/v1/Vector3", "std/math/v1/Quaternion"));
  ASSERT_EQ(codes(report), "W012");
  EXPECT_EQ(report.diagnostics[0].label, "field `w` is missing in what is sent");
  EXPECT_EQ(codes(check(edge("std/math/v1/Quaternion", "std/math/v1/Vector3"))), "");
  EXPECT_EQ(codes(check(edge("std/math/v1/Pose", "std/control/v1/Twist"))), "W012");
}

TEST(TypeCheck, RulesOfTheDataflowAllowMore) {
  const std::string rules =
      "type_rules:\n"
      "  - {from: std/core/v1/String, to: std/core/v1/Int8}\n"
      "  - {from: std/core/v1/Int8, to: std/core/v1/Int16}\n"
      "  - {from: std/core/v1/Int16, to: std/core/v1/Int32}\n";
  EXPECT_EQ(codes(check(edge("std/core/v1/String", "std/core/v1/Int32", rules))), "");
  // One step too far.
  EXPECT_EQ(codes(check(edge("std/core/v1/String", "std/core/v1/Int64", rules))), "W012");
}

TEST(TypeCheck, UnknownTypesAndPortsAreTold) {
  const auto report = check(
      "nodes:\n"
      "  - {id: a, path: a, outputs: [out], output_types: {ou: std/media/v1/Imag}}\n"
      "  - {id: b, path: b, pattern: service-servr}\n");
  EXPECT_EQ(codes(report), "W011 W010 W013");
  EXPECT_EQ(report.diagnostics[0].help, "did you mean `std/media/v1/Image`?");
  EXPECT_EQ(report.diagnostics[2].help, "did you mean `service-server`?");
}

TEST(TypeCheck, TimersAreNumbersAndAnnotationsOfSendersAreInferred) {
  const auto report = check(
      "nodes:\n"
      "  - {id: a, path: a, outputs: [out], inputs: {tick: dora/timer/secs/1, log: dora/logs},\n"
      "     input_types: {tick: std/core/v1/UInt64, log: std/core/v1/String},\n"
      "     output_types: {out: std/core/v1/Float64}}\n"
      "  - {id: b, path: b, inputs: {in: a/out}}\n");
  EXPECT_EQ(codes(report), "");
  EXPECT_THAT(report.inferred, ElementsAre("inferred std/core/v1/Float64 on b/in (from a/out)"));
}

TEST(TypeCheck, StrictMakesErrorsAndWantsBothEnds) {
  const auto report = check(
      "nodes:\n"
      "  - {id: a, path: a, outputs: [out]}\n"
      "  - {id: b, path: b, inputs: {in: a/out}, input_types: {in: std/core/v1/Bool}}\n",
      true);
  ASSERT_EQ(codes(report), "W014");
  EXPECT_EQ(report.diagnostics[0].severity, Severity::Error);
}

TEST(TypeLibrary, ReadsTheTypesOfAFolder) {
  const auto folder = std::filesystem::temp_directory_path() /
                      fmt::format("dora-types-{}", static_cast<int>(getpid()));
  std::filesystem::create_directories(folder / "mine");
  std::ofstream(folder / "mine/v1.yml")
      << "types:\n"
         "  Reading:\n    arrow: Struct\n    fields: [{name: value, type: Float32}]\n"
         "  Odd: {}\n";
  std::ofstream(folder / "std.yml") << "types: {A: {arrow: Int8}}\n";
  auto library = TypeLibrary::standard();
  DiskFileSource files;
  const auto problems = library.add_folder(folder, files);
  std::filesystem::remove_all(folder);
  ASSERT_NE(library.find("mine/v1/Reading"), nullptr);
  EXPECT_EQ(library.find("mine/v1/Reading")->fields[0].type, "Float32");
  ASSERT_EQ(problems.size(), 2u);
  EXPECT_THAT(problems[0].message, HasSubstr("`Odd` does not say its Arrow type"));
  EXPECT_THAT(problems[1].message, HasSubstr("`std` is reserved"));
  EXPECT_THAT(TypeLibrary::standard().add_folder(folder, files), IsEmpty());
}

TEST(TypeLibrary, KnowsTheFieldsOfItsOwnTypes) {
  const auto library = TypeLibrary::standard();
  EXPECT_EQ(library.full_field_type("Vector3"), "std/math/v1/Vector3");
  EXPECT_EQ(library.full_field_type("List<BoundingBox>"), "List<std/vision/v1/BoundingBox>");
  EXPECT_EQ(library.full_field_type("Float64"), "Float64");
}

}  // namespace
}  // namespace dora::dataflow

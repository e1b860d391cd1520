// SPDX-License-Identifier: Apache-2.0
// Every file in tests/conformance/dataflow: valid ones give a dataflow, invalid ones exactly the
// codes that their expected.txt names.

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <set>
#include <sstream>

#include <gtest/gtest.h>

#include "dataflow/error_codes.hpp"
#include "dataflow/json.hpp"
#include "dataflow/load.hpp"

namespace dora::dataflow {
namespace {

const std::filesystem::path folder = DORA_CONFORMANCE_FOLDER;

std::string content(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

std::map<std::string, std::string> expected_codes(const std::filesystem::path& path) {
  std::map<std::string, std::string> expected;
  std::istringstream lines(content(path));
  for (std::string line; std::getline(lines, line);) {
    auto space = line.find(' ');
    expected[line.substr(0, space)] = line.substr(space + 1);
  }
  return expected;
}

LoadResult check(const std::filesystem::path& path) {
  DiskFileSource files;
  EnvironmentLookup environment = [](const std::string& name) -> std::optional<std::string> {
    if (name == "SET") return "value";
    if (name == "HOME") return "/home/user";
    return std::nullopt;
  };
  return parse(content(path), {.file_name = path.filename().string(),
                               .base_directory = folder,
                               .environment = environment,
                               .files = &files});
}

std::string codes(const LoadResult& result) {
  std::string text;
  for (const Diagnostic& diagnostic : result.diagnostics) {
    text += (text.empty() ? "" : " ") + diagnostic.code;
  }
  return text;
}

std::vector<std::filesystem::path> samples(const std::string& kind) {
  std::vector<std::filesystem::path> paths;
  for (const auto& entry : std::filesystem::directory_iterator(folder / kind)) {
    if (entry.path().extension() == ".yml") paths.push_back(entry.path());
  }
  std::ranges::sort(paths);
  return paths;
}

std::string name_of(const testing::TestParamInfo<std::filesystem::path>& info) {
  std::string name = info.param.stem().string();
  std::ranges::replace(name, '-', '_');
  return name;
}

class ValidSample : public testing::TestWithParam<std::filesystem::path> {};

TEST_P(ValidSample, GivesADataflow) {
  auto result = check(GetParam());
  EXPECT_TRUE(result.dataflow) << render(result.diagnostics);
  auto expected = expected_codes(folder / "valid/expected.txt");
  EXPECT_EQ(codes(result), expected[GetParam().filename()]) << render(result.diagnostics);
}

TEST_P(ValidSample, SurvivesBeingWrittenAsJson) {
  auto result = check(GetParam());
  ASSERT_TRUE(result.dataflow);
  std::string json = to_json(*result.dataflow);
  auto again = parse(json, {.file_name = "json"});
  ASSERT_TRUE(again.dataflow) << json << render(again.diagnostics);
  EXPECT_EQ(to_json(*again.dataflow), json);
}

INSTANTIATE_TEST_SUITE_P(Conformance, ValidSample, testing::ValuesIn(samples("valid")), name_of);

class InvalidSample : public testing::TestWithParam<std::filesystem::path> {};

TEST_P(InvalidSample, IsRefusedWithItsCodes) {
  auto result = check(GetParam());
  EXPECT_FALSE(result.dataflow);
  auto expected = expected_codes(folder / "invalid/expected.txt");
  ASSERT_TRUE(expected.contains(GetParam().filename())) << "add it to expected.txt";
  EXPECT_EQ(codes(result), expected[GetParam().filename()]) << render(result.diagnostics);
}

TEST_P(InvalidSample, HasDiagnosticsThatPointSomewhereAndStaySmall) {
  for (const Diagnostic& diagnostic : check(GetParam()).diagnostics) {
    EXPECT_FALSE(diagnostic.message.empty());
    EXPECT_GT(diagnostic.line, 0u) << diagnostic.message;
    EXPECT_GT(diagnostic.column, 0u);
    EXPECT_LT(render(diagnostic).size(), 2000u);
    EXPECT_NE(find_error_code(diagnostic.code), nullptr) << diagnostic.code;
  }
}

INSTANTIATE_TEST_SUITE_P(Conformance, InvalidSample, testing::ValuesIn(samples("invalid")),
                         name_of);

TEST(Conformance, ReachesEveryCodeThatTheParserHas) {
  std::set<std::string> seen;
  for (const char* kind : {"valid", "invalid"}) {
    for (const auto& path : samples(kind)) {
      for (const Diagnostic& diagnostic : check(path).diagnostics)
        seen.insert(diagnostic.code);
    }
  }
  // These need the disk, or are found later: see load_test.cpp, program_check_test.cpp,
  // type_check_test.cpp and hub/hub_test.cpp.
  const std::set<std::string_view> elsewhere{"E001", "E035", "E040", "E041", "E042",
                                             "W005", "W010", "W011", "W012", "W013",
                                             "W014", "W015", "E050", "E051", "E052"};
  for (const ErrorCode& row : error_codes()) {
    EXPECT_NE(seen.contains(std::string(row.code)), elsewhere.contains(row.code)) << row.code;
  }
}

}  // namespace
}  // namespace dora::dataflow

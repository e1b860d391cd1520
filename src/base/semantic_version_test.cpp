// SPDX-License-Identifier: Apache-2.0
#include "base/semantic_version.hpp"

#include <gtest/gtest.h>

namespace dora {
namespace {

bool fits(std::string_view requirement, std::string_view version) {
  return VersionRequirement::parse(requirement)
      .value()
      .matches(SemanticVersion::parse(version).value());
}

TEST(SemanticVersion, IsComparedAsTheRulesSay) {
  constexpr std::string_view rising[] = {"1.0.0-alpha", "1.0.0-alpha.1", "1.0.0-alpha.beta",
                                         "1.0.0-beta",  "1.0.0-beta.2",  "1.0.0-beta.11",
                                         "1.0.0-rc.1",  "1.0.0",         "1.0.1",
                                         "1.2.0",       "1.10.0",        "2.0.0"};
  for (std::size_t i = 0; i + 1 < std::size(rising); ++i) {
    EXPECT_LT(SemanticVersion::parse(rising[i]).value(),
              SemanticVersion::parse(rising[i + 1]).value())
        << rising[i];
  }
  EXPECT_EQ(SemanticVersion::parse("1.0.0+a").value(), SemanticVersion::parse("1.0.0+b").value());
  EXPECT_EQ(SemanticVersion::parse("1.2.3-rc.1+x.7").value().text(), "1.2.3-rc.1+x.7");
}

TEST(SemanticVersion, RefusesWhatIsNone) {
  for (const char* bad :
       {"", "1", "1.2", "1.2.x", "v1.2.3", "1.2.3.4", "01.2.3", "1.2.3-", "1.2.3-01", "1.2.3+",
        " 1.2.3", "1.2.3-a..b", "99999999999999999999.0.0", "latest", "1.2.*"})
    EXPECT_FALSE(SemanticVersion::parse(bad)) << bad;
  EXPECT_FALSE(SemanticVersion::parse(std::string(10'000, '1')));
}

TEST(VersionRequirement, MatchesAsCargoDoes) {
  for (const auto& [requirement, version] :
       std::initializer_list<std::pair<const char*, const char*>>{
           {"*", "0.0.1"},      {"^0.5", "0.5.9"},
           {"0.5", "0.5.0"},    {"^1.2", "1.9.0"},
           {"~2.1", "2.1.7"},   {"~2", "2.9.0"},
           {"~1.2.3", "1.2.9"}, {">=0.5, <0.7", "0.6.99"},
           {"=1.2.3", "1.2.3"}, {"=1.2", "1.2.9"},
           {"1.*", "1.9.0"},    {"1.2.*", "1.2.0"},
           {">1.2", "1.3.0"},   {">1.2.3", "1.2.4"},
           {"<=1.2", "1.2.9"},  {"<=1.2.3", "1.2.3"},
           {"^0.0.3", "0.0.3"}, {"^0", "0.9.0"},
           {"^0.0", "0.0.9"},   {">=1.0.0-rc.1", "1.0.0-rc.2"},
           {"x", "7.0.0"}})
    EXPECT_TRUE(fits(requirement, version)) << requirement << " " << version;
  for (const auto& [requirement, version] :
       std::initializer_list<std::pair<const char*, const char*>>{{"^0.5", "0.6.0"},
                                                                  {"^1.2", "2.0.0"},
                                                                  {"^1.2", "1.1.9"},
                                                                  {"~2.1", "2.2.0"},
                                                                  {"=1.2.3", "1.2.4"},
                                                                  {"=1.2.3", "1.2.3-rc.1"},
                                                                  {"1.*", "2.0.0"},
                                                                  {">1.2", "1.2.9"},
                                                                  {"<1.2.3", "1.2.3"},
                                                                  {"<=1.2", "1.3.0"},
                                                                  {"^0.0.3", "0.0.4"},
                                                                  {"*", "1.0.0-rc.1"},
                                                                  {"^1.0", "1.5.0-rc.1"},
                                                                  {">=1.0.0-rc.1", "1.1.0-rc.2"}})
    EXPECT_FALSE(fits(requirement, version)) << requirement << " " << version;
}

TEST(VersionRequirement, RefusesWhatIsNone) {
  for (const char* bad : {"", "latest", "^", ">=", "1.2.3.4", "^1.*", "a@b", "1,,2", "1.*.3", "=>1",
                          ">=1 <2", "^1.2-rc"})
    EXPECT_FALSE(VersionRequirement::parse(bad)) << bad;
}

}  // namespace
}  // namespace dora

// SPDX-License-Identifier: Apache-2.0
// docs/dataflow-yaml.md shows the key tables, docs/errors.md the codes. After a change of a table:
// DORA_WRITE_DOCUMENTS=1 build/dev/src/dataflow_tests --gtest_filter='Documents.*'

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "base/checked_document.hpp"
#include "dataflow/error_codes.hpp"
#include "dataflow/keys.hpp"

namespace dora::dataflow {
namespace {

std::string scope_text(unsigned scope) {
  if (scope == ForEveryNode) return "every";
  constexpr std::pair<unsigned, std::string_view> names[] = {{ForProgram, "program"},
                                                             {ForOperators, "operators"},
                                                             {ForRos2, "ROS 2"},
                                                             {ForModule, "module"},
                                                             {ForTimer, "timer"}};
  std::string text;
  for (const auto& [bit, name] : names)
    if ((scope & bit) != 0) text += fmt::format("{}{}", text.empty() ? "" : ", ", name);
  return text;
}

std::string escaped(std::string_view text) {
  std::string result;
  for (char c : text)
    result += c == '|' ? std::string("\\|") : std::string(1, c);
  return result;
}

std::string markdown(const KeyTable& table) {
  const bool has_scope = &table == &node_keys;
  std::string text = fmt::format("| Key | Value | Without it |{} Meaning |\n|---|---|---|{}---|\n",
                                 has_scope ? " For |" : "", has_scope ? "---|" : "");
  for (const Key& key : table.keys) {
    text += fmt::format(
        "| `{}` | {} | {} |{} {} |\n", key.name, escaped(key.type), escaped(key.fallback),
        has_scope ? fmt::format(" {} |", scope_text(key.scope)) : "", escaped(key.doc));
  }
  return text;
}

TEST(Documents, DataflowYamlShowsEveryKey) {
  CheckedDocument document(DORA_SOURCE_FOLDER "/docs/dataflow-yaml.md");
  for (const KeyTable* table : all_key_tables())
    EXPECT_EQ(document.part(table->name, markdown(*table)), markdown(*table));
}

TEST(Documents, ErrorsShowsEveryCode) {
  CheckedDocument document(DORA_SOURCE_FOLDER "/docs/errors.md");
  for (char letter : {'E', 'W'}) {
    std::string text;
    for (const ErrorCode& code : error_codes())
      if (code.code.starts_with(letter))
        text += fmt::format("### {}: {}\n\n{}\n\n", code.code, code.title, code.explanation);
    const std::string name = letter == 'E' ? "errors" : "warnings";
    EXPECT_EQ(document.part(name, text), text);
  }
}

}  // namespace
}  // namespace dora::dataflow

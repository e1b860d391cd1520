// SPDX-License-Identifier: Apache-2.0
#include "cli/topics.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace dora::cli {
namespace {

constexpr Topic topic_table[] = {
    {"yaml", "The dataflow file: every key", "dataflow-yaml"},
    {"modules", "Files of nodes that take the place of one node", "dataflow-yaml", "## Modules"},
    {"building", "What a node needs before it runs; Python environments", "building"},
    {"packages", "Nodes that others have published", "hub"},
    {"cpp", "Nodes and operators in C++ and C", "c-and-cpp"},
    {"queues", "What happens when a node is slower than its input", "queues"},
    {"lifecycle", "Start, end, restart and failure of a node", "node-lifecycle"},
    {"logs", "What nodes say, and where it is kept", "logs"},
    {"env", "The environment variables of dora", "environment"},
    {"exit-codes", "What the exit code of a command means", "errors", "## Exit codes"},
    {"errors", "Kinds of errors, and every error code", "errors"},
};

}  // namespace

std::span<const Topic> topics() {
  return topic_table;
}

std::optional<std::string> topic_text(std::string_view name) {
  const auto topic = std::ranges::find(topic_table, name, &Topic::name);
  if (topic == std::end(topic_table)) return std::nullopt;
  const auto page = std::ranges::find(pages(), topic->page, &Page::name);
  if (page == pages().end()) return std::nullopt;
  std::string text;
  // Marks of the tests, and the heading that the name of the topic says already.
  for (std::string_view rest = page->text; !rest.empty();) {
    const std::string_view line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(std::min(rest.size(), line.size() + 1));
    if (!line.starts_with("<!--")) text += fmt::format("{}\n", line);
  }
  if (topic->part.empty()) return text;
  const auto begin = text.find(fmt::format("{}\n", topic->part));
  if (begin == std::string::npos) return text;
  const auto end = text.find("\n## ", begin);
  return text.substr(begin, end == std::string::npos ? end : end - begin);
}

}  // namespace dora::cli

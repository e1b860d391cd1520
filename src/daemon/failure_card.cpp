// SPDX-License-Identifier: Apache-2.0
#include "daemon/failure_card.hpp"

#include <algorithm>
#include <ranges>
#include <string_view>

#include <fcntl.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <sys/stat.h>

#include "base/clock.hpp"
#include "base/file_descriptor.hpp"
#include "daemon/line_assembler.hpp"

namespace dora::daemon {
namespace {

constexpr std::size_t most_source_bytes = std::size_t{4} << 20;
constexpr std::size_t most_inputs = 4;
/// A line of minified code is no help on a screen.
constexpr std::size_t longest_source_line = 160;

/// "ZeroDivisionError" of "ZeroDivisionError: division by zero", "std::bad_alloc" of itself; empty
/// for a sentence.
std::string_view kind_of(std::string_view error) {
  const std::string_view kind = error.substr(0, error.find(": "));
  const bool is_name = std::ranges::all_of(kind, [](unsigned char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '.' || c == ':' || c >= 0x80;
  });
  return is_name ? kind : std::string_view();
}

std::string title(const FailureFacts& facts) {
  std::string how = facts.status.signal != 0 ? signal_name(facts.status.signal)
                                             : fmt::format("exit {}", facts.status.code);
  const std::string_view kind =
      facts.report ? kind_of(facts.report->error.what) : std::string_view();
  if (!kind.empty()) how += fmt::format(", {}", kind);
  return fmt::format("✗ {} {}  ({})  after {}\n", facts.node,
                     facts.is_ended_by_dora ? "was killed" : "crashed", how,
                     format_duration(facts.lived));
}

std::string_view indent_of(std::string_view line) {
  return line.substr(0, std::min(line.find_first_not_of(" \t"), line.size()));
}

std::string place_text(const FailureFacts& facts) {
  const ReportedError& error = facts.report->error;
  if (!error.place) return fmt::format("    cause    {}\n", error.what);
  const SourcePlace& place = *error.place;
  std::string text = fmt::format("    {}\n", to_text(place, facts.folder.native()));
  std::vector<std::string> lines = facts.source;
  if (lines.empty() && !place.text.empty()) lines.push_back("    " + place.text);
  if (lines.empty()) return text + fmt::format("    cause    {}\n", error.what);
  const auto width = std::to_string(place.line).size();
  const std::string indent(indent_of(lines.back()));
  for (std::size_t i = 0; i < lines.size(); ++i) {
    const bool is_last = i + 1 == lines.size();
    const std::size_t number = place.line - (lines.size() - 1 - i);
    text += fmt::format("    {} {:>{}} | {}\n", is_last ? ">" : " ", number, width, lines[i]);
  }
  const std::string_view gap = place.marks.empty() ? "" : " ";
  return text +
         fmt::format("      {:>{}} | {}{}{}{}\n", "", width, indent, place.marks, gap, error.what);
}

std::string affected_text(const FailureFacts& facts) {
  std::vector<std::string> nodes;
  for (const FailureFacts::Affected& each : facts.affected)
    nodes.push_back(fmt::format("{} ({})", each.node, each.status));
  std::string policy = to_string(facts.restart.policy);
  if (facts.restart.policy != RestartPlan::Policy::Never && facts.restart.max_restarts > 0)
    policy += fmt::format(", {} times at most", facts.restart.max_restarts);
  return fmt::format("    affects  {}    policy restart: {}\n",
                     nodes.empty() ? "no other node" : fmt::format("{}", fmt::join(nodes, ", ")),
                     policy);
}

}  // namespace

std::string failure_card(const FailureFacts& facts) {
  std::string text = title(facts);
  if (facts.report) {
    text += place_text(facts);
    if (facts.report->because) {
      text += fmt::format("    because  {}\n",
                          to_sentence(*facts.report->because, facts.folder.native()));
    }
  }
  for (const FailureFacts::Input& input : facts.inputs | std::views::take(most_inputs)) {
    text += fmt::format("    input    {}: {} message{} from {}\n", input.id, input.messages,
                        input.messages == 1 ? "" : "s", input.source);
  }
  if (facts.inputs.size() > most_inputs)
    text += fmt::format("    inputs   {} more\n", facts.inputs.size() - most_inputs);
  text += affected_text(facts);
  if (!facts.core.empty()) text += fmt::format("    core     {}\n", facts.core);
  return text + fmt::format("    next     dora logs {} --node {}", facts.run_id, facts.node);
}

std::vector<std::string> source_lines(const SourcePlace& place, const std::filesystem::path& folder,
                                      std::size_t count) {
  // What a node prints names the file: a pipe or a device there must not hold us up.
  const FileDescriptor file(
      ::open((folder / place.file).c_str(), O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
  struct stat status{};
  if (!file || ::fstat(file.get(), &status) != 0 || !S_ISREG(status.st_mode)) return {};
  const auto text = read_all(file.get(), most_source_bytes);
  if (!text) return {};
  std::vector<std::string> lines;
  std::uint32_t number = 0;
  for (const auto part : *text | std::views::split('\n')) {
    if (++number > place.line) break;
    if (number + count <= place.line) continue;
    std::string_view line(part.begin(), part.end());
    line = line.substr(0, longest_source_line);
    lines.push_back(to_utf8(without_escapes(line)));
  }
  if (number < place.line || lines.empty()) return {};
  const std::string_view last =
      std::string_view(lines.back()).substr(indent_of(lines.back()).size());
  const auto compared = std::min(last.size(), place.text.size());
  const bool is_same = last.substr(0, compared) == place.text.substr(0, compared);
  if (last.empty() || (compared == 0 && !place.text.empty()) || !is_same) return {};
  return lines;
}

}  // namespace dora::daemon

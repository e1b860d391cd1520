// SPDX-License-Identifier: Apache-2.0
#include "cli/dataflow_picker.hpp"

#include <charconv>
#include <string>
#include <string_view>

#include <fmt/format.h>
#include <unistd.h>

#include "base/file_descriptor.hpp"
#include "cli/console_text.hpp"
#include "cli/terminal.hpp"

namespace dora::cli {
namespace {

// What was typed before Enter; the terminal itself sees to editing.
std::string typed_line() {
  char text[256];
  const auto length = retry_interrupted([&] { return ::read(STDIN_FILENO, text, sizeof text); });
  std::string line(text, length > 0 ? static_cast<std::size_t>(length) : 0);
  while (!line.empty() && (line.back() == '\n' || line.back() == '\r' || line.back() == ' '))
    line.pop_back();
  return line;
}

}  // namespace

bool can_pick() {
  return ::isatty(STDIN_FILENO) == 1 && ::isatty(STDERR_FILENO) == 1;
}

Result<RunningDataflow> pick_dataflow(const std::vector<RunningDataflow>& dataflows) {
  std::string question = "Several dataflows are running:\n";
  for (std::size_t i = 0; i < dataflows.size(); ++i) {
    const std::string name = dataflows[i].name.empty() ? "<unnamed>" : dataflows[i].name;
    question +=
        fmt::format("  {}  [{}] {}\n", i + 1, terminal_safe(name, false), dataflows[i].uuid);
  }
  print_notice(question + fmt::format("Which one (1 to {})? ", dataflows.size()));
  const std::string line = typed_line();
  std::size_t number = 0;
  const auto [end, error] = std::from_chars(line.data(), line.data() + line.size(), number);
  if (error == std::errc() && end == line.data() + line.size() && number >= 1 &&
      number <= dataflows.size())
    return dataflows[number - 1];
  for (const RunningDataflow& each : dataflows)
    if (!line.empty() && (each.name == line || each.uuid == line)) return each;
  return fail(ErrorKind::InvalidInput,
              line.empty() ? "no dataflow was chosen"
                           : fmt::format("`{}` is none of them", terminal_safe(line, false)));
}

}  // namespace dora::cli

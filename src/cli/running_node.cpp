// SPDX-License-Identifier: Apache-2.0
#include "cli/running_node.hpp"

#include <cctype>

#include "cli/daemon_address.hpp"
#include "cli/duration.hpp"

namespace dora::cli {

using namespace std::chrono_literals;

Result<std::vector<RunningDataflow>> running_dataflows(const CommandContext& context) {
  const DaemonAddress address = TRY(daemon_address(context.command, context.environment));
  Survey survey = TRY(survey_dataflows(std::chrono::steady_clock::now() + 5s, address.only(),
                                       daemon::Usage::Measured));
  for (const Error& error : survey.errors)
    print_warning(context.terminal, error.message);
  std::erase_if(survey.dataflows, [](const RunningDataflow& each) { return !each.is_running(); });
  return std::move(survey.dataflows);
}

Result<RunningDataflow> running_dataflow(const CommandContext& context) {
  return choose_dataflow(TRY(running_dataflows(context)), context.command.value("--dataflow"));
}

Result<std::chrono::nanoseconds> grace_of(const CommandContext& context,
                                          std::chrono::nanoseconds usual) {
  const auto text = context.command.value("--grace");
  return text ? parse_duration(*text) : usual;
}

int finish(const CommandContext& context, const Result<>& done) {
  if (done) return 0;
  print_error(context.terminal, done.error().message);
  return exit_code_of(done.error());
}

std::string status_word(std::string_view status) {
  if (status.empty()) return "Unknown";
  std::string word(status);
  word.front() = static_cast<char>(std::toupper(static_cast<unsigned char>(word.front())));
  return word;
}

}  // namespace dora::cli

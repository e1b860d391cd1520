// SPDX-License-Identifier: Apache-2.0
// The `dora` program.
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "base/version.hpp"
#include "cli/command_line.hpp"
#include "cli/commands.hpp"
#include "cli/help.hpp"
#include "cli/terminal.hpp"

namespace dora::cli {
namespace {

std::optional<std::string> environment(std::string_view name) {
  const char* value = std::getenv(std::string(name).c_str());
  if (value == nullptr || *value == '\0') return std::nullopt;
  return value;
}

// What was typed after `--color`, on a command line that may be wrong.
std::string typed_color(const std::vector<std::string>& words) {
  for (std::size_t i = 0; i < words.size() && words[i] != "--"; ++i) {
    if (words[i].starts_with("--color=")) return words[i].substr(8);
    if (words[i] == "--color" && i + 1 < words.size()) return words[i + 1];
  }
  return environment("DORA_COLOR").value_or("auto");
}

int fail_usage(const UsageError& error, const std::vector<std::string>& words) {
  const Terminal terminal = Terminal::inspect(typed_color(words), environment);
  if (error.message.empty()) {
    print_notice(beginner_help());
    return exit_usage;
  }
  print_error(terminal, error.message);
  if (error.command != nullptr) {
    print_notice(usage(*error.command) + "\n" + "`dora " + std::string(error.command->name) +
                 " --help` tells more\n");
  } else if (error.family != nullptr) {
    print_notice(family_help(*error.family));
  } else {
    print_notice("usage: dora COMMAND [FLAGS] [ARGUMENTS]\n`dora help` lists the commands\n");
  }
  return exit_usage;
}

std::string help_text(const HelpWanted& wanted) {
  if (wanted.command != nullptr) return command_help(*wanted.command);
  return wanted.family != nullptr ? family_help(*wanted.family) : general_help();
}

int run_program(const std::vector<std::string>& words) {
  const StandardStreams streams = open_standard_streams();
  const CommandLine line = parse_command_line(words, environment);
  if (const auto* error = std::get_if<UsageError>(&line)) return fail_usage(*error, words);
  if (const auto* wanted = std::get_if<HelpWanted>(&line)) {
    print_result(help_text(*wanted));
    return 0;
  }
  if (std::holds_alternative<VersionWanted>(line)) {
    print_result("dora " + std::string(version()) + "\n");
    return 0;
  }
  const auto& command = std::get<ParsedCommand>(line);
  const Environment variables = environment;
  const CommandContext context{command, variables, Terminal::inspect(command, variables, streams)};
  return command.command().run(context);
}

}  // namespace
}  // namespace dora::cli

int main(int argc, char** argv) {
  // Writing to a reader that went away is an error code, not the end.
  std::signal(SIGPIPE, SIG_IGN);
  // And so is a file that would grow beyond `ulimit -f`.
  std::signal(SIGXFSZ, SIG_IGN);
  // Before anything else: scripts ask for the version very often.
  if (argc == 2 &&
      (std::string_view(argv[1]) == "--version" || std::string_view(argv[1]) == "-V")) {
    std::printf("dora %s\n", std::string(dora::version()).c_str());
    return 0;
  }
  const std::vector<std::string> words(argv + (argc > 0 ? 1 : 0), argv + argc);
  return dora::cli::run_program(words);
}

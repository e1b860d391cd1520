// SPDX-License-Identifier: Apache-2.0
// The `dora` program.
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include <unistd.h>

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

int fail_usage(const UsageError& error) {
  Terminal terminal;
  terminal.is_stderr_colored =
      ::isatty(STDERR_FILENO) == 1 && !environment("NO_COLOR") && environment("TERM") != "dumb";
  if (!error.message.empty()) print_error(terminal, error.message);
  if (error.command != nullptr) {
    print_notice(usage(*error.command) + "\n" + "`dora " + std::string(error.command->name) +
                 " --help` tells more\n");
  } else if (error.message.empty()) {
    print_notice(general_help());
  } else {
    print_notice("usage: dora COMMAND [FLAGS] [ARGUMENTS]\n`dora help` lists the commands\n");
  }
  return exit_usage;
}

int run_command(const ParsedCommand& command, const StandardStreams& streams) {
  const Environment variables = environment;
  auto terminal = Terminal::inspect(command, variables, streams);
  if (!terminal) return fail_usage({terminal.error().message, &command.command()});
  const CommandContext context{command, variables, *terminal};
  const std::string_view name = command.command().name;
  if (name == "run") return run(context);
  if (name == "stop") return stop(context);
  if (name == "list") return list(context);
  return validate(context);
}

int run_program(const std::vector<std::string>& words) {
  const StandardStreams streams = open_standard_streams();
  const CommandLine line = parse_command_line(words, environment);
  if (const auto* error = std::get_if<UsageError>(&line)) return fail_usage(*error);
  if (const auto* wanted = std::get_if<HelpWanted>(&line)) {
    print_result(wanted->command == nullptr ? general_help() : command_help(*wanted->command));
    return 0;
  }
  if (std::holds_alternative<VersionWanted>(line)) {
    print_result("dora " + std::string(version()) + "\n");
    return 0;
  }
  return run_command(std::get<ParsedCommand>(line), streams);
}

}  // namespace
}  // namespace dora::cli

int main(int argc, char** argv) {
  // Writing to a reader that went away is an error code, not the end.
  std::signal(SIGPIPE, SIG_IGN);
  // Before anything else: scripts ask for the version very often.
  if (argc == 2 &&
      (std::string_view(argv[1]) == "--version" || std::string_view(argv[1]) == "-V")) {
    std::printf("dora %s\n", std::string(dora::version()).c_str());
    return 0;
  }
  const std::vector<std::string> words(argv + (argc > 0 ? 1 : 0), argv + argc);
  return dora::cli::run_program(words);
}

// SPDX-License-Identifier: Apache-2.0
// `dora exec`: runs a command where a node runs: its folder, its variables, its Python.
#include <array>
#include <chrono>
#include <csignal>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <string.h>
#include <unistd.h>

#include "base/file_descriptor.hpp"
#include "cli/commands.hpp"
#include "cli/control_client.hpp"
#include "cli/daemon_address.hpp"
#include "cli/shared_flags.hpp"

namespace dora::cli {
namespace {

using namespace std::chrono_literals;

// As shells say it.
constexpr int exit_not_executable = 126;
constexpr int exit_no_such_command = 127;

std::vector<char*> pointers(std::vector<std::string>& texts) {
  std::vector<char*> all;
  for (std::string& text : texts)
    all.push_back(text.data());
  all.push_back(nullptr);
  return all;
}

Result<int> execute(const CommandContext& context) {
  std::vector<std::string> words = context.command.arguments();
  const std::string node = words.front();
  words.erase(words.begin());
  const DaemonAddress address = TRY(daemon_address(context.command, context.environment));
  const RunningDataflow dataflow =
      TRY(find_dataflow_of_node(node, context.command.value("--dataflow"), address.only()));
  daemon::NodeSurroundings surroundings =
      TRY(ask_surroundings(dataflow, node, std::chrono::steady_clock::now() + 5s));
  if (::chdir(surroundings.working_directory.c_str()) != 0)
    return fail_errno("entering " + surroundings.working_directory.string());
  std::vector<std::string> variables;
  for (const auto& [name, value] : surroundings.environment)
    variables.push_back(fmt::format("{}={}", name, value));
  auto environment = pointers(variables);
  auto arguments = pointers(words);
  std::signal(SIGPIPE, SIG_DFL);
  std::signal(SIGXFSZ, SIG_DFL);
  // The command is looked for where the node would find it. NOLINTNEXTLINE(concurrency-mt-unsafe)
  if (::setenv("PATH", surroundings.environment["PATH"].c_str(), 1) != 0)
    return fail_errno("setting PATH");
  ::execvpe(arguments.front(), arguments.data(), environment.data());
  const int error = errno;
  print_error(context.terminal,
              fmt::format("executing {}: {}", words.front(), strerrordesc_np(error)));
  return error == ENOENT ? exit_no_such_command : exit_not_executable;
}

int exec(const CommandContext& context) {
  const auto code = execute(context);
  if (code) return *code;
  print_error(context.terminal, code.error().message);
  return exit_code_of(code.error());
}

constexpr auto exec_flags = join_flags(std::array{dataflow_flag}, coordinator_flags);

}  // namespace

constinit const Command exec_command{
    .name = "exec",
    .group = Group::Look,
    .summary = "Run a command where a node runs: in its folder, with its variables and its Python",
    .arguments = {{{"NODE", "A node of a running dataflow", Argument::Takes::One, Complete::Nodes},
                   {"COMMAND", "The command and its arguments, behind `--`",
                    Argument::Takes::Several}}},
    .flags = exec_flags,
    .description =
        "The exit code is that of the command; 127 when there is no such command, 126 when it "
        "cannot be "
        "executed.",
    .examples =
        "dora exec detector -- python -m pip list\n"
        "dora exec detector -- env",
    .run = exec,
};

}  // namespace dora::cli

// SPDX-License-Identifier: Apache-2.0
// `dora self`: dora came with a package, and the package manager changes and removes it.
#include <fmt/format.h>

#include "base/version.hpp"
#include "cli/commands.hpp"
#include "daemon/program_lookup.hpp"

namespace dora::cli {
namespace {

// The pip of the environment that holds this program.
std::string pip() {
  const auto python = daemon::own_program_directory() / "python";
  std::error_code error;
  return std::filesystem::exists(python, error) ? python.string() + " -m pip" : "pip";
}

int update(const CommandContext& context) {
  print_result(fmt::format("dora {}\n", version()));
  if (context.command.has("--check-only")) return 0;
  print_error(context.terminal, fmt::format("dora is updated by the package manager that installed "
                                            "it: {} install --upgrade dora-cpp",
                                            pip()));
  return exit_failed;
}

int uninstall(const CommandContext& context) {
  print_error(context.terminal, fmt::format("dora is removed by the package manager that installed "
                                            "it: {} uninstall dora-cpp",
                                            pip()));
  return exit_failed;
}

constexpr Flag update_flags[] = {
    {.name = "--check-only", .help = "Only print the version"},
};

constexpr Flag uninstall_flags[] = {
    {.name = "--force"},
};

}  // namespace

constinit const Command self_update_command{
    .name = "self update",
    .group = Group::Help,
    .summary = "Tell how dora is updated",
    .flags = update_flags,
    .examples = "dora self update --check-only",
    .run = update,
};

constinit const Command self_uninstall_command{
    .name = "self uninstall",
    .group = Group::Help,
    .summary = "Tell how dora is removed",
    .flags = uninstall_flags,
    .examples = "dora self uninstall",
    .run = uninstall,
};

}  // namespace dora::cli

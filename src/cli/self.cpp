// SPDX-License-Identifier: Apache-2.0
// `dora self`: dora came with a package, and the package manager changes and removes it; what the
// package holds for C and C++ lies beside the program.
#include <optional>

#include <boost/json.hpp>
#include <fmt/format.h>

#include "base/version.hpp"
#include "cli/commands.hpp"
#include "cli/shared_flags.hpp"
#include "daemon/program_lookup.hpp"

namespace dora::cli {
namespace {

namespace json = boost::json;

// The pip of the environment that holds this program.
std::string pip() {
  const auto python = daemon::own_program_directory() / "python";
  std::error_code error;
  return std::filesystem::exists(python, error) ? python.string() + " -m pip" : "pip";
}

int update(const CommandContext& context) {
  if (wants_json(context.command)) {
    const json::value answer = {{"schema_version", 1}, {"version", version()}};
    print_result(json::serialize(answer) + "\n");
  } else {
    print_result(fmt::format("dora {}\n", version()));
  }
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

namespace fs = std::filesystem;

/// <prefix>/lib/python3.x/site-packages/dora/cmake, for <prefix>/bin/dora.
std::optional<fs::path> find_cmake_package() {
  std::error_code error;
  const fs::path library = daemon::own_program_directory().parent_path() / "lib";
  for (fs::directory_iterator each(library, error), end; !error && each != end;
       each.increment(error)) {
    if (!each->path().filename().string().starts_with("python3")) continue;
    for (const char* packages : {"site-packages", "dist-packages"}) {
      fs::path folder = each->path() / packages / "dora/cmake";
      std::error_code missing;
      if (fs::exists(folder / "doraConfig.cmake", missing)) return folder;
    }
  }
  return std::nullopt;
}

int print_cmake_dir(const CommandContext& context) {
  const auto folder = find_cmake_package();
  if (!folder) {
    print_error(context.terminal,
                fmt::format("there is no CMake package beside {}\n"
                            "  = help: it comes with the package dora-cpp: `{} install dora-cpp`",
                            (daemon::own_program_directory() / "dora").string(), pip()));
    return exit_not_found;
  }
  if (wants_json(context.command)) {
    const json::value answer = {{"schema_version", 1}, {"folder", folder->string()}};
    print_result(json::serialize(answer) + "\n");
  } else {
    print_result(folder->string() + "\n");
  }
  return 0;
}

constexpr Flag update_flags[] = {
    {.name = "--check-only", .help = "Only print the version"},
    json_flag,
};

constexpr Flag cmake_dir_flags[] = {json_flag};

constexpr Flag uninstall_flags[] = {
    {.name = "--force"},
};

}  // namespace

constinit const Command self_cmake_dir_command{
    .name = "self cmake-dir",
    .group = Group::Help,
    .summary = "Print where the CMake package for C and C++ is",
    .flags = cmake_dir_flags,
    .description =
        "What `find_package(dora)` is to find: give it to CMake as `dora_DIR`, as in\n"
        "`cmake -B build -Ddora_DIR=$(dora self cmake-dir)`.",
    .examples = "dora self cmake-dir",
    .run = print_cmake_dir,
};

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

// SPDX-License-Identifier: Apache-2.0
// `dora doctor`: whether everything is there that dataflows need.
#include <cerrno>
#include <iostream>
#include <map>

#include <boost/json.hpp>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cli/commands.hpp"
#include "cli/dataflow_file.hpp"
#include "cli/doctor_checks.hpp"
#include "cli/shared_flags.hpp"

namespace dora::cli {
namespace {

namespace json = boost::json;
using Level = Check::Level;

std::string_view color_of(Level level) {
  switch (level) {
    case Level::Pass:
      return "\x1b[32m";
    case Level::Note:
      return "\x1b[36m";
    case Level::Warn:
      return "\x1b[33m";
    case Level::Fail:
      return "\x1b[1;31m";
  }
  return "";
}

std::string to_line(const Check& check, bool colored) {
  std::string text = fmt::format("  {}{}{}  {}\n", colored ? color_of(check.level) : "",
                                 to_text(check.level), colored ? "\x1b[0m" : "", check.text);
  if (!check.advice.empty()) text += fmt::format("        {}\n", check.advice);
  return text;
}

std::string to_json_line(const Check& check) {
  const json::value line = {
      {"schema_version", 1},           {"check", check.name},
      {"level", to_text(check.level)}, {"text", check.text},
      {"advice", check.advice},        {"fix", fmt::format("{}", fmt::join(check.fix, " "))}};
  return json::serialize(line) + "\n";
}

// Shows each check as soon as it is known, so that nothing seems to hang.
class Visit {
 public:
  Visit(const Terminal& terminal, bool as_json) : terminal_(terminal), as_json_(as_json) {}

  void show(std::vector<Check> checks) {
    for (Check& check : checks) {
      failures_ += check.level == Level::Fail ? 1 : 0;
      const bool is_worth_a_line = !terminal_.is_quiet || check.level == Level::Fail;
      if (as_json_) {
        print_result(to_json_line(check));
      } else if (is_worth_a_line) {
        print_result(to_line(check, terminal_.is_stdout_colored));
      }
      if (!check.fix.empty()) fixable_.push_back(std::move(check));
    }
  }

  int failures() const { return failures_; }
  const std::vector<Check>& fixable() const { return fixable_; }

 private:
  const Terminal& terminal_;
  bool as_json_;
  int failures_ = 0;
  std::vector<Check> fixable_;
};

Check check_dataflow(const std::string& path, const CommandContext& context) {
  int exit_code = 0;
  const auto file = read_dataflow_file(path, context.terminal, context.environment, exit_code);
  if (file && file->loaded.dataflow)
    return {"dataflow", Level::Pass, fmt::format("Dataflow validation: {} OK", path)};
  if (file) print_diagnostics(file->loaded, context.terminal, "");
  return {"dataflow", Level::Fail, fmt::format("Dataflow validation: {} FAILED", path),
          fmt::format("dora validate {}", path)};
}

bool run_fix(const std::vector<std::string>& command) {
  std::vector<char*> arguments;
  for (const std::string& word : command)
    arguments.push_back(const_cast<char*>(word.c_str()));
  arguments.push_back(nullptr);
  pid_t child = -1;
  if (::posix_spawn(&child, arguments[0], nullptr, nullptr, arguments.data(), environ) != 0)
    return false;
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

// Asks a person; without one and without `--yes` nothing is changed.
bool is_wanted(const CommandContext& context, const std::string& command) {
  if (context.command.has("--yes")) return true;
  if (::isatty(STDIN_FILENO) == 0 || !context.terminal.is_stderr_terminal) {
    print_notice(fmt::format("would run: {}   (`--fix --yes` does it)\n", command));
    return false;
  }
  print_notice(fmt::format("run `{}`? [y/N] ", command));
  std::string answer;
  std::getline(std::cin, answer);
  return answer == "y" || answer == "Y" || answer == "yes";
}

// How many failures were mended.
int fix(const CommandContext& context, const Visit& visit) {
  int mended = 0;
  if (visit.fixable().empty()) print_notice("nothing here can be mended by a command\n");
  std::map<std::string, bool> ran;  // One command may mend several things.
  for (const Check& check : visit.fixable()) {
    const std::string command = fmt::format("{}", fmt::join(check.fix, " "));
    auto known = ran.find(command);
    if (known == ran.end()) {
      if (!is_wanted(context, command)) continue;
      known = ran.emplace(command, run_fix(check.fix)).first;
      if (!known->second) print_error(context.terminal, fmt::format("`{}` failed", command));
    }
    if (known->second && check.level == Level::Fail) ++mended;
  }
  return mended;
}

int doctor(const CommandContext& context) {
  const bool as_json = wants_json(context.command);
  Visit visit(context.terminal, as_json);
  visit.show(check_machine(context.environment));
  visit.show(check_python(context.environment));
  const Environment with_flags = [&](std::string_view name) {
    auto typed = name == "DORA_COORDINATOR_ADDR"   ? context.command.value("--coordinator-addr")
                 : name == "DORA_COORDINATOR_PORT" ? context.command.value("--coordinator-port")
                                                   : std::nullopt;
    return typed ? typed : context.environment(name);
  };
  visit.show(check_running(context.command, with_flags));
  if (const auto path = context.command.value("--dataflow"))
    visit.show({check_dataflow(*path, context)});
  int failures = visit.failures();
  if (context.command.has("--fix")) failures -= fix(context, visit);
  if (failures > 0) {
    print_error(context.terminal, fmt::format("{} check(s) failed", failures));
    return exit_failed;
  }
  if (!as_json && !context.terminal.is_quiet) {
    print_result("\n" + to_line({.text = "All checks passed"}, context.terminal.is_stdout_colored));
  }
  return 0;
}

constexpr auto doctor_flags =
    join_flags(std::to_array<Flag>({
                   {.name = "--dataflow",
                    .value = "PATH",
                    .help = "Check this dataflow, too",
                    .takes = Flag::Takes::Value,
                    .complete = Complete::DataflowFiles},
                   {.name = "--fix",
                    .help = "Offer to run the commands that mend what is wrong; with --yes run "
                            "them without asking"},
                   text_format_flag("text, or json: one object per check and line"),
                   json_flag,
               }),
               coordinator_flags);

}  // namespace

constinit const Command doctor_command{
    .name = "doctor",
    .group = Group::Help,
    .summary = "Check that everything is there that dataflows need",
    .flags = doctor_flags,
    .description =
        "Looks at this machine (shared memory, uv, git), at the Python that nodes get and the "
        "packages in it, and at what runs. PASS is right, NOTE is not needed by everybody, WARN "
        "may be a trouble, FAIL is one: then the exit code is 1. Nothing needs to run for it.",
    .examples =
        "dora doctor\n"
        "dora doctor --dataflow dataflow.yml\n"
        "dora doctor --fix\n"
        "dora doctor --json",
    .run = doctor,
};

}  // namespace dora::cli

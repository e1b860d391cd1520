// SPDX-License-Identifier: Apache-2.0
// `dora logs`: what nodes said, while they run and after, from their log files.
#include <algorithm>
#include <cctype>
#include <charconv>
#include <deque>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <unistd.h>

#include "base/clock.hpp"
#include "base/file_descriptor.hpp"
#include "base/spelling.hpp"
#include "cli/commands.hpp"
#include "cli/console_format.hpp"
#include "cli/duration.hpp"
#include "cli/log_filter.hpp"
#include "cli/log_source.hpp"
#include "cli/shared_flags.hpp"
#include "daemon/log_reader.hpp"

namespace dora::cli {
namespace {

using daemon::LogEntry;
using daemon::LogReader;
using namespace std::chrono_literals;

constexpr auto between_reads = 200ms;
/// How often a follower asks whether the dataflow still runs.
constexpr auto between_questions = 1s;

struct LogsOptions {
  LogWish wish;
  std::vector<std::string> nodes;
  std::optional<std::size_t> tail;
  bool follows = false;
  std::optional<std::int64_t> since_ns;  // since the Unix epoch
  std::optional<std::int64_t> until_ns;
  LogFilter filter;
  LogFormat format = LogFormat::Pretty;
  std::string grep;  // lower case
};

Result<std::size_t> parse_count(const std::string& text) {
  std::size_t count = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), count);
  if (error != std::errc() || end != text.data() + text.size())
    return fail(ErrorKind::InvalidInput,
                fmt::format("`--tail {}`: use the number of lines, e.g. --tail 20", text));
  return count;
}

Result<std::int64_t> parse_ago(const ParsedCommand& command, std::string_view flag) {
  const auto duration = parse_duration(*command.value(flag)).while_doing(fmt::format("`{}`", flag));
  return realtime_ns() - TRY(duration).count();
}

Result<LogsOptions> parse_logs_options(const ParsedCommand& command) {
  LogsOptions options;
  if (!command.arguments().empty()) options.wish.dataflow = command.arguments().front();
  options.wish.is_local = command.has("--local");
  std::error_code error;
  options.wish.directory = std::filesystem::current_path(error);
  options.nodes = command.values("--node");
  if (const auto tail = command.value("--tail")) options.tail = TRY(parse_count(*tail));
  options.follows = command.has("--follow");
  if (command.has("--since")) options.since_ns = TRY(parse_ago(command, "--since"));
  if (command.has("--until")) options.until_ns = TRY(parse_ago(command, "--until"));
  options.filter = TRY(parse_log_filter(command.value("--level").value_or("stdout"),
                                        command.value("--log-filter").value_or("")));
  options.format = command.has("--json")
                       ? LogFormat::Json
                       : TRY(parse_log_format(command.value("--log-format").value_or("pretty")));
  options.grep = to_lower(command.value("--grep").value_or(""));
  return options;
}

bool contains(std::string_view text, std::string_view lower_part) {
  return to_lower(text).find(lower_part) != std::string::npos;
}

bool passes(const LogEntry& entry, const LogsOptions& options) {
  if (!options.nodes.empty() && std::ranges::find(options.nodes, entry.node) == options.nodes.end())
    return false;
  if (options.since_ns && entry.time_ns < *options.since_ns) return false;
  if (options.until_ns && entry.time_ns > *options.until_ns) return false;
  if (!options.grep.empty() && !contains(entry.message, options.grep) &&
      !contains(entry.node, options.grep) && !contains(entry.target, options.grep))
    return false;
  return options.filter.passes(entry.node, entry.level);
}

/// Fails with NotFound when a node that was named has no log. The log of a node that runs may not
/// have begun.
Result<> check_nodes(const LogsOptions& options, const LogSource& source) {
  if (source.is_running && options.follows) return {};
  const auto known = LogReader::nodes_in(source.folders);
  for (const std::string& node : options.nodes) {
    if (std::ranges::find(known, node) != known.end()) continue;
    const auto near = closest_match(node, known);
    return fail(
        ErrorKind::NotFound,
        fmt::format("there is no log of a node `{}` in {}{}; there are: {}", node,
                    source.description, near ? fmt::format(", did you mean `{}`?", *near) : "",
                    fmt::join(known, ", ")));
  }
  return {};
}

/// Shows one source, once or for as long as it goes on.
class Viewer {
 public:
  Viewer(const LogsOptions& options, const LogSource& source, const Terminal& terminal)
      : options_(options),
        terminal_(terminal),
        formatter_(
            {.format = options.format,
             .is_terminal = terminal.is_stdout_terminal,
             .is_colored = terminal.is_stdout_colored,
             .nodes = options.nodes.empty() ? LogReader::nodes_in(source.folders) : options.nodes}),
        reader_({.folders = source.folders,
                 .nodes = options.nodes,
                 .dataflow_id = source.dataflow_id}) {}

  /// What there is so far, or its end.
  void show_past() {
    reader_.read([&](const LogEntry& entry) {
      if (!passes(entry, options_)) return;
      if (!options_.tail) return write(entry);
      last_.push_back(entry);
      if (last_.size() > *options_.tail) last_.pop_front();
    });
    for (const LogEntry& entry : std::exchange(last_, {}))
      write(entry);
    flush();
  }

  /// What came since. False: nobody reads any more.
  bool show_news() {
    reader_.read([&](const LogEntry& entry) {
      if (passes(entry, options_)) write(entry);
    });
    flush();
    return is_read_;
  }

  void tell_losses() const {
    if (reader_.malformed_lines() == 0) return;
    print_warning(terminal_, fmt::format("{} lines of the files are no log lines and were left out",
                                         reader_.malformed_lines()));
  }

 private:
  void write(const LogEntry& entry) {
    text_ += formatter_.format(entry);
    if (text_.size() >= 64 << 10) flush();
  }
  void flush() {
    if (!text_.empty() && is_read_) is_read_ = write_all(STDOUT_FILENO, text_).has_value();
    text_.clear();
  }

  const LogsOptions& options_;
  const Terminal& terminal_;
  ConsoleFormatter formatter_;
  LogReader reader_;
  std::deque<LogEntry> last_;
  std::string text_;
  bool is_read_ = true;
};

bool still_runs(const LogSource& source) {
  const auto survey = survey_dataflows(std::chrono::steady_clock::now() + 5s);
  // A dora that does not answer may be busy: the log goes on either way.
  if (!survey || !survey->errors.empty()) return true;
  return std::ranges::any_of(survey->dataflows, [&](const RunningDataflow& each) {
    return each.uuid == source.dataflow_id && each.status == "Running";
  });
}

void follow(Viewer& viewer, const LogSource& source, const LogsOptions& options) {
  auto asked = std::chrono::steady_clock::now();
  while (!options.until_ns) {
    std::this_thread::sleep_for(between_reads);
    const auto now = std::chrono::steady_clock::now();
    const bool is_time = now - asked >= between_questions;
    if (is_time) asked = now;
    // Asked before the last look, so that nothing is missed.
    const bool is_over = is_time && !options.wish.is_local && !still_runs(source);
    if (!viewer.show_news() || is_over) return;
  }
}

int show_logs(const CommandContext& context, const LogsOptions& options) {
  const auto refuse = [&](const Error& error) {
    print_error(context.terminal, error.message);
    return exit_code_of(error);
  };
  Survey survey;
  if (!options.wish.is_local) {
    auto found = survey_dataflows(std::chrono::steady_clock::now() + 5s);
    if (!found) return refuse(found.error());
    survey = *std::move(found);
    for (const Error& error : survey.errors)
      print_warning(context.terminal, error.message);
  }
  const auto source = find_log_source(options.wish, survey);
  if (!source) return refuse(source.error());
  if (const auto known = check_nodes(options, *source); !known) return refuse(known.error());
  if (!context.terminal.is_quiet) {
    if (!options.wish.dataflow) {
      print_notice(fmt::format("logs of {}\n", source->description));
    } else if (source->is_local && !options.wish.is_local) {
      print_notice(fmt::format("no running dora knows `{}`: its log files are {}\n",
                               *options.wish.dataflow, source->description));
    }
  }
  Viewer viewer(options, *source, context.terminal);
  viewer.show_past();
  if (options.follows) {
    if (source->is_running || options.wish.is_local) {
      follow(viewer, *source, options);
    } else {
      print_warning(context.terminal,
                    "the dataflow has ended: there is nothing to follow (`--local` watches its "
                    "files nevertheless)");
    }
  }
  viewer.tell_losses();
  return 0;
}

int logs(const CommandContext& context) {
  const auto options = parse_logs_options(context.command);
  if (!options) {
    print_error(context.terminal, options.error().message);
    return exit_usage;
  }
  return show_logs(context, *options);
}

constexpr std::array<Flag, 10> own_flags{{
    {.name = "--node",
     .short_name = "-n",
     .value = "NODE",
     .help = "Only this node; may be repeated",
     .takes = Flag::Takes::Values,
     .conflicts = "--all-nodes",
     .complete = Complete::LoggedNodes},
    {.name = "--all-nodes", .help = "All nodes, merged by time [unless --node]"},
    {.name = "--follow", .short_name = "-f", .help = "Show what comes until the dataflow ends"},
    {.name = "--tail",
     .value = "N",
     .help = "The last N lines that pass the other conditions",
     .takes = Flag::Takes::Value},
    {.name = "--since",
     .value = "DUR",
     .help = "Nothing older than this",
     .takes = Flag::Takes::Value},
    {.name = "--until",
     .value = "DUR",
     .help = "Nothing younger than this",
     .takes = Flag::Takes::Value},
    log_level_flag("--level"),
    {.name = "--grep",
     .value = "TEXT",
     .help = "Text in message, node or target, in any case",
     .takes = Flag::Takes::Value},
    {.name = "--json", .help = "The same as --log-format json"},
    {.name = "--local", .help = "Only the files in ./out"},
}};
constexpr auto logs_flags = join_flags(own_flags, log_display_flags, coordinator_flags);

}  // namespace

constinit const Command logs_command{
    .name = "logs",
    .group = Group::Look,
    .summary = "Show what nodes say, or said in an earlier run",
    .arguments = {{{"UUID_OR_NAME", "The dataflow [what runs or ran last in this folder]",
                    Argument::Takes::Optional, Complete::Dataflows}}},
    .flags = logs_flags,
    .examples =
        "dora logs\n"
        "dora logs --node camera --tail 20 -f\n"
        "dora logs hello --level warn --since 5m\n"
        "dora logs --grep timeout --json",
    .run = logs,
};

}  // namespace dora::cli

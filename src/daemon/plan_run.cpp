// SPDX-License-Identifier: Apache-2.0
#include "daemon/plan_run.hpp"

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <cstring>

#include <fmt/format.h>

#include "base/random.hpp"
#include "base/spelling.hpp"
#include "daemon/program_lookup.hpp"
#include "dataflow/json.hpp"
#include "dataflow/source_syntax.hpp"

namespace dora::daemon {
namespace {

using dataflow::Dataflow;
using dataflow::Node;
using dataflow::NodeKind;

LogLevel to_log_level(dataflow::LogLevel level) {
  switch (level) {
    case dataflow::LogLevel::Stdout:
      return LogLevel::Stdout;
    case dataflow::LogLevel::Trace:
      return LogLevel::Trace;
    case dataflow::LogLevel::Debug:
      return LogLevel::Debug;
    case dataflow::LogLevel::Info:
      return LogLevel::Info;
    case dataflow::LogLevel::Warn:
      return LogLevel::Warn;
    case dataflow::LogLevel::Error:
      return LogLevel::Error;
  }
  return LogLevel::Stdout;
}

/// What a variable says, in seconds; nothing when it says `off`.
std::optional<std::chrono::nanoseconds> patience_from(const char* variable,
                                                      std::chrono::nanoseconds usual) {
  const char* text = std::getenv(variable);
  if (text == nullptr) return usual;
  const std::string_view value(text);
  if (value == "off" || value == "disabled") return std::nullopt;
  double seconds = 0;
  const auto [end, error] = std::from_chars(text, text + value.size(), seconds);
  if (error != std::errc() || end != text + value.size() || !(seconds >= 0 && seconds < 1e9))
    return usual;
  return std::chrono::nanoseconds(static_cast<std::int64_t>(seconds * 1e9));
}

ProgramPlan::Kind kind_of_file(const std::filesystem::path& path) {
  return path.extension() == ".py" ? ProgramPlan::Kind::PythonScript
                                   : ProgramPlan::Kind::Executable;
}

Result<ProgramPlan> plan_program(const Node& node, const NodePlaces& places) {
  const auto place = places.find(node.id.text());
  ProgramPlan program;
  program.path = node.path;
  program.arguments = node.args.value_or("");
  const auto refuse = [&](std::string_view why) {
    return fail(ErrorKind::Unsupported, fmt::format("node `{}` {}", node.id.text(), why));
  };
  switch (node.kind) {
    case NodeKind::Program:
      program.kind = kind_of_file(node.path);
      break;
    case NodeKind::Shell:
      program.kind = ProgramPlan::Kind::Shell;
      break;
    case NodeKind::Dynamic:
      program.kind = ProgramPlan::Kind::Dynamic;
      break;
    case NodeKind::Operators: {
      const bool has_python = std::ranges::any_of(node.operators, [](const auto& item) {
        // Python downloads what has a URL.
        return item.language == dataflow::OperatorLanguage::Python ||
               (item.language == dataflow::OperatorLanguage::SharedLibrary &&
                dataflow::is_url(item.source));
      });
      program.kind =
          has_python ? ProgramPlan::Kind::PythonOperators : ProgramPlan::Kind::NativeOperators;
      for (const auto& each : node.operators) {
        const std::string wanted = each.conda_env.value_or("");
        if (wanted.empty() || wanted == program.conda_environment) continue;
        if (!program.conda_environment.empty()) {
          return refuse(
              fmt::format("has operators for two conda environments, `{}` and `{}`: they "
                          "share a process, so make two nodes of them",
                          program.conda_environment, wanted));
        }
        program.conda_environment = wanted;
      }
      break;
    }
    case NodeKind::Hub:
    case NodeKind::Download:
      if (place == places.end() || place->second.program.empty()) {
        return refuse(node.kind == NodeKind::Hub
                          ? "comes from the hub and has not been fetched: run `dora build` first"
                          : "has not been downloaded: run `dora build` first");
      }
      program.path = place->second.program.string();
      program.kind = kind_of_file(program.path);
      break;
    case NodeKind::Ros2:
      return refuse("is a ROS 2 bridge, which this version does not have");
    case NodeKind::Timer:
      break;
  }
  if (node.git && (place == places.end() || place->second.working_directory.empty()))
    return refuse("comes from a git repository: run `dora build` first");
  return program;
}

/// Whether an operator of the same node feeds the input: then the runtime passes references, and no
/// edge is needed.
bool is_inside(const Node& node, const dataflow::Input& input) {
  const auto* output = std::get_if<dataflow::OutputSource>(&input.source);
  return node.kind == NodeKind::Operators && output != nullptr && output->node == node.id;
}

InputPlan::Queue queue_of(const dataflow::Input& input) {
  if (input.queue_policy == dataflow::QueuePolicy::Backpressure)
    return InputPlan::Queue::Backpressure;
  return input.queue_size ? InputPlan::Queue::DropOldest : InputPlan::Queue::Burst;
}

void plan_input(const dataflow::Input& input, NodePlan& plan) {
  const std::uint32_t size = input.queue_size.value_or(10);
  if (const auto* output = std::get_if<dataflow::OutputSource>(&input.source)) {
    InputPlan& item = plan.inputs.emplace_back();
    item.id = input.id;
    item.producer = output->node;
    item.output = output->output;
    item.queue_size = std::max<std::uint32_t>(size, 1);
    item.timeout = input.input_timeout;
    item.queue = queue_of(input);
  } else if (const auto* timer = std::get_if<dataflow::TimerSource>(&input.source)) {
    plan.timers.push_back({.id = input.id,
                           .interval = timer->interval,
                           .queue_size = std::max<std::uint32_t>(size, 1),
                           .carries_count = timer->node_output.has_value()});
  } else if (const auto* log = std::get_if<dataflow::LogSource>(&input.source)) {
    plan.log_inputs.push_back({.id = input.id,
                               .minimum = to_log_level(log->min_level),
                               .node = log->node ? log->node->text() : "",
                               .queue = queue_of(input),
                               .queue_size = std::max<std::uint32_t>(size, 1)});
  }
}

void plan_log(const dataflow::LogSettings& settings, LogPlan& plan) {
  if (settings.min_log_level) plan.minimum = to_log_level(*settings.min_log_level);
  if (settings.max_log_size) plan.max_bytes = settings.max_log_size;
  if (settings.max_rotated_files) plan.max_rotated_files = *settings.max_rotated_files;
  if (settings.send_stdout_as) plan.stdout_as = settings.send_stdout_as;
  if (settings.send_logs_as) plan.logs_as = settings.send_logs_as;
}

void plan_environment(const Dataflow& dataflow, const Node& node, const RunOptions& options,
                      NodePlan& plan, std::vector<std::string>& warnings) {
  std::map<std::string, std::string> command_line;
  for (const auto& [name, value] : options.environment)
    command_line[name] = value;
  plan.environment = dataflow::merged_environment(dataflow, node, command_line);
  std::erase_if(plan.environment, [&](const auto& variable) {
    if (!is_reserved_variable(variable.first)) return false;
    std::string warning =
        fmt::format("the environment variable `{}` of node `{}` is reserved and was left out",
                    dataflow::shown(variable.first), node.id.text());
    warnings.push_back(std::move(warning));
    return true;
  });
}

RestartPlan plan_restart(const dataflow::RestartSettings& settings) {
  RestartPlan plan;
  switch (settings.policy) {
    case dataflow::RestartPolicy::Never:
      plan.policy = RestartPlan::Policy::Never;
      break;
    case dataflow::RestartPolicy::OnFailure:
      plan.policy = RestartPlan::Policy::OnFailure;
      break;
    case dataflow::RestartPolicy::Always:
      plan.policy = RestartPlan::Policy::Always;
      break;
  }
  plan.max_restarts = settings.max_restarts;
  plan.delay = settings.delay;
  plan.max_delay = settings.max_delay;
  plan.window = settings.window;
  return plan;
}

}  // namespace

const char* to_string(RestartPlan::Policy policy) {
  switch (policy) {
    case RestartPlan::Policy::Never:
      return "never";
    case RestartPlan::Policy::OnFailure:
      return "on-failure";
    case RestartPlan::Policy::Always:
      return "always";
  }
  return "never";
}

std::optional<std::size_t> find_node(const RunPlan& plan, std::string_view id) {
  for (std::size_t node = 0; node < plan.nodes.size(); ++node) {
    if (plan.nodes[node].id.text() == id && !plan.nodes[node].is_removed) return node;
  }
  return std::nullopt;
}

Result<RunPlan> plan_run(const Dataflow& dataflow, const RunOptions& options,
                         const NodePlaces& places) {
  RunPlan plan;
  plan.id = new_uuid();
  plan.name = options.name;
  if (!dataflow.sources.empty()) {
    std::error_code error;
    plan.file = std::filesystem::absolute(dataflow.sources.front()->name(), error);
  }
  plan.working_directory = dataflow.base_directory;
  plan.exit_when_nodes_finish =
      options.exit_when_nodes_finish.value_or(dataflow.exit_when_nodes_finish.value_or(false));
  plan.health_check_interval = dataflow.health_check_interval;
  plan.descriptor = dataflow::to_json(dataflow);
  plan.environment = dataflow::merged_environment(
      dataflow, Node{}, {options.environment.begin(), options.environment.end()});
  std::erase_if(plan.environment,
                [](const auto& variable) { return is_reserved_variable(variable.first); });
  plan.start_timeout = patience_from("DORA_START_TIMEOUT_SECS", std::chrono::minutes(10));
  const auto finish_grace =
      patience_from("DORA_FINISH_DRAIN_GRACE_SECS", std::chrono::seconds(120));
  for (const Node& node : dataflow.nodes) {
    if (node.kind == NodeKind::Timer) continue;
    NodePlan& item = plan.nodes.emplace_back();
    item.id = node.id;
    item.name = node.name;
    item.description = node.description;
    item.program = TRY(plan_program(node, places));
    if (node.kind == NodeKind::Download) {
      // Here the reading holds nobody up. What is wrong is told when the node is to start.
      item.checksum.wanted = to_lower(node.path_sha256.value_or(""));
      (void)verify(item.program.path, item.checksum);
    }
    item.working_directory = dataflow.base_directory;
    plan_environment(dataflow, node, options, item, plan.warnings);
    if (options.hot_reload && node.kind == NodeKind::Operators)
      item.environment["DORA_HOT_RELOAD"] = "1";
    if (options.is_offline && node.kind == NodeKind::Operators)
      item.environment["DORA_OFFLINE"] = "1";
    for (const auto& output : node.ports.outputs)
      item.outputs.push_back(output.id);
    for (const auto& input : node.ports.inputs) {
      if (!is_inside(node, input)) plan_input(input, item);
    }
    item.restart = plan_restart(node.restart);
    plan_log(node.log, item.log);
    for (const auto& part : node.operators)
      plan_log(part.log, item.log);
    item.finish_grace = node.finish_grace ? node.finish_grace : finish_grace;
    item.health_check_timeout = node.health_check_timeout;
    item.cpu_affinity = node.cpu_affinity;
    item.has_terminal = node.tty;
    item.busy = node.latency == dataflow::Latency::Busy;
    item.config = dataflow::node_config_json(node);
  }
  std::ranges::sort(plan.nodes, {}, &NodePlan::id);
  return plan;
}

}  // namespace dora::daemon

// SPDX-License-Identifier: Apache-2.0
#include "dataflow/node_decoder.hpp"

#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "dataflow/environment.hpp"
#include "dataflow/node_fields.hpp"
#include "dataflow/old_spelling.hpp"
#include "dataflow/operator_decoder.hpp"
#include "dataflow/ports_decoder.hpp"
#include "dataflow/ros2_decoder.hpp"
#include "dataflow/scalar.hpp"
#include "dataflow/source_syntax.hpp"
#include "dataflow/words.hpp"

namespace dora::dataflow {
namespace {

struct Kind {
  std::string_view key;
  unsigned scope;
  std::string_view name;
};
constexpr Kind kinds[] = {{"path", ForProgram, "a node with `path`"},
                          {"operator", ForOperators, "an operator node"},
                          {"operators", ForOperators, "an operator node"},
                          {"ros2", ForRos2, "a ROS 2 bridge"},
                          {"module", ForModule, "a module"},
                          {"hub", ForProgram, "a hub node"}};

constexpr std::pair<std::string_view, Latency> latencies[] = {{"normal", Latency::Normal},
                                                              {"busy", Latency::Busy}};

bool is_timer_path(const Fields& fields) {
  const YamlNode* path = fields.find("path");
  return path && path->is_scalar() && is_builtin_source(path->text);
}

// The one key that says what kind of node this is; nothing, and a report, when there is none or
// more than one.
const Kind* find_kind(const Decoder& decoder, const Fields& fields) {
  std::vector<const Kind*> given;
  bool is_misspelt = false;
  for (const Kind& kind : kinds) {
    if (fields.has(kind.key)) given.push_back(&kind);
    is_misspelt = is_misspelt || fields.probably_has(kind.key);
  }
  if (given.size() == 1) return given[0];
  if (given.empty()) {
    // `path: [` and the like were reported by find(); a misspelt key as an unknown one.
    if (is_misspelt) return nullptr;
    decoder.report.add(
        fields.location(),
        {.code = "E017",
         .message = fmt::format("{} does not say what it runs", fields.where()),
         .help = "add `path`, or one of `operator`, `operators`, `module`, `ros2` and `hub`"});
    return nullptr;
  }
  std::vector<std::string_view> names;
  for (const Kind* kind : given)
    names.push_back(kind->key);
  decoder.report.add(fields.key_location(given[1]->key),
                     {.code = "E017",
                      .message = fmt::format("{} has multiple exclusive fields: `{}`",
                                             fields.where(), fmt::join(names, "`, `")),
                      .help = "keep one of them"});
  return nullptr;
}

bool counts_as_unset(const YamlNode& key, const YamlNode& value) {
  bool is_empty = !value.is_scalar() && value.children.empty();
  return is_empty || value.is_null() || (key.text == "restart_policy" && value.text == "never") ||
         (key.text == "max_restarts" && value.text == "0");
}

// Every key that is not for this kind of node, in one diagnostic.
void check_scope(const Decoder& decoder, const YamlNode& yaml, const Fields& fields, unsigned scope,
                 std::string_view kind, bool takes_ports) {
  std::vector<std::string_view> misplaced;
  const YamlNode* first = nullptr;
  for (auto [key, value] : entries_of(yaml)) {
    const Key* known = node_keys.find(key->text);
    if (!known || (known->scope & scope) != 0 || counts_as_unset(*key, *value)) continue;
    if (std::ranges::any_of(kinds, [&](const Kind& each) { return each.key == key->text; }))
      continue;
    misplaced.push_back(known->name);
    if (!first) first = key;
  }
  if (scope == ForOperators && !takes_ports) {
    for (std::string_view key : {"inputs", "outputs"}) {
      const YamlNode* value = fields.find(key);
      if (value && !(value->is_sequence() && value->children.empty()) &&
          !(value->is_mapping() && value->children.empty())) {
        misplaced.push_back(key);
      }
    }
  }
  if (misplaced.empty()) return;
  std::string help;
  if (scope == ForOperators) help = "move them into the operator, if it has such a key";
  if (scope == ForModule) help = "set them in the nodes of the module file";
  if (scope == ForTimer) {
    help = "a timer has `id`, `name`, `description`, `outputs`, `output_types` and `deploy`";
  }
  if (scope == ForProgram && std::ranges::find(misplaced, "params") != misplaced.end()) {
    help = "`params` belongs to `module`; programs take `args` and `env`";
  }
  decoder.report.add(
      first ? first->at : fields.key_location(misplaced[0]),
      {.code = "E018",
       .message = fmt::format("`{}` {} not belong to {}, as {} is", fmt::join(misplaced, "`, `"),
                              misplaced.size() == 1 ? "does" : "do", kind, fields.where()),
       .help = std::move(help)});
}

void check_words(const Decoder& decoder, const Fields& fields, std::string_view key) {
  const YamlNode* value = fields.find(key);
  if (!value || !value->is_scalar()) return;
  auto words = split_words(value->text);
  if (words) return;
  decoder.report.add(value->at, {.code = "E024",
                                 .message = fmt::format("`{}` of {}: {}", key, fields.where(),
                                                        words.error().message)});
}

void decode_program(const Decoder& decoder, const Fields& fields, Node& node) {
  node.git = decode_git(decoder, fields);
  node.hub = decode_hub(decoder, fields);
  const YamlNode* path = fields.find("path");
  node.path_sha256 = decode_checksum(decoder, fields, "path",
                                     path != nullptr && path->is_scalar() && is_url(path->text));
  node.kind = NodeKind::Program;
  if (node.hub || fields.has("hub")) node.kind = NodeKind::Hub;
  if (node.path.starts_with("http://") || node.path.starts_with("https://")) {
    node.kind = NodeKind::Download;
  }
  if (node.path == "dynamic") node.kind = NodeKind::Dynamic;
  if (node.path == "shell") node.kind = NodeKind::Shell;
  // What is no text was told before.
  if (node.kind == NodeKind::Program && node.path.empty() && fields.find("path")->is_scalar() &&
      fields.find("path")->text.empty()) {
    fields.bad_value("path", *fields.find("path"), "the name of a program");
  }
  // The shell itself takes its command apart.
  if (node.kind != NodeKind::Shell) check_words(decoder, fields, "args");
}

void decode_timer(const Decoder& decoder, const Fields& fields, Node& node) {
  node.kind = NodeKind::Timer;
  Location at = fields.find("path")->at;
  auto source = parse_builtin_source(node.path);
  const TimerSource* timer = source ? std::get_if<TimerSource>(&*source) : nullptr;
  if (timer) {
    node.timer_interval = timer->interval;
  } else if (source) {
    decoder.report.add(at, {.code = "E016",
                            .message = fmt::format("{} has the path `{}`, but only timers can be "
                                                   "nodes",
                                                   fields.where(), shown(node.path)),
                            .help = "read the log through an input: `source: dora/logs`"});
  } else {
    Remark remark = std::move(source.error());
    remark.message += " (path of " + fields.where() + ")";
    decoder.report.add(at, std::move(remark));
  }
  if (!fields.has("outputs") && !fields.probably_has("outputs")) {
    decoder.report.add(at, {.code = "W006",
                            .message = fmt::format("the timer {} has no outputs", fields.where()),
                            .help = "add `outputs: [tick]`"});
  }
}

void decode_common(const Decoder& decoder, const Fields& fields, Node& node) {
  node.name = fields.text("name");
  node.description = fields.text("description");
  node.env = decode_environment(decoder, fields);
  node.deploy = decode_deploy(decoder, fields, "deploy");
  node.cpu_affinity = decode_cores(decoder, fields);
  node.latency = fields.word("latency", latencies).value_or(Latency::Normal);
  node.tty = fields.boolean("tty").value_or(true);
  node.build = fields.text("build");
}

// What only a process with ports of its own has; operators say it themselves.
void decode_process(const Decoder& decoder, const Fields& fields, Node& node) {
  node.args = fields.text("args");
  node.ports = decode_ports(decoder, fields);
  node.log = decode_log_settings(decoder, fields);
  node.restart = decode_restart(fields);
  node.health_check_timeout = fields.duration("health_check_timeout", Fields::Zero::Allowed);
  if (node.health_check_timeout && node.health_check_timeout->count() == 0) {
    node.health_check_timeout.reset();
  }
  node.finish_grace = fields.duration("finish_grace_secs", Fields::Zero::Allowed);
  node.shared_memory_pool_size = fields.size("shared_memory_pool_size");
}

}  // namespace

NodeDraft decode_node(const Decoder& decoder, const YamlNode& written, std::size_t number) {
  NodeDraft draft;
  Node& node = draft.node;
  const YamlNode& yaml = with_new_spelling(decoder, written, node_spelling);
  std::string id = yaml.text_of("id");
  Fields fields(
      decoder, yaml, node_keys,
      id.empty() ? fmt::format("node number {}", number) : fmt::format("node `{}`", shown(id)));
  node.location = fields.has("id") ? fields.find("id")->at : fields.location();
  draft.written_id = decode_node_id(decoder, fields, node);
  draft.has_known_outputs = !fields.probably_has("outputs") && !fields.probably_has("operator") &&
                            !fields.probably_has("operators");

  const Kind* kind = find_kind(decoder, fields);
  decode_common(decoder, fields, node);
  node.path = fields.text("path").value_or("");
  if (const YamlNode* path = fields.find(kind ? kind->key : "path")) node.path_location = path->at;
  if (!kind) {
    draft.has_known_outputs = false;
    decode_process(decoder, fields, node);
    return draft;
  }
  bool is_timer = kind->key == "path" && is_timer_path(fields);
  const YamlNode* list = fields.find("operators");
  bool takes_ports = kind->key == "operator" || (list && list->children.size() == 1);
  check_scope(decoder, yaml, fields, is_timer ? unsigned{ForTimer} : kind->scope,
              is_timer ? "a timer" : kind->name, takes_ports);
  if (kind->scope == ForOperators) {
    decode_operators(decoder, fields, node);
    if (node.operators.empty()) draft.has_known_outputs = false;
    gather_operator_ports(decoder, node);
    return draft;
  }
  if (kind->scope == ForModule) {
    draft.module = decode_module_use(decoder, fields);
    node.ports.inputs = decode_inputs(decoder, fields);
    return draft;
  }
  decode_process(decoder, fields, node);
  check_words(decoder, fields, "build");
  if (kind->scope == ForRos2)
    node.ros2 = decode_ros2(decoder, fields, node);
  else if (is_timer)
    decode_timer(decoder, fields, node);
  else
    decode_program(decoder, fields, node);
  if (const YamlNode* outputs = fields.find("outputs")) {
    std::size_t ids = node.ports.outputs.size();
    draft.has_known_outputs =
        draft.has_known_outputs && outputs->is_sequence() && (ids > 0 || outputs->children.empty());
  }
  return draft;
}

std::vector<NodeDraft> decode_nodes(const Decoder& decoder, const Fields& fields) {
  std::vector<NodeDraft> drafts;
  std::vector<const YamlNode*> items = fields.list("nodes");
  for (std::size_t i = 0; i < items.size(); ++i) {
    if (items[i]->is_mapping()) {
      drafts.push_back(decode_node(decoder, *items[i], i + 1));
      continue;
    }
    decoder.report.add(items[i]->at,
                       {.code = "E006",
                        .message = fmt::format("node number {} of {} must be a map, not {}", i + 1,
                                               fields.where(), describe(*items[i])),
                        .help = "a node begins with `- id: <name>`"});
  }
  return drafts;
}

}  // namespace dora::dataflow

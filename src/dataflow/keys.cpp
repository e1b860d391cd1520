// SPDX-License-Identifier: Apache-2.0
#include "dataflow/keys.hpp"

#include <algorithm>

namespace dora::dataflow {
namespace {

constexpr unsigned for_process = ForProgram | ForRos2;
constexpr unsigned for_ports = ForProgram | ForOperators | ForRos2;

constexpr Key root[] = {
    {"nodes", "list of nodes", "required", "The nodes of the dataflow."},
    {"env", "map of values", "none", "Environment variables of every node; those of a node win."},
    {"strict_types", "true or false", "`false`",
     "Makes warnings about types errors in `dora validate` and `dora build`."},
    {"type_rules", "list of rules", "none", "More pairs of types that may be connected."},
    {"health_check_interval", "seconds", "`5.0`",
     "How often the health of nodes and the silence of inputs are looked at."},
    {"exit_when_nodes_finish", "true or false", "`false`",
     "Clocks and log inputs do not keep a node from finishing."},
    {"deploy", "map", "none", "Where nodes run that say nothing of their own."},
    {"debug", "map", "none", "Accepted for compatibility; everything can be inspected anyway."},
};

constexpr Key node[] = {
    {"id", "node id", "required", "The name of the node, once per dataflow."},
    {"name", "text", "none", "A title for people."},
    {"description", "text", "none", "What the node is for, for people."},
    {"path", "text", "none",
     "What is started: a Python script, a program, a command on PATH, a URL, `dynamic`, `shell`, "
     "or a timer such as `dora/timer/hz/30`.",
     ForProgram | ForTimer},
    {"path_sha256", "text", "none", "The checksum of a `path` that is a URL.", ForProgram},
    {"args", "text", "none", "Arguments, split into words as a shell does.", for_process},
    {"build", "text", "none", "Commands for `dora build`, one per line.", ForProgram | ForModule},
    {"git", "URL", "none", "A repository to clone; `path` and `build` start in it.", ForProgram},
    {"branch", "text", "none", "The branch of the `git` repository.", ForProgram},
    {"tag", "text", "none", "The tag of the `git` repository.", ForProgram},
    {"rev", "text", "none", "The commit of the `git` repository.", ForProgram},
    {"hub", "text", "none", "A package: `[<namespace>/]<name>[@<requirement>]`.", ForProgram},
    {"operator", "map", "none", "One operator that runs in a runtime process.", ForOperators},
    {"operators", "list of operators", "none", "Operators that share a runtime process.",
     ForOperators},
    {"module", "text", "none", "A file with nodes that takes the place of this one.", ForModule},
    {"params", "map of texts", "none", "Values for the module's `$PARAM_<KEY>`.", ForModule},
    {"ros2", "map", "none", "A bridge to ROS 2.", ForRos2},
    {"inputs", "map of inputs", "none", "What the node reads: its own name for it, and the source.",
     for_ports | ForModule},
    {"outputs", "list of ids", "none", "What the node may send.", for_ports | ForTimer},
    {"input_types", "map of types", "none", "The types that inputs expect.", for_process},
    {"output_types", "map of types", "none", "The types that outputs have.",
     for_process | ForTimer},
    {"output_framing", "map of `raw` or `arrow-ipc`", "`raw`",
     "Accepted for compatibility, without effect.", for_process},
    {"output_metadata", "map of lists", "none", "Metadata keys that messages of an output carry.",
     for_process},
    {"pattern", "text", "none",
     "`service-server`, `service-client`, `action-server` or `action-client`, for the type "
     "checker.",
     for_process},
    {"env", "map of values", "none", "Environment variables; `$NAME` is replaced.",
     for_ports | ForModule},
    {"deploy", "map", "none", "The machine to run on."},
    {"cpu_affinity", "list of numbers", "every core", "The cores the process may use.", for_ports},
    {"shared_memory_pool_size", "size", "none", "Memory for messages, e.g. `64MB`.", for_process},
    {"restart_policy", "`never`, `on-failure` or `always`", "`never`",
     "When the process is started again.", for_process},
    {"max_restarts", "number", "`0`", "How often within the window; 0 is without limit.",
     for_process},
    {"restart_delay", "seconds", "at once, then growing",
     "The first delay, doubled with every attempt.", for_process},
    {"max_restart_delay", "seconds", "none", "The longest delay.", for_process},
    {"restart_window", "seconds", "none", "After this long the count of restarts begins anew.",
     for_process},
    {"health_check_timeout", "seconds", "off", "A node silent for longer is killed.", for_process},
    {"finish_grace_secs", "seconds", "`120`",
     "How long the node may go on after all its inputs have closed.", for_process},
    {"send_stdout_as", "output id", "none", "Every line the node prints becomes a message.",
     for_process},
    {"send_logs_as", "output id", "none", "Every log message of the node becomes a message.",
     for_process},
    {"min_log_level", "`error`, `warn`, `info`, `debug`, `trace` or `stdout`", "none",
     "Less important messages are dropped.", for_process},
    {"max_log_size", "size", "unlimited", "The log file is rotated at this size.", for_process},
    {"max_rotated_files", "0 to 100", "`5`", "How many rotated log files are kept.", for_process},
    {"latency", "`normal` or `busy`", "`normal`",
     "`busy` waits for messages by spinning: fastest, at the price of a core.", for_ports},
    {"tty", "true or false", "`true`", "Whether the process gets a terminal.", for_ports},
};

constexpr Key input[] = {
    {"source", "source", "required",
     "`<node>/<output>`, `dora/timer/<unit>/<value>` or `dora/logs[/<level>[/<node>]]`."},
    {"queue_size", "number", "10, and bursts survive",
     "How many messages wait at most; the oldest goes first."},
    {"queue_policy", "`drop_oldest` or `backpressure`", "`drop_oldest`",
     "What happens when the queue is full; with `backpressure` the sender waits."},
    {"input_timeout", "seconds", "off", "An input silent for longer counts as broken."},
};

constexpr Key operators[] = {
    {"id", "text", "`op` for `operator`", "The name of the operator in its node."},
    {"name", "text", "none", "A title for people."},
    {"description", "text", "none", "What the operator is for, for people."},
    {"python", "text or map", "none",
     "A file (`detect.py`), module (`vision.detect`) or URL with a class `Operator`; `:Class` "
     "names "
     "another."},
    {"shared-library", "text", "none", "A library, written without `lib` and extension; or a URL."},
    {"path_sha256", "text", "none",
     "The checksum of a `python` or `shared-library` that is a URL."},
    {"wasm", "text", "none", "Recognised, but not supported."},
    {"thread", "`shared` or `own`", "`shared`",
     "`own` for an operator that blocks; the others share one thread."},
    {"inputs", "map of inputs", "none", "As for nodes."},
    {"outputs", "list of ids", "none", "As for nodes."},
    {"input_types", "map of types", "none", "As for nodes."},
    {"output_types", "map of types", "none", "As for nodes."},
    {"output_framing", "map of `raw` or `arrow-ipc`", "`raw`", "As for nodes."},
    {"output_metadata", "map of lists", "none", "As for nodes."},
    {"pattern", "text", "none", "As for nodes."},
    {"build", "text", "none", "As for nodes."},
    {"send_stdout_as", "output id", "none", "As for nodes; at most one operator of a node."},
    {"send_logs_as", "output id", "none", "As for nodes; at most one operator of a node."},
    {"min_log_level", "level", "none", "As for nodes; at most one operator of a node."},
    {"max_log_size", "size", "unlimited", "As for nodes; at most one operator of a node."},
    {"max_rotated_files", "0 to 100", "`5`", "As for nodes; at most one operator of a node."},
    {"restart_policy", "`never`, `on-failure` or `always`", "`never`",
     "When the process of the operators is started again; at most one operator of a node."},
    {"max_restarts", "number", "`0`", "As for nodes, beside `restart_policy`."},
    {"restart_delay", "seconds", "at once, then growing", "As for nodes."},
    {"max_restart_delay", "seconds", "none", "As for nodes."},
    {"restart_window", "seconds", "none", "As for nodes."},
};

constexpr Key python_operator[] = {
    {"source", "text", "required", "The Python file, module or URL."},
    {"conda_env", "text", "none", "The conda environment whose Python runs it."},
};

constexpr Key deploy[] = {
    {"machine", "text", "none", "The machine's name."},
    {"working_dir", "path", "none", "The working directory, from the dataflow's directory."},
    {"labels", "map of texts", "none", "Labels that the machine must have."},
    {"distribute", "`local`, `scp` or `http`", "`local`", "How programs get there."},
};

constexpr Key debug[] = {
    {"enable_debug_inspection", "true or false", "`false`",
     "Accepted for compatibility; outputs can be inspected without it."},
};

constexpr Key type_rule[] = {
    {"from", "type", "required", "The type that is sent."},
    {"to", "type", "required", "The type that may receive it."},
};

constexpr Key module_file[] = {
    {"module", "map", "required", "The name and the ports of the module."},
    {"nodes", "list of nodes", "required", "The nodes of the module."},
    {"build", "text", "none", "Commands that come before the `build` of every inner node."},
};

constexpr Key module_header[] = {
    {"name", "text", "required", "The name of the module."},
    {"inputs", "list of ids", "none", "Ports that must be bound; read as `_mod/<port>`."},
    {"inputs_optional", "list of ids", "none", "Ports that may stay unbound."},
    {"outputs", "list of ids", "none", "Outputs of inner nodes that others may read."},
};

constexpr Key ros2[] = {
    {"topic", "ROS name", "none", "One topic to bridge."},
    {"message_type", "`<package>/<Type>`", "required with `topic`", "The type of its messages."},
    {"direction", "`subscribe` or `publish`", "`subscribe`", "From ROS to dora, or back."},
    {"topics", "list of topics", "none", "Several topics, at most 64."},
    {"service", "ROS name", "none", "A service to bridge."},
    {"service_type", "`<package>/<Type>`", "required with `service`", "The type of the service."},
    {"action", "ROS name", "none", "An action to bridge."},
    {"action_type", "`<package>/<Type>`", "required with `action`", "The type of the action."},
    {"role", "`client` or `server`", "required with `service` and `action`", "Which side we are."},
    {"qos", "map", "none", "Quality of service."},
    {"namespace", "ROS name", "`/`", "The namespace of the bridge."},
    {"node_name", "text", "the node's id", "The name of the bridge in ROS."},
    {"transport", "map", "`{kind: dds}`", "How ROS is reached."},
};

constexpr Key ros2_topic[] = {
    {"topic", "ROS name", "required", "The topic."},
    {"message_type", "`<package>/<Type>`", "required", "The type of its messages."},
    {"direction", "`subscribe` or `publish`", "`subscribe`", "From ROS to dora, or back."},
    {"output", "output id", "none", "The output that a subscribed topic becomes."},
    {"input", "input id", "none", "The input that is published."},
    {"qos", "map", "the bridge's", "Quality of service."},
};

constexpr Key ros2_qos[] = {
    {"reliable", "true or false", "`false`", "Whether messages are delivered again when lost."},
    {"durability", "`volatile` or `transient_local`", "`volatile`", "What late readers see."},
    {"liveliness", "`automatic`, `manual_by_participant` or `manual_by_topic`", "`automatic`",
     "How a writer shows that it lives."},
    {"lease_duration", "seconds", "none", "How long a writer lives without a sign."},
    {"max_blocking_time", "seconds", "none", "How long a reliable send may wait."},
    {"keep_last", "1 to 10000", "`1`", "How many messages are kept."},
    {"keep_all", "true or false", "`false`", "Whether all are kept."},
};

constexpr Key ros2_transport[] = {
    {"kind", "`dds` or `zenoh`", "`dds`", "The transport."},
    {"compatibility", "`humble` or `rep2016`", "none", "The flavour of type hashes, for zenoh."},
    {"config_uri", "path", "none", "The configuration of zenoh."},
};

}  // namespace

const KeyTable root_keys{"the dataflow", "The file", root};
const KeyTable node_keys{"node", "A node", node};
const KeyTable input_keys{"input", "An input in its long form", input, KeyTable::Unknown::Warning};
const KeyTable operator_keys{"operator", "An operator", operators, KeyTable::Unknown::Warning};
const KeyTable python_operator_keys{"python", "A Python operator in its long form", python_operator,
                                    KeyTable::Unknown::Warning};
const KeyTable deploy_keys{"deploy", "`deploy`", deploy};
const KeyTable debug_keys{"debug", "`debug`", debug};
const KeyTable type_rule_keys{"type_rules", "An entry of `type_rules`", type_rule};
const KeyTable module_file_keys{"module file", "A module file", module_file};
const KeyTable module_header_keys{"module", "`module` in a module file", module_header};
const KeyTable ros2_keys{"ros2", "`ros2`", ros2};
const KeyTable ros2_topic_keys{"topics", "An entry of `ros2.topics`", ros2_topic};
const KeyTable ros2_qos_keys{"qos", "`qos`", ros2_qos};
const KeyTable ros2_transport_keys{"transport", "`transport`", ros2_transport};

const Key* KeyTable::find(std::string_view key) const {
  auto found = std::ranges::find(keys, key, &Key::name);
  return found == keys.end() ? nullptr : &*found;
}

std::vector<std::string> KeyTable::names() const {
  std::vector<std::string> result;
  for (const Key& key : keys)
    result.emplace_back(key.name);
  return result;
}

std::span<const KeyTable* const> all_key_tables() {
  static constexpr const KeyTable* tables[] = {
      &root_keys,   &node_keys,       &input_keys,     &operator_keys,      &python_operator_keys,
      &deploy_keys, &debug_keys,      &type_rule_keys, &module_file_keys,   &module_header_keys,
      &ros2_keys,   &ros2_topic_keys, &ros2_qos_keys,  &ros2_transport_keys};
  return tables;
}

}  // namespace dora::dataflow

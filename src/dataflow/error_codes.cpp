// SPDX-License-Identifier: Apache-2.0
#include "dataflow/error_codes.hpp"

#include <algorithm>
#include <cctype>

namespace dora::dataflow {
namespace {

constexpr ErrorCode table[] = {
    {"E001", "the file cannot be read",
     "The dataflow file does not exist, is a directory or a device, may not be read, or is larger "
     "than 4 MiB. Example: `dora run dataflw.yml`. Check the spelling of the path and the "
     "permissions of the file (`ls -l`)."},
    {"E002", "the file is not UTF-8 text",
     "YAML is text in UTF-8. A NUL byte, a control character or a byte that is not UTF-8 stands at "
     "the place "
     "shown, often because the file was saved as UTF-16 or Latin-1, or is not a YAML file at all. "
     "Save it as UTF-8, e.g. `iconv -f latin1 -t utf-8 old.yml > dataflow.yml`."},
    {"E003", "the YAML cannot be parsed",
     "The text breaks a rule of YAML: a bracket or a quote is not closed, a tab is used for "
     "indentation, a line is indented by the wrong amount, a `:` has no space after it. Example: "
     "`inputs: {tick: dora/timer/secs/1` lacks its `}`. The place shown is where reading stopped; "
     "the cause is there or shortly before."},
    {"E004", "unknown key",
     "A key is not known at this place, so it would have no effect. Example: `ouputs:` instead of "
     "`outputs:`. Correct the spelling or remove it. docs/dataflow-yaml.md lists every key. Keys "
     "of a node: id, name, description, path, path_sha256, args, build, git, branch, tag, rev, "
     "hub, module, params, operator, operators, ros2, inputs, outputs, input_types, output_types, "
     "output_framing, output_metadata, pattern, env, deploy, cpu_affinity, "
     "shared_memory_pool_size, restart_policy, max_restarts, restart_delay, max_restart_delay, "
     "restart_window, health_check_timeout, finish_grace_secs, send_stdout_as, send_logs_as, "
     "min_log_level, max_log_size, max_rotated_files, latency, tty. Keys of a node manifest: "
     "docs/hub.md."},
    {"E005", "a required key is missing",
     "A key that this place cannot do without is not there. Example: a node without `id`, a file "
     "without `nodes`, a long-form input without `source`. Add the key."},
    {"E006", "a value has the wrong kind",
     "The value is, say, a list where a text is wanted. Example: `path: [a.py]`. Note that plain "
     "`yes` and `no` are texts, plain `5` is a number, and `\"5\"` is a text. Write the value in "
     "the form that the message asks for."},
    {"E007", "a value is not allowed",
     "The value has the right kind but is out of range or not one of the known words. Example: "
     "`queue_size: -1`, `restart_policy: sometimes`, `input_timeout: 0`. The message says what is "
     "allowed."},
    {"E008", "a key is given twice",
     "The same key stands twice in one map; which one was meant cannot be known. Example: two "
     "`inputs:` in one node. Merge them or remove one. Merge keys (`<<`) are not applied."},
    {"E009", "an id is not allowed",
     "Node ids consist of letters, digits, `_`, `.` and `-`, have at most 64 characters, do not "
     "begin with `.` or `-`, and are not `dora`. Ids of inputs and outputs may also contain `/` "
     "inside and have at most 128 characters. Example: `id: front camera`; write "
     "`id: front-camera`."},
    {"E010", "two nodes have the same id",
     "Ids name nodes in inputs, logs and commands, so each exists once in a dataflow. Example: two "
     "nodes with `id: camera`. Rename one, and the inputs that read it."},
    {"E011", "an input reads from an unknown node",
     "The part of a source before its first `/` must be the id of a node of this dataflow. "
     "Example: `image: camra/image` where the node is called `camera`. Correct the name or add the "
     "node."},
    {"E012", "a source has the wrong form",
     "A source is written `<node>/<output>`, `dora/timer/<unit>/<value>` or "
     "`dora/logs[/<level>[/<node>]]`. Example: `image: camera` lacks the output; write "
     "`image: camera/image`."},
    {"E013", "an input reads an output that does not exist",
     "The node exists, but does not list that output in its `outputs`. Example: "
     "`message: sender/mesage` where `sender` has `outputs: [message]`. Correct the name, or add "
     "the output to the node that sends it."},
    {"E014", "the operator is missing in a source",
     "Outputs of a node with `operators:` are addressed as `<node>/<operator>/<output>`. Example: "
     "`boxes: vision/boxes`; write `boxes: vision/detector/boxes`. For a node with a single "
     "`operator:` the operator may be left out."},
    {"E015", "a timer is wrong",
     "Timers are written `dora/timer/secs/N`, `dora/timer/millis/N`, `dora/timer/micros/N`, "
     "`dora/timer/nanos/N` with a whole number, or `dora/timer/hz/X` with a decimal one. The "
     "interval must be from 1 nanosecond to 100 years. Example: `dora/timer/millis/0`."},
    {"E016", "an unknown built-in source",
     "Behind `dora/` only `timer` and `logs` exist. Example: `dora/timr/secs/1`; write "
     "`dora/timer/secs/1`."},
    {"E017", "a node needs exactly one kind",
     "A node says what it is by one of `path`, `operator`, `operators`, `module`, `ros2`, `hub` or "
     "`git` (with `path`). None of them, or two of them, is an error. Example: a node with both "
     "`path` and `operator`. Keep one, or split the node in two."},
    {"E018", "a key does not belong to this kind of node",
     "Some keys only make sense for some kinds of nodes. Example: `args` beside `operator:`, "
     "`params` without `module:`, `inputs` of a timer node. Remove the key, or move it to where "
     "the "
     "message says."},
    {"E019", "the file is too large or too deep",
     "A dataflow may nest 64 levels, hold 250 000 values and 150 000 commas and brackets, and its "
     "aliases may expand to 10 000 "
     "values. Generated files sometimes exceed that. Split the dataflow, or write values out "
     "instead of aliases of aliases."},
    {"E020", "an alias contains itself",
     "`*name` stands inside the value that `&name` marks, so the value would have no end. Example: "
     "`a: &x [*x]`. Remove the alias."},
    {"E021", "a file holds more than one document, or none",
     "A dataflow file is one YAML document. `---` begins another one. Put each dataflow in its own "
     "file. An empty file needs at least `nodes: []`."},
    {"E022", "an environment variable cannot be expanded",
     "`$NAME` or `${NAME}` in a value of `env` is replaced when the file is read; the variable is "
     "not set. Set it before `dora run`, or give a default: `${NAME:-value}`. A `$` itself is "
     "written `$$`."},
    {"E023", "a version, commit or checksum is wrong",
     "`branch`, `tag` and `rev` belong to `git`, and only one of them may be given; `path_sha256` "
     "has 64 hexadecimal digits and belongs to a `path` that is a URL; `hub` is written "
     "`[<namespace>/]<name>[@<requirement>]`."},
    {"E024", "quotes are not balanced",
     "`args` and `build` are split into words by the rules of a POSIX shell; a quote is opened and "
     "not closed. Example: `args: --label \"front left`. Close it."},
    {"E025", "an operator is wrong",
     "An operator has exactly one of `python`, `shared-library` and `wasm`; in `operators:` each "
     "has an `id`, and no two the same; a logging key such as `send_stdout_as` is set by at most "
     "one operator of a node; `shared-library` is written without `lib` and without extension."},
    {"E026", "a ROS 2 bridge is wrong",
     "`ros2` has exactly one of `topic`, `topics`, `service` and `action`, the matching type, and "
     "the inputs and outputs its direction needs. Names follow the rules of ROS: letters, digits, "
     "`_` and `/`, no part beginning with a digit. Example: `topic: /scan`, "
     "`message_type: sensor_msgs/LaserScan`, `direction: subscribe` with one output."},
    {"E030", "a module file cannot be used",
     "`module` is the path of a YAML file, relative to the file that names it and inside the "
     "dataflow's directory, at most 1 MiB, with `module:` and `nodes:`. Paths inside the module "
     "must also stay inside the dataflow's directory."},
    {"E031", "a module contains itself",
     "The module file uses itself, directly or through other modules, so the dataflow would have "
     "no end. The message shows the way. Remove one of the uses."},
    {"E032", "modules are nested too deeply",
     "Modules may contain modules up to 8 levels. Use some of them directly in the dataflow."},
    {"E033", "a port of a module is wrong",
     "Every port in the module's `inputs` must be bound where it is used, no other port may be, "
     "and every port in its `outputs` must be sent by exactly one of its nodes. Inner nodes read a "
     "port as `_mod/<port>`. Outside, outputs are read as `<node>/<output>`, those that the module "
     "lists in its `outputs`; what its inner nodes send beside them is private."},
    {"E034", "a parameter of a module is wrong",
     "Keys of `params` consist of letters, digits and `_`, are unique without regard to case, and "
     "their values are texts."},
    {"E035", "a type file cannot be used",
     "The YAML files in the folder `types` beside a dataflow define types: `types:`, and below it "
     "the types by name, each with its Arrow type: `Celsius: {arrow: Float32}`. A Struct has "
     "`fields`, a list of `{name: x, type: Float64}`. The prefix of a type is the path of its "
     "file without extension; `std` is reserved."},
    {"E040", "a program is not there",
     "`path` names neither a file in the dataflow's directory nor a command on PATH. Example: "
     "`path: sender.py` while the file is called `send.py`. Correct the path; when `build` makes "
     "the file, run `dora build` first."},
    {"E041", "a program cannot be executed",
     "`path` is a directory, or a file without permission to execute. Use `chmod +x`, or name the "
     "file inside the directory. Python files (`.py`) need no such permission."},
    {"E042", "the code of an operator is not there",
     "The file named by `python` or `shared-library` does not exist. A shared library `blur` is "
     "looked for as `libblur.so`. Correct the path, or give the operator a `build`."},
    {"E050", "a node manifest is wrong",
     "A node manifest, dora-node.yml, says how the package of a node is called, built and started, "
     "and which ports it has: docs/hub.md tells every key. A value is not one that the key takes. "
     "Example: `entrypoint: ../camera`, which leads out of the package. `dora validate "
     "--node-manifest dora-node.yml` checks a manifest alone."},
    {"E051", "a package cannot be had",
     "The package that `hub` names is in no index, has no version that fits, or its index cannot "
     "be "
     "read. `dora hub search` lists packages, `dora hub info PACKAGE` tells the versions. "
     "`--hub-override <namespace>/<name>=<folder>` takes a folder of this machine instead."},
    {"E052", "a node does not fit its package",
     "The manifest of a package says which inputs and outputs its node has. The dataflow names "
     "others, or leaves out an input that is needed. `dora hub info PACKAGE` shows them."},
    {"W001", "an old spelling",
     "The file uses a spelling of dora 0.x, which still works: `custom:` (its keys now stand in "
     "the node itself, `source` is `path`, `envs` is `env`), `_unstable_deploy`, "
     "`_unstable_debug`, `publish_all_messages_to_zenoh`, `communication:`."},
    {"W002", "an unknown key is ignored",
     "The key of an operator or of an input is not known and has no effect. Correct the spelling "
     "or remove it."},
    {"W003", "an environment variable is reserved",
     "The name in `env` belongs to dora or decides what code a process loads, or cannot be the "
     "name of a variable; it is left out."},
    {"W004", "an environment variable is not set",
     "`{__dora_env: NAME}` stands for a variable that is not set; the value is left out."},
    {"W005", "a variable in a path is not replaced",
     "In `path` only HOME, USER, DORA_WORKSPACE, CARGO_MANIFEST_DIR and PWD are replaced; other "
     "variables stay as they are written."},
    {"W006", "a timer that nobody can read",
     "A node with `path: dora/timer/...` has no `outputs`, so its ticks reach nobody. Add "
     "`outputs: [tick]`."},
    {"W007", "several operators share one stdout",
     "The operators of a node run in one process: with `send_stdout_as` the output of all of them "
     "is sent."},
    {"W008", "ports stand beside `operators`",
     "`inputs` and `outputs` of the node were moved into its only operator. Write them there."},
    {"W009", "log messages of an unknown node",
     "The source `dora/logs/<level>/<node>` names a node that this dataflow does not have."},
    {"W010", "a type of a port that is not there",
     "`input_types`, `output_types` or `output_metadata` names a port that the node does not list "
     "in `inputs` or `outputs`, often because of a typo. With `strict_types` it is an error."},
    {"W011", "an unknown type",
     "A type is written `<prefix>/v<N>/<Name>`, perhaps with parameters: "
     "`std/media/v1/AudioFrame[sample_type=f32]`. It is one of the standard types or stands in the "
     "folder `types` beside the dataflow. With `strict_types` it is an error."},
    {"W012", "types do not fit",
     "What an output declares is not what the input expects. Types fit when they are equal (a "
     "parameter that one side leaves out fits any), when the sent one is widened "
     "(`UInt8` to `UInt32` to `UInt64`, `Int32` to `Int64`, `Float32` to `Float64`), when "
     "`std/core/v1/Bytes` is expected, when a Struct has every field of the expected one, or when "
     "`type_rules` says so. With `strict_types` it is an error."},
    {"W013", "an unknown pattern",
     "`pattern` is one of `service-server`, `service-client`, `action-server` and "
     "`action-client`. With `strict_types` it is an error."},
    {"W014", "an output without a type",
     "Types are strict, and an input with a type reads an output without one. Add it to "
     "`output_types` of the node that sends it."},
    {"W015", "a package was not looked at",
     "The index of the package that `hub` names cannot be reached just now, so that nobody can "
     "tell "
     "whether there is such a package and whether the node fits it. `dora build` needs the index "
     "once. A `--hub-override` that no node uses is told in the same way."},
};

}  // namespace

std::span<const ErrorCode> error_codes() {
  return table;
}

const ErrorCode* find_error_code(std::string_view code) {
  auto equal = [](char a, char b) { return std::toupper(static_cast<unsigned char>(a)) == b; };
  auto found = std::ranges::find_if(
      table, [&](const ErrorCode& row) { return std::ranges::equal(code, row.code, equal); });
  return found == std::end(table) ? nullptr : &*found;
}

}  // namespace dora::dataflow

"""C++ nodes and operators of dora-rs (`dora-node-api.h`, `dora-operator-api.h`) are compiled by our
package, and run."""

import pytest

from .test_c_and_cpp import cmake

CMAKE = """
cmake_minimum_required(VERSION 3.20)
project(upstream LANGUAGES C CXX)
find_package(dora REQUIRED)
foreach(name {nodes})
  add_executable(${{name}} ${{name}}.cpp)
  target_link_libraries(${{name}} PRIVATE dora::node dora::upstream)
endforeach()
foreach(name {operators})
  dora_add_operator(${{name}} ${{name}}.cpp)
  target_link_libraries(${{name}} PRIVATE dora::upstream)
  target_include_directories(${{name}} PRIVATE .)
endforeach()
"""


@pytest.fixture
def build(workspace, python_says):
    """Compiles C++ nodes and operators, by name."""

    def build_them(nodes=None, operators=None, **headers):
        for name, text in {**(nodes or {}), **(operators or {})}.items():
            (workspace / f"{name}.cpp").write_text(text)
        for name, text in headers.items():
            (workspace / f"{name}.h").write_text(text)
        (workspace / "CMakeLists.txt").write_text(
            CMAKE.format(nodes=" ".join(nodes or {}), operators=" ".join(operators or {}))
        )
        cmake(workspace, python_says("--cmake-dir"))

    return build_them


NODE = r"""
#include "dora-node-api.h"
#include <iostream>

static void show(rust::Box<DoraEvent> event) {
  auto input = event_as_input_with_metadata(std::move(event));
  std::cout << "input " << std::string(input.id) << " of " << input.data.size() << " bytes";
  for (auto byte : input.data) std::cout << " " << int(byte);
  for (const auto& key : input.metadata->list_keys())
    std::cout << ", " << std::string(key) << " is " << input.metadata->get_json(key);
  std::cout << std::endl;
  try {
    input.metadata->get_int("text");
  } catch (const std::exception& error) {
    std::cout << "error: " << error.what() << std::endl;
  }
}

int main() {
  auto node = init_dora_node();
  const std::string config(node_config_json(node.send_output));
  const std::string dataflow(dataflow_descriptor_json(node.send_output));
  std::cout << "knows itself: " << (config.find("number") != std::string::npos)
            << (dataflow.find("sender") != std::string::npos) << std::endl;
  log_message(node.send_output, "warn", "said by C++");
  for (;;) {
    auto event = next_event(node.events);
    const auto type = event_type(event);
    if (type == DoraEventType::AllInputsClosed) break;
    if (type == DoraEventType::Stop) {
      std::cout << "stop" << std::endl;
    } else if (type == DoraEventType::InputClosed) {
      std::cout << "closed" << std::endl;
    } else if (type == DoraEventType::Input) {
      try {
        show(std::move(event));
        continue;
      } catch (const std::exception& error) {
        std::cout << "refused: " << error.what() << std::endl;
      }
    }
  }
  auto metadata = new_metadata();
  metadata->set_string("text", "out");
  metadata->set_int("integer", 1);
  metadata->set_float("float", 0.5);
  metadata->set_bool("bool", true);
  metadata->set_list_int("integers", {1, 2});
  metadata->set_list_float("floats", {0.5});
  metadata->set_list_string("strings", {"a", "b"});
  metadata->set_timestamp("time", -1);
  std::cout << std::string(metadata->to_json()) << std::endl;
  const std::uint8_t bytes[] = {7, 8};
  auto sent = send_output_with_metadata(node.send_output, "copy",
                                        rust::Slice<const std::uint8_t>{bytes, 2},
                                        std::move(metadata));
  if (!sent.error.empty()) return 1;
  sent = send_output(node.send_output, "nowhere", rust::Slice<const std::uint8_t>{bytes, 2});
  std::cout << "undeclared: '" << sent.error << "'" << std::endl;
  sent = send_output(node.send_output, "no where", rust::Slice<const std::uint8_t>{bytes, 2});
  std::cout << "impossible: " << std::string(sent.error).substr(0, 25) << std::endl;
  return 0;
}
"""

SENDER = """
from dora import Node
import pyarrow as pa
node = Node()
node.send_output("number", bytes([1, 2, 3]), {"text": "in", "list": [1, 2]})
node.send_output("number", pa.array([1.5]))
node.send_output("number", pa.nulls(0))
"""
READER = """
from dora import Node
for event in Node():
    if event["type"] == "INPUT":
        metadata = event["metadata"]
        own = {key: metadata[key] for key in sorted(metadata) if key not in
               ("timestamp", "timestamp_ns", "sequence")}
        print("got", event["value"].to_pylist(), own)
"""


def test_a_node_sees_and_sends_everything(build, run_dataflow):
    build(nodes={"node": NODE})
    ended = run_dataflow(
        """
        nodes:
          - {id: sender, path: sender.py, outputs: [number]}
          - {id: node, path: build/node, inputs: {number: sender/number}, outputs: [copy]}
          - {id: reader, path: reader.py, inputs: {copy: node/copy}}
        """,
        sender=SENDER,
        reader=READER,
    )
    assert ended.code == 0, ended.text
    for expected in (
        "knows itself: 11",
        "said by C++",
        'input number of 3 bytes 1 2 3, list is [1,2], text is "in"',
        "error: metadata key 'text' has type 'string', expected 'integer'",
        "refused: input 'number' has the Arrow format 'g', not that of bytes",
        "input number of 0 bytes",
        "closed",
        "stop",
        '"time":{"Timestamp":"1969-12-31T23:59:59.999999999Z"}',
        '"float":{"Float":0.5}',
        "undeclared: ''",
        "declares no output 'nowhere'",
        "impossible: invalid output id 'no whe",
        "got [7, 8] {'bool': True, 'float': 0.5, 'floats': [0.5], 'integer': 1, 'integers': "
        "[1, 2], 'strings': ['a', 'b'], 'text': 'out', 'time': datetime",
    ):
        assert expected in ended.text


CLIENT = r"""
#include "dora-node-api.h"
#include <iostream>

int main() {
  auto node = init_dora_node();
  const std::uint8_t bytes[] = {4};
  const rust::Slice<const std::uint8_t> data{bytes, 1};
  // The server answers in the reverse order.
  auto first = send_service_request(node.send_output, "request", data, new_metadata());
  auto second = send_service_request(node.send_output, "request", data, new_metadata());
  for (const auto& id : {first.request_id, second.request_id}) {
    auto reply = recv_service_response(node.events, id, "server", 60000);
    if (reply.status != DoraPatternStatus::Matched) return 1;
    auto input = event_as_input_with_metadata(std::move(reply.event));
    std::cout << "answer " << int(input.data[0]) << " "
              << (std::string(input.metadata->request_id()) == std::string(id)) << std::endl;
  }
  auto late = recv_service_response(node.events, "unknown", "server", 1);
  std::cout << "late " << (late.status == DoraPatternStatus::Timeout)
            << (event_type(late.event) == DoraEventType::Timeout) << std::endl;
  auto wrong = recv_service_response(node.events, "unknown", "no/node", 1);
  std::cout << "wrong " << (wrong.status == DoraPatternStatus::InvalidArgument) << std::endl;

  auto metadata = new_metadata();
  const std::string goal(new_goal_id());
  metadata->set_goal_id(goal);
  send_output_with_metadata(node.send_output, "goal", data, std::move(metadata));
  auto done = recv_action_result(node.events, goal, "server", 60000);
  std::cout << "result "
            << event_as_input_with_metadata(std::move(done.event)).metadata->goal_status()
            << std::endl;
  // What was not waited for comes now.
  auto feedback = next_event_timeout(node.events, 60000);
  std::cout << "feedback " << int(event_as_input(std::move(feedback)).data[0]) << std::endl;
  rust::Vec<rust::String> outputs;
  outputs.push_back("request");
  outputs.push_back("goal");
  close_outputs(node.send_output, std::move(outputs));
  for (;;) {
    auto event = node.events->next();
    if (event_type(event) == DoraEventType::AllInputsClosed) break;
  }
  auto drained = drain_events(node.events);
  std::cout << "drained " << drained_events_len(drained) << " "
            << (event_type(drained_events_next(drained)) == DoraEventType::Empty) << std::endl;
  auto combined = dora_events_into_combined(std::move(node.events));
  auto event = combined.next();
  std::cout << "ended " << event.is_dora()
            << (event_type(downcast_dora(std::move(event))) == DoraEventType::AllInputsClosed)
            << std::endl;
  return 0;
}
"""
SERVER = """
from dora import Node
waiting = []
node = Node()
for event in node:
    if event["type"] != "INPUT":
        continue
    metadata = event["metadata"]
    if event["id"] == "request":
        waiting.append(metadata)
        if len(waiting) == 2:
            node.send_output("answer", bytes([2]), waiting[1])
            node.send_output("answer", bytes([1]), waiting[0])
    else:
        goal = {"goal_id": metadata["goal_id"]}
        node.send_output("answer", bytes([9]), goal)
        node.send_output("answer", bytes([0]), {**goal, "goal_status": "succeeded"})
"""


def test_requests_and_goals_find_their_answers(build, run_dataflow):
    build(nodes={"client": CLIENT})
    ended = run_dataflow(
        """
        nodes:
          - id: client
            path: build/client
            inputs: {answer: server/answer}
            outputs: [request, goal]
          - id: server
            path: server.py
            inputs: {request: client/request, goal: client/goal}
            outputs: [answer]
        """,
        server=SERVER,
    )
    assert ended.code == 0, ended.text
    said = [line.partition("client: ")[2] for line in ended.out.splitlines() if "client: " in line]
    own = ("answer", "late", "wrong", "result", "feedback", "drained", "ended")
    assert [line for line in said if line.startswith(own)] == [
        "answer 1 1", "answer 2 1", "late 11", "wrong 1", "result succeeded", "feedback 9",
        "drained 0 1", "ended 01",
    ]  # fmt: skip


OPERATOR_H = """
#pragma once
#include <memory>
#include "operator_api.h"

class Operator {
 public:
  unsigned char counter = 0;
};

#include "dora-operator-api.h"
"""
OPERATOR = r"""
#include "operator.h"
#include <iostream>

std::unique_ptr<Operator> new_operator() { return std::make_unique<Operator>(); }

DoraOnInputResult on_input(Operator& op, rust::Str id, rust::Slice<const uint8_t> data,
                           OutputSender& sender) {
  op.counter += 1;
  std::cout << "operator got " << std::string(id) << " " << data.size() << std::endl;
  if (data.size() == 13) return {"thirteen is bad luck", false};
  send_output(sender, "nowhere", data);
  auto sent = send_output(sender, rust::Str("count"), {&op.counter, 1});
  return {sent.error, false};
}
DoraOnInputResult on_input_closed(Operator&, rust::Str id, OutputSender&) {
  std::cout << "operator lost " << std::string(id) << std::endl;
  return {rust::String(), false};
}
DoraOnInputResult on_stop(Operator& op, OutputSender& sender) {
  std::cout << "operator stops after " << int(op.counter) << std::endl;
  const unsigned char last = 99;
  return {send_output(sender, "count", {&last, 1}).error, false};
}
DoraOnInputResult on_input_parse_error(Operator&, rust::Str, rust::Str error, OutputSender&) {
  return {error, false};
}
"""
OPERATOR_FLOW = """
nodes:
  - {id: sender, path: sender.py, outputs: [number]}
  - id: counter
    operator:
      shared-library: build/counter
      inputs: {number: sender/number}
      outputs: [count]
  - {id: reader, path: reader.py, inputs: {copy: counter/count}}
"""


@pytest.mark.parametrize(
    ("sizes", "code", "expected"),
    [
        ((1, 0), 0, ["got number 1", "got number 0", "lost number", "stops after 2", "got [99]"]),
        ((13,), 1, ["operator 'op' of node 'counter'", "thirteen is bad luck"]),
    ],
)
def test_an_operator_runs_and_fails_as_it_says(build, run_dataflow, sizes, code, expected):
    build(operators={"counter": OPERATOR}, operator=OPERATOR_H)
    sender = "from dora import Node\nnode = Node()\n" + "".join(
        f"node.send_output('number', bytes({size}))\n" for size in sizes
    )
    ended = run_dataflow(OPERATOR_FLOW, sender=sender, reader=READER)
    assert ended.code == code, ended.text
    for text in expected:
        assert text in ended.text

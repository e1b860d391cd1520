"""Operators in shared libraries: alone, and mixed with Python in one process."""

import re

import pytest

SENDER = """
from dora import Node
import numpy as np
node = Node()
for i in range(3):
    node.send_output("number", np.full(4, i, np.int32), {"origin": "sender", "i": i})
"""

PRINTER = """
from dora import Node
for event in Node():
    if event["type"] == "INPUT":
        print("got", event["value"].to_pylist(), event["metadata"].get("origin"))
"""

# Adds one to every int32 it receives.
ADDER = """
#include <dora/operator.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct { uint32_t output; int count; } Adder;

dora_status dora_operator_create(dora_operator* self, void** state) {
  Adder* adder = calloc(1, sizeof(Adder));
  *state = adder;
  return dora_operator_find_output(self, "y", 1, &adder->output);
}

dora_status dora_operator_on_event(dora_operator* self, void* state, dora_event* event,
                                   dora_operator_status* answer) {
  Adder* adder = state;
  (void)answer;
  if (dora_event_get_type(event) != DORA_EVENT_INPUT) return DORA_OK;
  dora_tensor tensor;
  if (!dora_event_tensor(event, &tensor) || tensor.format != 'i')
    return dora_operator_fail(self, "int32 is needed", 15);
  int64_t count = 1;
  for (int32_t i = 0; i < tensor.rank; ++i) count *= tensor.shape[i];
  int32_t* sum = malloc(count * sizeof(int32_t));
  for (int64_t i = 0; i < count; ++i) sum[i] = ((const int32_t*)tensor.data)[i] + 1;
  tensor.data = sum;
  dora_metadata* metadata = dora_metadata_create();
  dora_text key = {"origin", 6}, value = {"adder", 5};
  dora_metadata_set_string(metadata, key, value);
  dora_status status = dora_operator_send_tensor(self, adder->output, &tensor, metadata);
  dora_metadata_free(metadata);
  free(sum);
  adder->count++;
  return status;
}

void dora_operator_destroy(dora_operator* self, void* state) {
  Adder* adder = state;
  printf("adder %s of %s ends after %d\\n", dora_operator_id(self), dora_operator_node_id(self),
         adder->count);
  fflush(stdout);
  free(adder);
}
"""


def lines_of(ended, word):
    return [line.partition(word)[2] for line in ended.out.splitlines() if word in line]


def dataflow(operators, result):
    return f"""
nodes:
  - id: sender
    path: sender.py
    outputs: [number]
  - id: runtime
    operators:{operators}
  - id: printer
    path: printer.py
    inputs: {{result: {result}}}
"""


NATIVE = """
      - {id: first, shared-library: adder, inputs: {x: sender/number}, outputs: [y]}
      - {id: second, shared-library: adder, inputs: {x: runtime/first/y}, outputs: [y]}"""

MIXED = """
      - {id: first, shared-library: adder, inputs: {x: sender/number}, outputs: [y]}
      - {id: middle, python: middle.py, inputs: {x: runtime/first/y}, outputs: [y]}
      - {id: last, shared-library: adder, inputs: {x: runtime/middle/y}, outputs: [y]}"""


def test_two_libraries_feed_each_other_in_one_process(compile_operator, run_dataflow):
    compile_operator("adder", ADDER)
    ended = run_dataflow(
        dataflow(NATIVE, "runtime/second/y"), "--no-build", sender=SENDER, printer=PRINTER
    )
    assert ended.code == 0, ended.text
    assert lines_of(ended, "got ") == [f"[{i}, {i}, {i}, {i}] adder" for i in (2, 3, 4)]
    assert sorted(lines_of(ended, "adder ")) == [
        f"{name} of runtime ends after 3" for name in ("first", "second")
    ]


def test_libraries_and_python_share_one_process_and_pass_references(compile_operator, run_dataflow):
    compile_operator(
        "adder", ADDER.replace("tensor.data = sum;", "tensor.data = sum; fflush(stdout);")
    )
    ended = run_dataflow(
        dataflow(MIXED, "runtime/last/y"),
        sender=SENDER,
        printer=PRINTER,
        middle="""
class Operator:
    def on_event(self, event, send_output):
        if event["type"] == "INPUT":
            value = event["value"]
            assert value.shape == (4,) and value.dtype == "int32", value
            assert event["metadata"]["origin"] == "adder" and event["id"] == "x"
            send_output("y", value * 10, event["metadata"])
""",
    )
    assert ended.code == 0, ended.text
    assert lines_of(ended, "got ") == [f"[{i}, {i}, {i}, {i}] adder" for i in (11, 21, 31)]


# Sends its own memory, says where it is, and prints where each payload it receives is.
ADDRESSES = """
#include <dora/operator.h>
#include <stdio.h>
#include <string.h>

static int32_t numbers[256];
static const void* buffers[2] = {NULL, numbers};
static void release_array(struct ArrowArray* array) { array->release = NULL; }
static void release_schema(struct ArrowSchema* schema) { schema->release = NULL; }

dora_status dora_operator_create(dora_operator* self, void** state) {
  (void)self;
  *state = NULL;
  return DORA_OK;
}
dora_status dora_operator_on_event(dora_operator* self, void* state, dora_event* event,
                                   dora_operator_status* answer) {
  (void)state; (void)answer;
  if (dora_event_get_type(event) != DORA_EVENT_INPUT) return DORA_OK;
  if (strcmp(dora_event_id(event, NULL), "back") == 0) {
    dora_tensor tensor;
    if (!dora_event_tensor(event, &tensor)) return dora_operator_fail(self, "no tensor", 9);
    printf("native received %p\\n", tensor.data);
    fflush(stdout);
    return DORA_OK;
  }
  printf("native sent %p\\n", (void*)numbers);
  fflush(stdout);
  uint32_t output;
  dora_operator_find_output(self, "own", 3, &output);
  struct ArrowArray array = {.length = 256, .n_buffers = 2, .buffers = buffers,
                             .release = release_array};
  struct ArrowSchema schema = {.format = "i", .name = "", .flags = ARROW_FLAG_NULLABLE,
                               .release = release_schema};
  return dora_operator_send_arrow(self, output, &array, &schema, NULL);
}
void dora_operator_destroy(dora_operator* self, void* state) { (void)self; (void)state; }
"""

PYTHON_ADDRESSES = """
import numpy as np
import pyarrow as pa
class Operator:
    def on_event(self, event, send_output):
        if event["type"] == "INPUT":
            value = event["value"]
            if isinstance(value, pa.Array):
                print("python received", hex(value.buffers()[1].address))
                send_output("arrow", value)
                self.kept = np.arange(1000)
                print("python sent", hex(self.kept.ctypes.data))
                send_output("numpy", self.kept)
            else:
                print("python received", hex(value.ctypes.data), value.flags.writeable)
"""


def test_the_same_memory_is_on_both_sides_of_an_edge(compile_operator, run_dataflow):
    compile_operator("addresses", ADDRESSES)
    ended = run_dataflow(
        """
nodes:
  - id: sender
    path: sender.py
    outputs: [number]
  - id: runtime
    operators:
      - id: native
        shared-library: addresses
        inputs: {start: sender/number, back: runtime/python/arrow}
        outputs: [own]
      - id: python
        python: addresses.py
        inputs: {x: runtime/native/own}
        outputs: [arrow, numpy]
      - id: other
        python: addresses.py
        inputs: {x: runtime/python/numpy}
      - id: third
        shared-library: addresses
        inputs: {back: runtime/python/numpy}
""",
        sender='from dora import Node\nNode().send_output("number", b"go")',
        addresses=PYTHON_ADDRESSES,
    )
    assert ended.code == 0, ended.text
    sent = [*lines_of(ended, "native sent "), *lines_of(ended, "python sent ")]
    assert len(sent) == 2, ended.text
    native, numpy = sent
    assert lines_of(ended, "python received ") == [native, f"{numpy} False"]
    assert sorted(lines_of(ended, "native received ")) == sorted([native, numpy])


# Written with dora-rs' C API, as its users have it.
UPSTREAM = """
#include "operator_api.h"
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

DoraInitResult_t dora_init_operator(void) {
  void* context = malloc(1);
  *(char*)context = 0;
  DoraInitResult_t result = {.operator_context = context};
  return result;
}
DoraResult_t dora_drop_operator(void* operator_context) {
  printf("dropped\\n");
  fflush(stdout);
  free(operator_context);
  DoraResult_t result = {};
  return result;
}
OnEventResult_t dora_on_event(RawEvent_t* event, const SendOutput_t* send_output,
                              void* operator_context) {
  OnEventResult_t result = {.status = DORA_STATUS_CONTINUE};
  char* counter = operator_context;
  if (event->input != NULL) {
    char* id = dora_read_input_id(event->input);
    Vec_uint8_t data = dora_read_data(event->input);
    assert(strcmp(id, "x") == 0 && data.ptr != NULL);
    *counter += 1;
    char text[64];
    int size = snprintf(text, sizeof text, "%d: %.*s", *counter, (int)data.len, data.ptr);
    result.result = dora_send_operator_output(send_output, "y", (uint8_t*)text, size);
    dora_free_input_id(id);
    dora_free_data(data);
  } else if (event->input_closed.ptr != NULL) {
    printf("closed %.*s\\n", (int)event->input_closed.len, event->input_closed.ptr);
  } else if (event->stop) {
    printf("stopped\\n");
  }
  return result;
}
"""


def test_a_c_operator_of_dora_rs_runs_unchanged(compile_operator, run_dataflow, include_folder):
    compile_operator("old", UPSTREAM, "c", "-I", f"{include_folder}/dora/upstream")
    ended = run_dataflow(
        dataflow(
            "\n      - {id: a, shared-library: old, inputs: {x: sender/number}, outputs: [y]}",
            "runtime/a/y",
        ),
        sender='from dora import Node\nn = Node()\nfor _ in "12": n.send_output("number", b"hey")',
        printer='from dora import Node\nfor e in Node():\n    if "value" in e: print("got", '
        'bytes(e["value"].to_numpy()))',
    )
    assert ended.code == 0, ended.text
    assert lines_of(ended, "got ") == ["b'1: hey'", "b'2: hey'"]
    said = [line.split("runtime: ")[-1] for line in ended.out.splitlines() if "runtime: " in line]
    assert [line for line in said if line in ("closed x", "stopped", "dropped")] == [
        *("closed x", "stopped", "dropped")
    ]


@pytest.mark.parametrize(
    ("source", "told"),
    [
        (ADDER.replace("'i'", "'q'"), "operator 'first' of node 'runtime': int32 is needed"),
        (
            ADDER.replace('self, "y", 1', 'self, "nothing", 7'),
            "the dataflow declares no output 'nothing' for operator 'first' (it has: y)",
        ),
        ("int nothing;", "is no operator: it must export dora_operator_create"),
        (
            "#include <stdint.h>\nuint32_t dora_operator_abi(void) { return 99; }\n"
            + "int dora_operator_create, dora_operator_on_event, dora_operator_destroy;",
            "it was compiled for version 99 of <dora/operator.h>",
        ),
        ("int missing(void); int call(void) { return missing(); }", "undefined symbol: missing"),
    ],
    ids=["fails", "wrong output", "no operator", "other version", "missing function"],
)
def test_a_library_that_fails_is_told_with_its_operator(
    compile_operator, run_dataflow, source, told
):
    compile_operator("adder", source)
    ended = run_dataflow(dataflow(NATIVE, "runtime/second/y"), sender=SENDER, printer=PRINTER)
    assert ended.code == 1
    assert told in ended.text
    assert "operator 'first'" in ended.text


@pytest.mark.parametrize("operators", [NATIVE, MIXED], ids=["native runtime", "Python runtime"])
def test_a_crash_names_the_operator_and_shows_its_stack(compile_operator, run_dataflow, operators):
    crash = '__attribute__((visibility("default"))) void step_on_a_mine(volatile int* at) '
    crash += "{ *at = 1; }\n"
    compile_operator(
        "adder",
        crash + ADDER.replace("adder->count++;", "step_on_a_mine((volatile int*)8);"),
    )
    ended = run_dataflow(
        dataflow(operators, "runtime/first/y"),
        sender=SENDER,
        printer=PRINTER,
        middle="class Operator:\n    def on_event(self, event, send_output): pass",
    )
    assert ended.code == 1
    assert "operator 'first' of node 'runtime' crashed: SIGSEGV" in ended.text
    assert re.search(r"libadder\.so\(step_on_a_mine\+0x", ended.text), ended.text
    assert "SIGSEGV" in ended.text.split("Stack")[-1]


def test_the_runtime_says_what_it_is_for_when_started_by_hand(run_dora):
    ended = run_dora("runtime")
    assert ended.code == 2
    assert "dora run dataflow.yml" in ended.err

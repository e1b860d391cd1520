"""docs/c-and-cpp.md: its blocks are compiled by the package that it describes, and run."""

import re
import shutil
import subprocess

import pytest

from .conftest import ROOT

PAGE = (ROOT / "docs" / "c-and-cpp.md").read_text()


def block(language, beginning):
    found = re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)
    return next(text for text in found if beginning in text)


def cmake(folder, cmake_folder):
    assert shutil.which("cmake"), "the tests need CMake"
    for command in (
        ["cmake", "-B", "build", f"-Ddora_DIR={cmake_folder}", "-DCMAKE_CXX_FLAGS=-Wall -Werror"],
        ["cmake", "--build", "build"],
    ):
        built = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
        assert built.returncode == 0, built.stdout + built.stderr


@pytest.fixture
def built(workspace, python_says):
    """The page's project, with its C node too."""
    (workspace / "doubler.cpp").write_text(block("cpp", "// doubler.cpp"))
    (workspace / "inverter.cpp").write_text(block("cpp", "// inverter.cpp"))
    (workspace / "answer.c").write_text(block("c", "/* answer.c */"))
    (workspace / "old.c").write_text(OLD_NODE)
    (workspace / "CMakeLists.txt").write_text(
        block("cmake", "find_package")
        + "add_executable(answer answer.c)\ntarget_link_libraries(answer PRIVATE dora::node)\n"
        + "add_executable(old old.c)\n"
        + "target_link_libraries(old PRIVATE dora::node dora::upstream)\n"
    )
    cmake(workspace, python_says("--cmake-dir"))
    return workspace


# Written with dora-rs' C API.
OLD_NODE = """
#include "node_api.h"
#include <stdio.h>
#include <string.h>

int main(void) {
  void* context = init_dora_context_from_env();
  if (context == NULL) return 1;
  int count = 0;
  void* event;
  while ((event = dora_next_event(context)) != NULL) {
    if (read_dora_event_type(event) == DoraEventType_Input) {
      char *id, *data;
      size_t id_length, length;
      read_dora_input_id(event, &id, &id_length);
      read_dora_input_data(event, &data, &length);
      printf("input %.*s has %zu bytes, %d\\n", (int)id_length, id, length,
             read_dora_input_timestamp(event) > 0);
      dora_send_output(context, "copy", 4, data, length);
      count++;
    }
    free_dora_event(event);
  }
  char text[32];
  dora_log(context, "warn", 4, text, snprintf(text, sizeof text, "%d in all", count));
  free_dora_context(context);
  return 0;
}
"""

FLOW = """
nodes:
  - id: sender
    path: sender.py
    outputs: [numbers, pixels]
  - {id: doubler, path: build/doubler, inputs: {numbers: sender/numbers}, outputs: [doubled]}
  - {id: answer, path: build/answer, outputs: [answer]}
  - {id: old, path: build/old, inputs: {answer: answer/answer}, outputs: [copy]}
  - id: image
    operators:
      - id: inverter
        shared-library: build/inverter
        inputs: {pixels: sender/pixels}
        outputs: [inverted]
  - id: printer
    path: printer.py
    inputs: {doubled: doubler/doubled, copy: old/copy, inverted: image/inverter/inverted}
"""


def test_the_page_builds_and_runs(built, run_dataflow):
    ended = run_dataflow(
        FLOW,
        sender="""
import numpy as np
from dora import Node
node = Node()
node.send_output("numbers", np.array([1, 2, 3], np.int32), {"unit": "m", "list": [1, 2]})
node.send_output("pixels", bytes([0, 55, 255]))
""",
        printer="""
from dora import Node
for event in Node():
    if event["type"] == "INPUT":
        metadata = event["metadata"]
        print("got", event["id"], event["value"].to_pylist(), metadata.get("unit"),
              metadata.get("list"))
""",
    )
    assert ended.code == 0, ended.text
    got = sorted(re.findall("got (.*)", ended.out))
    assert got == [
        "copy [52, 50] None None",
        "doubled [2, 4, 6] m [1, 2]",
        "inverted [255, 200, 0] None None",
    ]
    assert "input answer has 2 bytes, 1" in ended.out
    assert re.search("WARN .*old.*1 in all", ended.out), ended.out


def test_a_node_in_cpp_started_by_hand_says_what_to_do(built):
    ended = subprocess.run([built / "build/answer"], capture_output=True, text=True, check=False)
    assert ended.returncode == 1
    assert "this process was not started by dora" in ended.stderr


def test_a_project_in_c_alone_finds_the_package(workspace, python_says):
    (workspace / "answer.c").write_text(block("c", "/* answer.c */"))
    (workspace / "CMakeLists.txt").write_text(
        "cmake_minimum_required(VERSION 3.20)\nproject(small LANGUAGES C)\n"
        "find_package(dora 0.1 REQUIRED)\nadd_executable(answer answer.c)\n"
        "target_link_libraries(answer PRIVATE dora::node)\n"
    )
    cmake(workspace, python_says("--cmake-dir"))

// SPDX-License-Identifier: Apache-2.0
#include "cli/new_templates.hpp"

#include <algorithm>

namespace dora::cli {
namespace {

constexpr std::string_view python_sender = R"("""Sends a number whenever the clock ticks."""

import pyarrow as pa
from dora import Node

node = Node()
count = 0

for event in node:
    if event["type"] == "INPUT":
        node.send_output("message", pa.array([count]))
        count += 1
    elif event["type"] == "STOP":
        break
)";

constexpr std::string_view python_receiver = R"("""Prints what arrives."""

from dora import Node

node = Node()

for event in node:
    if event["type"] == "INPUT":
        print(f"got {event['id']}: {event['value'].to_pylist()}")
    elif event["type"] == "STOP":
        break
)";

constexpr TemplateFile python_dataflow[] = {
    {"dataflow.yml", R"(# yaml-language-server: $schema=.vscode/dataflow.schema.json
# A dataflow: programs, and which of them reads what from which. `dora run @name@` starts them.
nodes:
  - id: sender
    path: sender.py # beside this file
    inputs:
      tick: dora/timer/millis/100 # a clock that ticks ten times a second
    outputs:
      - message

  - id: receiver
    path: receiver.py
    inputs:
      message: sender/message # what the node `sender` sends as `message`
)"},
    {"sender.py", python_sender},
    {"receiver.py", python_receiver},
};

constexpr TemplateFile python_node[] = {
    {"dataflow.yml", R"(# yaml-language-server: $schema=.vscode/dataflow.schema.json
# Runs the node on its own: a clock in, its counts printed.
nodes:
  - id: @name@
    path: @module@/main.py
    inputs:
      tick: dora/timer/millis/100
    outputs:
      - count
)"},
    {"pyproject.toml", R"([build-system]
requires = ["setuptools>=61"]
build-backend = "setuptools.build_meta"

[project]
name = "@name@"
version = "0.1.0"
description = "A node of a dora dataflow"
requires-python = ">=3.11"
# The package `dora` comes with the program `dora`.
dependencies = ["pyarrow"]

[project.scripts]
@name@ = "@module@.main:main"

[tool.setuptools]
packages = ["@module@"]
)"},
    {"README.md", R"(# @name@

A node of a dora dataflow. It counts the ticks of its input `tick` and sends the count as `count`.

    dora run dataflow.yml
    python -m pytest

In another dataflow:

    - id: @name@
      build: pip install -e @name@
      path: @name@
      inputs:
        tick: dora/timer/secs/1
      outputs:
        - count
)"},
    {"@module@/__init__.py", R"("""A node of a dora dataflow."""
)"},
    {"@module@/__main__.py", R"(from .main import main

main()
)"},
    {"@module@/main.py", R"("""Counts the ticks of a clock."""

import pyarrow as pa
from dora import Node


def run(node):
    count = 0
    for event in node:
        if event["type"] == "INPUT":
            count += 1
            print(f"count: {count}")
            node.send_output("count", pa.array([count]))
        elif event["type"] == "STOP":
            break


def main():
    run(Node())


if __name__ == "__main__":
    main()
)"},
    {"tests/test_@module@.py", R"(import pyarrow as pa
from dora.testing import MockNode

from @module@.main import run


def test_counts():
    node = MockNode([("tick", pa.nulls(0)), ("tick", pa.nulls(0))])
    run(node)
    assert [value.to_pylist() for value in node.outputs["count"]] == [[1], [2]]
)"},
};

constexpr TemplateFile python_operator[] = {
    {"dataflow.yml", R"(# yaml-language-server: $schema=.vscode/dataflow.schema.json
# Runs the operator between a clock and a node that prints.
nodes:
  - id: @name@
    operator:
      python: @module@.py
      inputs:
        tick: dora/timer/millis/100
      outputs:
        - count

  - id: receiver
    path: receiver.py
    inputs:
      count: @name@/count
)"},
    {"@module@.py", R"("""Counts the ticks of a clock."""

import pyarrow as pa
from dora import DoraStatus


class Operator:
    def __init__(self):
        self.count = 0

    def on_event(self, event, send_output):
        if event["type"] == "INPUT":
            self.count += 1
            send_output("count", pa.array([self.count]))
        return DoraStatus.CONTINUE
)"},
    {"receiver.py", python_receiver},
};

constexpr TemplateFile python_shapes[] = {
    {"dataflow.yml", R"(# yaml-language-server: $schema=.vscode/dataflow.schema.json
# A camera that needs no device, a detector, and a node that shows what was found.
nodes:
  - id: camera
    path: camera.py
    inputs:
      tick: dora/timer/hz/30
    outputs:
      - image

  - id: detector
    path: detector.py
    inputs:
      image:
        source: camera/image
        queue_size: 1 # only the newest picture counts
    outputs:
      - box

  - id: plot
    path: plot.py
    inputs:
      box: detector/box
)"},
    {"camera.py", R"("""Draws a bright square that moves over a dark picture."""

import numpy as np
from dora import Node

HEIGHT, WIDTH, SIZE = 480, 640, 60

node = Node()
frame = 0

for event in node:
    if event["type"] == "INPUT":
        image = np.zeros((HEIGHT, WIDTH, 3), dtype=np.uint8)
        x = frame * 8 % (WIDTH - SIZE)
        y = frame * 5 % (HEIGHT - SIZE)
        image[y : y + SIZE, x : x + SIZE] = 255
        node.send_output("image", image)
        frame += 1
    elif event["type"] == "STOP":
        break
)"},
    {"detector.py", R"("""Finds the bright square in a picture."""

import numpy as np
import pyarrow as pa
from dora import Node


def find_box(image):
    bright = np.argwhere(image[:, :, 0] > 127)
    top, left = bright.min(axis=0).tolist()
    bottom, right = bright.max(axis=0).tolist()
    return {"x": left, "y": top, "width": right - left + 1, "height": bottom - top + 1}


node = Node()

for event in node:
    if event["type"] == "INPUT":
        node.send_output("box", pa.array([find_box(event["value"])]))
    elif event["type"] == "STOP":
        break
)"},
    {"plot.py", R"("""Shows what was found."""

from dora import Node

node = Node()

for event in node:
    if event["type"] == "INPUT":
        box = event["value"].to_pylist()[0]
        print(f"{box['width']} x {box['height']} at {box['x']}, {box['y']}")
    elif event["type"] == "STOP":
        break
)"},
};

constexpr Template templates[] = {
    {"python", "dataflow", "yaml dataflow", python_dataflow, "dora run @name@"},
    {"python", "node", "Python node", python_node,
     "cd @name@ && dora run dataflow.yml\n"
     "cd @name@ && uv pip install -e .   # or: pip install -e .\n"
     "cd @name@ && ruff check && python -m pytest"},
    {"python", "operator", "Python operator", python_operator, "dora run @name@"},
    {"python", "dataflow", "yaml dataflow", python_shapes, "dora run @name@", "shapes"},
};

}  // namespace

const Template* find_template(std::string_view language, std::string_view kind,
                              std::string_view name) {
  for (const std::span<const Template> all :
       {std::span<const Template>(templates), native_templates()}) {
    const auto found = std::ranges::find_if(all, [&](const Template& each) {
      return each.language == language && each.kind == kind && each.name == name;
    });
    if (found != all.end()) return &*found;
  }
  return nullptr;
}

}  // namespace dora::cli

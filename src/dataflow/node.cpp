// SPDX-License-Identifier: Apache-2.0
#include "dataflow/node.hpp"

#include <algorithm>

namespace dora::dataflow {

bool Node::has_node_inputs() const {
  return std::ranges::any_of(ports.inputs, [](const Input& input) {
    return std::holds_alternative<OutputSource>(input.source);
  });
}

std::string_view to_text(NodeKind kind) {
  switch (kind) {
    case NodeKind::Program:
      return "program";
    case NodeKind::Download:
      return "download";
    case NodeKind::Dynamic:
      return "dynamic";
    case NodeKind::Shell:
      return "shell";
    case NodeKind::Timer:
      return "timer";
    case NodeKind::Operators:
      return "operators";
    case NodeKind::Ros2:
      return "ros2";
    case NodeKind::Hub:
      return "hub";
  }
  return "";
}

std::string_view to_text(RestartPolicy policy) {
  switch (policy) {
    case RestartPolicy::Never:
      return "never";
    case RestartPolicy::OnFailure:
      return "on-failure";
    case RestartPolicy::Always:
      return "always";
  }
  return "";
}

std::string_view to_text(Distribute distribute) {
  switch (distribute) {
    case Distribute::Local:
      return "local";
    case Distribute::Scp:
      return "scp";
    case Distribute::Http:
      return "http";
  }
  return "";
}

}  // namespace dora::dataflow

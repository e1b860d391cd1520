// SPDX-License-Identifier: Apache-2.0
#include "dataflow/input.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace dora::dataflow {
namespace {

template <typename Port>
const Port* find_port(const std::vector<Port>& ports, const DataId& id) {
  auto found = std::ranges::lower_bound(ports, id, {}, &Port::id);
  return found != ports.end() && found->id == id ? &*found : nullptr;
}

std::string text_of(const OutputSource& source) {
  return source.node.text() + "/" + source.output.text();
}

std::string text_of(const TimerSource& source) {
  return source.node_output ? text_of(*source.node_output) : timer_text(source.interval);
}

std::string text_of(const LogSource& source) {
  std::string text = "dora/logs";
  if (source.has_level || source.node) text += fmt::format("/{}", to_text(source.min_level));
  if (source.node) text += "/" + source.node->text();
  return text;
}

}  // namespace

const Input* Ports::find_input(const DataId& id) const {
  return find_port(inputs, id);
}

const Output* Ports::find_output(const DataId& id) const {
  return find_port(outputs, id);
}

std::string timer_text(std::chrono::nanoseconds interval) {
  struct Unit {
    std::string_view name;
    std::int64_t nanoseconds;
  };
  constexpr Unit units[] = {{"secs", 1'000'000'000}, {"millis", 1'000'000}, {"micros", 1'000}};
  for (const Unit& unit : units) {
    if (interval.count() % unit.nanoseconds == 0) {
      return fmt::format("dora/timer/{}/{}", unit.name, interval.count() / unit.nanoseconds);
    }
  }
  return fmt::format("dora/timer/nanos/{}", interval.count());
}

std::string source_text(const InputSource& source) {
  return std::visit([](const auto& kind) { return text_of(kind); }, source);
}

std::string_view to_text(LogLevel level) {
  switch (level) {
    case LogLevel::Stdout:
      return "stdout";
    case LogLevel::Trace:
      return "trace";
    case LogLevel::Debug:
      return "debug";
    case LogLevel::Info:
      return "info";
    case LogLevel::Warn:
      return "warn";
    case LogLevel::Error:
      return "error";
  }
  return "";
}

std::string_view to_text(QueuePolicy policy) {
  return policy == QueuePolicy::DropOldest ? "drop_oldest" : "backpressure";
}

std::string_view to_text(OutputFraming framing) {
  return framing == OutputFraming::Raw ? "raw" : "arrow-ipc";
}

}  // namespace dora::dataflow

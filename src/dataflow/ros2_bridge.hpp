#pragma once
// SPDX-License-Identifier: Apache-2.0
// What a ROS 2 bridge node is asked to bridge.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/ids.hpp"

namespace dora::dataflow {

struct Ros2Qos {
  bool reliable = false;
  std::string durability = "volatile";
  std::string liveliness = "automatic";
  /// In seconds.
  std::optional<double> lease_duration;
  std::optional<double> max_blocking_time;
  std::uint32_t keep_last = 1;
  bool keep_all = false;
  bool operator==(const Ros2Qos&) const = default;
};

enum class Ros2Direction { Subscribe, Publish };
enum class Ros2Role { Client, Server };

struct Ros2Topic {
  std::string topic;
  std::string message_type;
  Ros2Direction direction = Ros2Direction::Subscribe;
  std::optional<DataId> output;
  std::optional<DataId> input;
  std::optional<Ros2Qos> qos;
  bool operator==(const Ros2Topic&) const = default;
};

struct Ros2Bridge {
  enum class Kind { Topic, Topics, Service, Action };
  Kind kind = Kind::Topic;
  /// One for Topic, up to 64 for Topics.
  std::vector<Ros2Topic> topics;
  /// Of a service or an action.
  std::string name;
  std::string type;
  Ros2Role role = Ros2Role::Client;
  std::optional<Ros2Qos> qos;
  std::string name_space = "/";
  std::optional<std::string> node_name;
  /// `dds` or `zenoh`.
  std::string transport = "dds";
  std::optional<std::string> compatibility;
  std::optional<std::string> config_uri;
  bool operator==(const Ros2Bridge&) const = default;
};

}  // namespace dora::dataflow

#pragma once
// SPDX-License-Identifier: Apache-2.0
// The sources that `dora new` writes in C++.

#include <string_view>

namespace dora::cli {

inline constexpr std::string_view cxx_talker = R"(// Sends a greeting whenever the clock ticks.
#include <string>

#include <dora/node.hpp>

int main() {
  dora::Node node;
  int count = 0;
  // Nothing once the dataflow ends.
  while (const auto event = node.next())
    if (event->is_input("tick")) node.send_bytes("speech", "hello " + std::to_string(count++));
}
)";

inline constexpr std::string_view cxx_listener = R"(// Prints what arrives.
#include <iostream>
#include <string>

#include <dora/node.hpp>

int main() {
  dora::Node node;
  while (const auto event = node.next()) {
    if (!event->is_input()) continue;
    const auto bytes = event->bytes();
    std::cout << "I heard " << std::string(bytes.begin(), bytes.end()) << " from " << event->id()
              << std::endl;
  }
}
)";

inline constexpr std::string_view cxx_counter = R"(// Counts the ticks of a clock.
#include <iostream>

#include <dora/node.hpp>

int main() {
  dora::Node node;
  std::int64_t count = 0;
  // Nothing once the dataflow ends.
  while (const auto event = node.next()) {
    if (!event->is_input("tick")) continue;
    ++count;
    std::cout << "count: " << count << std::endl;
    node.send("count", count);
  }
}
)";

inline constexpr std::string_view cxx_operator = R"(// Counts the ticks of a clock.
#include <dora/operator.hpp>

class Counter : public dora::Operator {
 public:
  dora::Status on_event(const dora::Event& event, dora::Sender& sender) override {
    if (event.is_input("tick")) sender.send("count", ++count_);
    return dora::Status::Continue;
  }

 private:
  std::int64_t count_ = 0;
};

std::unique_ptr<dora::Operator> dora::make_operator() {
  return std::make_unique<Counter>();
}
)";

inline constexpr std::string_view cxx_receiver = R"(// Prints what arrives.
#include <iostream>

#include <dora/node.hpp>

int main() {
  dora::Node node;
  while (const auto event = node.next()) {
    if (!event->is_input()) continue;
    std::cout << "got " << event->id() << ": " << event->numbers<std::int64_t>()[0] << std::endl;
  }
}
)";

}  // namespace dora::cli

// SPDX-License-Identifier: Apache-2.0
// A ping-pong of two C++ nodes. argv: "ping" or "pong", bytes of a message, round trips, and where
// ping writes its result as JSON. Both have `latency: busy` in their YAML: they never sleep.
#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <fstream>
#include <string>
#include <vector>

#include <dora/node.hpp>

namespace {

constexpr long warm_up = 1000;

long now_ns() {
  return std::chrono::steady_clock::now().time_since_epoch().count();
}

void pong(dora::Node& node) {
  while (auto event = node.next())
    if (event->is_input()) node.send_bytes("data", event->bytes());
}

// The clock is read once for a hundred round trips, as it costs a part of one.
void ping(dora::Node& node, std::size_t size, long trips, const char* path) {
  const std::vector<std::uint8_t> payload(size);
  constexpr long together = 100;
  std::vector<double> half_trips;
  for (long done = -warm_up; done < trips; done += together) {
    const long begin = now_ns();
    for (long i = 0; i < together; ++i) {
      node.send_bytes("data", payload);
      const auto event = node.next();
      if (!event || !event->is_input() || event->bytes().size() != size) std::exit(1);
    }
    if (done >= 0) half_trips.push_back(static_cast<double>(now_ns() - begin) / together / 2);
  }
  std::sort(half_trips.begin(), half_trips.end());
  std::ofstream(path) << "{\"p50_ns\": " << half_trips[half_trips.size() / 2]
                      << ", \"p99_ns\": " << half_trips[half_trips.size() * 99 / 100] << "}";
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 5) return 2;
  dora::Node node;
  if (std::string(argv[1]) == "ping")
    ping(node, std::stoul(argv[2]), std::stol(argv[3]), argv[4]);
  else
    pong(node);
}

// SPDX-License-Identifier: Apache-2.0
#include "interleaving/scenarios.hpp"

namespace dora::interleaving {

std::vector<Scenario> all_scenarios() {
  std::vector<Scenario> all;
  const auto add = [&all](const char* part, std::vector<Scenario> scenarios) {
    for (Scenario& scenario : scenarios) {
      all.push_back({part + scenario.name, std::move(scenario.build)});
    }
  };
  add("Doorbell", doorbell_scenarios());
  add("Ring", ring_scenarios());
  add("ReturnedSlots", returned_slots_scenarios());
  add("Queue", queue_scenarios());
  add("Space", space_scenarios());
  return all;
}

}  // namespace dora::interleaving

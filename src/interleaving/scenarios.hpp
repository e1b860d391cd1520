#pragma once
// SPDX-License-Identifier: Apache-2.0
// Small programs over the lock-free parts of shared_memory, each a hazard that was thought of. The
// tests run them in every interleaving; the mutation test runs them on damaged code.

#include <functional>
#include <string>
#include <vector>

#include "interleaving/explorer.hpp"

namespace dora::interleaving {

struct Scenario {
  std::string name;
  std::function<void(Program&)> build;
};

std::vector<Scenario> doorbell_scenarios();
std::vector<Scenario> ring_scenarios();
std::vector<Scenario> returned_slots_scenarios();
std::vector<Scenario> queue_scenarios();
std::vector<Scenario> space_scenarios();
std::vector<Scenario> all_scenarios();

}  // namespace dora::interleaving

// SPDX-License-Identifier: Apache-2.0
#include "node/interned.hpp"

#include <mutex>
#include <unordered_set>

namespace dora::node {

const std::string& interned(std::string_view text) {
  // Never destroyed: threads that run while the process ends may still look at names.
  static auto& mutex = *new std::mutex;
  static auto& names = *new std::unordered_set<std::string>;
  std::lock_guard lock(mutex);
  return *names.emplace(text).first;
}

}  // namespace dora::node

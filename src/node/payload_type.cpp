// SPDX-License-Identifier: Apache-2.0
#include "node/payload_type.hpp"

#include <mutex>
#include <string_view>
#include <utility>

#include "base/check.hpp"

namespace dora::node {
namespace {

std::string text_of(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

/// The process's own record of `type`, made the first time.
PayloadTypePointer keep(const array::Type& type) {
  // Never destroyed, as arrays may still be looked at while the process ends.
  static auto& mutex = *new std::mutex;
  static auto& kept = *new std::unordered_map<std::string, PayloadType>;
  std::lock_guard lock(mutex);
  const auto [entry, is_new] = kept.try_emplace(
      text_of(type.encoded()), PayloadType{type, std::string(type.format()), kept.size() + 1});
  return &entry->second;
}

}  // namespace

Result<PayloadTypePointer> PayloadTypes::find(std::span<const std::byte> encoded) {
  std::string key = text_of(encoded);
  if (auto known = known_.find(key); known != known_.end()) return known->second;
  // Two encodings of one type are two entries here, and one of the process.
  auto* type = keep(TRY(array::Type::decode(encoded)));
  known_.emplace(std::move(key), type);
  return type;
}

PayloadTypePointer PayloadTypes::find(const array::Type& type) {
  auto& known = known_[text_of(type.encoded())];
  if (known == nullptr) known = keep(type);
  return known;
}

PayloadTypePointer PayloadTypes::primitive(const char* format) {
  auto type = array::Type::primitive(format);
  CHECK(type.has_value());
  return find(*type);
}

}  // namespace dora::node

// SPDX-License-Identifier: Apache-2.0
#include "node/payload_type.hpp"

#include <atomic>
#include <string_view>

#include "base/check.hpp"

namespace dora::node {
namespace {

// Numbers stay unique when a process has several nodes.
std::atomic<std::uint64_t> next_key{1};

std::string text_of(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

}  // namespace

Result<PayloadTypePointer> PayloadTypes::find(std::span<const std::byte> encoded) {
  std::string key = text_of(encoded);
  if (auto known = types_.find(key); known != types_.end()) return known->second;
  auto type = TRY(array::Type::decode(encoded));
  // Two encodings of one type would be two entries: store under the canonical one.
  if (text_of(type.encoded()) != key) return find(type);
  std::string format(type.format());
  auto entry =
      std::make_shared<PayloadType>(PayloadType{std::move(type), std::move(format), next_key++});
  types_.emplace(std::move(key), entry);
  return entry;
}

PayloadTypePointer PayloadTypes::find(const array::Type& type) {
  std::string key = text_of(type.encoded());
  if (auto known = types_.find(key); known != types_.end()) return known->second;
  auto entry =
      std::make_shared<PayloadType>(PayloadType{type, std::string(type.format()), next_key++});
  types_.emplace(std::move(key), entry);
  return entry;
}

PayloadTypePointer PayloadTypes::primitive(const char* format) {
  auto type = array::Type::primitive(format);
  CHECK(type.has_value());
  return find(*type);
}

}  // namespace dora::node

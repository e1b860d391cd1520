// SPDX-License-Identifier: Apache-2.0
// The C API of the extension table.
#include <cstdlib>
#include <cstring>

#include <fmt/format.h>

#include "node/c_handles.hpp"

namespace {

using dora::Error;
using dora::ErrorKind;
using dora::Result;
using dora::message::ExtensionReply;
using dora::node::set_ok;
using dora::node::set_status;

/// So that a request fits into one datagram of any system.
constexpr std::size_t most_value_bytes = 64UZ << 10;
constexpr std::size_t most_name_bytes = 1024;

constexpr std::string_view digits = "0123456789abcdef";

std::string to_hex(const void* data, std::size_t size) {
  const auto* bytes = static_cast<const unsigned char*>(data);
  std::string text;
  text.reserve(2 * size);
  for (std::size_t i = 0; i < size; ++i) {
    text += digits[bytes[i] >> 4];
    text += digits[bytes[i] & 15];
  }
  return text;
}

std::string from_hex(std::string_view text) {
  std::string bytes;
  for (std::size_t i = 0; i + 1 < text.size(); i += 2) {
    const auto high = digits.find(text[i]);
    const auto low = digits.find(text[i + 1]);
    bytes += static_cast<char>(high << 4 | low);
  }
  return bytes;
}

Result<ExtensionReply> ask(dora_node* node, const char* operation, dora_text space, dora_text key,
                           std::string value = {}) {
  if (space.length > most_name_bytes || key.length > most_name_bytes) {
    return dora::fail(ErrorKind::InvalidInput,
                      fmt::format("a namespace or key has at most {} bytes", most_name_bytes));
  }
  auto reply = TRY(node->node->ask({.number = 0,
                                    .operation = operation,
                                    .space = {space.data, space.length},
                                    .key = {key.data, key.length},
                                    .value = std::move(value)}));
  if (!reply.error.empty()) return dora::fail(ErrorKind::InvalidInput, reply.error);
  return reply;
}

dora_status give(const std::string& bytes, char** data, size_t* size) {
  *data = static_cast<char*>(std::malloc(bytes.size() + 1));
  if (*data == nullptr) return set_status(Error{ErrorKind::Failed, "out of memory"});
  std::memcpy(*data, bytes.c_str(), bytes.size() + 1);
  *size = bytes.size();
  return set_ok();
}

}  // namespace

extern "C" {

dora_status dora_node_extension_store(dora_node* node, dora_text space, dora_text key,
                                      const void* value, size_t size) {
  if (size > most_value_bytes) {
    return set_status(
        Error{ErrorKind::InvalidInput,
              fmt::format("a value has at most {} bytes, not {}: send larger ones as messages",
                          most_value_bytes, size)});
  }
  return set_status(ask(node, "store", space, key, to_hex(value, size)));
}

dora_status dora_node_extension_load(dora_node* node, dora_text space, dora_text key, bool remove,
                                     char** value, size_t* size) {
  *value = nullptr;
  *size = 0;
  const auto reply = ask(node, remove ? "take" : "load", space, key);
  if (!reply) return set_status(reply.error());
  return reply->value ? give(from_hex(*reply->value), value, size) : set_ok();
}

dora_status dora_node_extension_drop(dora_node* node, dora_text space, dora_text key) {
  return set_status(ask(node, "drop", space, key));
}

dora_status dora_node_extension_dropped(dora_node* node, dora_text space, char** keys,
                                        size_t* size) {
  *keys = nullptr;
  *size = 0;
  const auto reply = ask(node, "dropped", space, {"", 0});
  if (!reply) return set_status(reply.error());
  std::string all;
  for (const std::string& key : reply->keys)
    all.append(key).push_back('\0');
  return give(all, keys, size);
}

void dora_memory_free(void* memory) {
  std::free(memory);
}

}  // extern "C"

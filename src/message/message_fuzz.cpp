// SPDX-License-Identifier: Apache-2.0
// No text may break the decoders, and what they accept must survive being encoded again.
#include <cstddef>
#include <cstdint>

#include "base/check.hpp"
#include "message/daemon_to_node.hpp"
#include "message/node_config.hpp"
#include "message/node_to_daemon.hpp"

namespace dora::message {
namespace {

template <typename Message>
void check_round_trip(Result<Message> (*decode)(std::string_view), std::string_view text) {
  const auto decoded = decode(text);
  if (!decoded) return;
  const auto again = decode(encode(*decoded));
  CHECK(again && *again == *decoded);
}

}  // namespace
}  // namespace dora::message

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  using namespace dora::message;
  check_round_trip(&decode_daemon_to_node, text);
  check_round_trip(&decode_node_to_daemon, text);
  check_round_trip(&decode_node_config, text);
  return 0;
}

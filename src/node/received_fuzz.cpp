// SPDX-License-Identifier: Apache-2.0
// Whatever a producer writes into a slot and into its arena: its consumer never reads outside of
// what it was given, and what it makes of the message can be read to the last byte.
//
// The input: u64 block offset, u64 block length, u64 type offset, u32 metadata length, u16 flags,
// u16 rank (as in the slot), u16 size of the inline area, the inline area, what stands in the arena
// from its beginning.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <span>

#include "base/check.hpp"
#include "dora/node.h"
#include "node/c_handles.hpp"
#include "node/incoming_edge.hpp"
#include "node/interned.hpp"
#include "shared_memory/fake_edge.hpp"

namespace dora::node {
namespace {

namespace shm = shared_memory;

struct Head {
  std::uint64_t block_offset;
  std::uint64_t block_length;
  std::uint64_t type_offset;
  std::uint32_t metadata_length;
  std::uint16_t flags;
  std::uint16_t rank;
};

void touch(const void* data, std::size_t size) {
  static volatile unsigned sum = 0;
  for (std::size_t i = 0; i < size; ++i)
    sum = sum + static_cast<const unsigned char*>(data)[i];
}

/// Reads all that a binding reads.
void read(dora_event* event) {
  dora_text key{};
  dora_value value{};
  for (std::size_t i = 0; dora_event_metadata_at(event, i, &key, &value); ++i) {
    touch(key.data, key.length);
    if (value.kind == DORA_VALUE_STRING) touch(value.text.data, value.text.length);
    if (value.kind == DORA_VALUE_LIST_INTEGER) touch(value.integers, value.count * 8);
    if (value.kind == DORA_VALUE_LIST_FLOAT) touch(value.numbers, value.count * 8);
    for (std::size_t k = 0; value.kind == DORA_VALUE_LIST_STRING && k < value.count; ++k) {
      const dora_text text = dora_value_string(&value, k);
      touch(text.data, text.length);
    }
  }
  dora_tensor tensor{};
  if (dora_event_tensor(event, &tensor)) {
    std::int64_t count = 1;
    for (int i = 0; i < tensor.rank; ++i)
      count *= tensor.shape[i];
    touch(tensor.data, static_cast<std::size_t>(count * tensor.item_bits + 7) / 8);
  }
  // Structure is checked here, all values by the fuzz target of the decoder.
  ArrowArray array{};
  ArrowSchema schema{};
  if (dora_event_arrow(event, &array, &schema) == DORA_OK) {
    schema.release(&schema);
    array.release(&array);
  }
}

void write(std::byte* memory, const shm::FakeConsumer& end, const Head& head,
           std::span<const std::byte> inlined, std::span<const std::byte> arena) {
  std::ranges::copy(arena, memory);
  std::memset(memory + arena.size(), 0, 4096);
  shm::Slot& slot = end.memory->slot(0);
  slot.header.block_offset = head.block_offset;
  slot.header.block_length = head.block_length;
  slot.header.type_offset = head.type_offset;
  slot.header.metadata_length = head.metadata_length;
  slot.header.flags = head.flags;
  slot.header.rank = head.rank;
  std::ranges::copy(inlined, slot.inline_area);
}

void try_input(std::span<const std::byte> input) {
  Head head{};
  std::uint16_t inline_size = 0;
  constexpr std::size_t longest = 512 << 10;
  if (input.size() < sizeof head + sizeof inline_size || input.size() > longest) return;
  std::memcpy(&head, input.data(), sizeof head);
  std::memcpy(&inline_size, input.data() + sizeof head, sizeof inline_size);
  input = input.subspan(sizeof head + sizeof inline_size);
  const std::size_t inlined = std::min({std::size_t{inline_size}, input.size(), shm::inline_bytes});

  shm::FakeSender sender(1 << 20);
  shm::FakeConsumer end = sender.connect();
  // A loan of the whole arena begins at its beginning.
  const auto whole = sender.outputs->arena().allocate(1 << 20);
  CHECK(whole && sender.send(8));
  write(sender.outputs->arena().data(*whole), end, head, input.first(inlined),
        input.subspan(inlined));
  PayloadTypes types;
  IncomingEdge edge(1, *std::move(end.consumer));
  Event* event = edge.take({.input = &interned("in")}, types);
  CHECK(event != nullptr);
  read(as_handle(event));
  event->release();
}

}  // namespace
}  // namespace dora::node

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  dora::node::try_input(std::as_bytes(std::span(data, size)));
  return 0;
}

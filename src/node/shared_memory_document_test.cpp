// SPDX-License-Identifier: Apache-2.0
// The example in docs/shared-memory.md is what really lies in memory.
#include <cstring>
#include <fstream>
#include <sstream>
#include <string>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "node/fake_daemon.hpp"
#include "shared_memory/layout.hpp"

namespace dora::node {
namespace {

/// `bytes` as in the document: sixteen a line, those in [hidden_begin, hidden_end) as "--".
std::string hex_lines(const std::byte* bytes, std::size_t size, std::size_t hidden_begin = 0,
                      std::size_t hidden_end = 0) {
  std::string text;
  for (std::size_t at = 0; at < size; ++at) {
    if (at % 16 == 0) text += fmt::format("{:03x}:", at);
    const bool is_hidden = at >= hidden_begin && at < hidden_end;
    text += is_hidden ? " --" : fmt::format(" {:02x}", static_cast<unsigned>(bytes[at]));
    if (at % 16 == 15 || at + 1 == size) text += "\n";
  }
  return text;
}

/// What stands in the fenced block "```hex `name`".
std::string example(const std::string& name) {
  std::ifstream file(DORA_SOURCE_FOLDER "/docs/shared-memory.md");
  EXPECT_TRUE(file);
  std::stringstream content;
  content << file.rdbuf();
  const std::string text = content.str();
  const std::string opening = "```hex " + name + "\n";
  const std::size_t begin = text.find(opening);
  if (begin == std::string::npos) return "no such example";
  const std::size_t end = text.find("```", begin + opening.size());
  return text.substr(begin + opening.size(), end - begin - opening.size());
}

TEST(SharedMemoryDocument, ShowsARealMessage) {
  FakeDaemon daemon;
  daemon.add_node("a", {.outputs = {"out"}});
  daemon.add_node("b", {.inputs = {"in"}});
  const std::uint64_t edge = daemon.connect("a", "out", "b", "in");
  auto a = daemon.join("a");
  auto b = daemon.join("b");
  message::MetadataWriter metadata;
  ASSERT_TRUE(metadata.set_integer("width", 640));
  const std::uint32_t out = a->outbox().find("out").value();
  ASSERT_TRUE(a->outbox().send(out, Payload::bytes("dora", 4), &metadata));

  using shared_memory::Access;
  using shared_memory::Mapping;
  const Mapping memory = Mapping::map(daemon.edge_file(edge), Access::ReadOnly).value();
  const auto& header = *memory.at<shared_memory::EdgeHeader>(0);
  const auto& slot = *memory.at<shared_memory::Slot>(header.slots);
  const std::size_t used = sizeof(shared_memory::SlotHeader) + slot.header.block_length.load();
  EXPECT_EQ(hex_lines(memory.at<std::byte>(header.slots), used, 8, 24), example("slot"));

  const Mapping arena = Mapping::map(daemon.arena_file("a"), Access::ReadOnly).value();
  const std::uint64_t offset = slot.header.type_offset.load();
  std::uint64_t length = 0;
  std::memcpy(&length, arena.at<std::byte>(offset), sizeof(length));
  EXPECT_EQ(hex_lines(arena.at<std::byte>(offset), sizeof(length) + length), example("type"));
}

}  // namespace
}  // namespace dora::node

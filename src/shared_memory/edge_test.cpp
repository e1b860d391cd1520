// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "shared_memory/edge_consumer.hpp"
#include "shared_memory/output.hpp"

namespace dora::shared_memory {
namespace {

TEST(Edge, CarriesAMessage) {
  MemoryFile arena = Arena::create_file(8 << 20).value();
  auto view =
      std::make_shared<const ArenaView>(ArenaView::open(arena.reopen_read_only().value()).value());
  auto outputs = Outputs::create(std::move(arena)).value();
  MemoryFile edge = EdgeMemory::create_file({}).value();
  MemoryFile bell = DoorbellPage::create_file().value();
  auto doorbell =
      DoorbellPage::open(std::move(bell), DoorbellPage::create_event_fd().value()).value();
  auto consumer = EdgeConsumer::open(edge.duplicate().value(), view, doorbell).value();
  Output& output = outputs->add();
  ASSERT_TRUE(output.add_edge(std::move(edge), doorbell,
                              {.edge = 1, .consumer = "b/in", .doorbell_bit = 1}));
  for (std::size_t size : {8UL, 1000UL, 100000UL, 5000000UL}) {
    Loan loan = outputs->loan(size).value();
    std::ranges::fill(loan.bytes(), std::byte{7});
    ASSERT_TRUE(output.publish(std::move(loan), {.sent_ns = 1, .timestamp_ns = 2}));
    EXPECT_EQ(doorbell->take(), 1U);
    auto received = consumer.pop().value();
    ASSERT_TRUE(received);
    EXPECT_EQ(received->block.bytes().size(), size);
    EXPECT_EQ(received->block.is_borrowed(), size > 1024);
    EXPECT_EQ(received->block.bytes().back(), std::byte{7});
  }
  outputs->collect();
  EXPECT_EQ(outputs->arena().used_bytes(), 0U);
}

}  // namespace
}  // namespace dora::shared_memory

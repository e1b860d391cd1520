#pragma once
// SPDX-License-Identifier: Apache-2.0
// What a node receives: a message on an input, or a notice about the dataflow. Counted references,
// as arrays made from a message keep it alive on whatever thread they die.

#include <atomic>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <boost/container/small_vector.hpp>

#include "dora/node.h"
#include "message/metadata.hpp"
#include "node/local_payload.hpp"
#include "node/payload_type.hpp"
#include "shared_memory/edge_consumer.hpp"

namespace dora::node {

/// Where a message came from and what it is, as its slot said.
struct MessageHead {
  bool is_log = false;  ///< of an input that asks for dora/logs
  int input_index = -1;
  const std::string* input = nullptr;  ///< interned()
  std::uint64_t sequence = 0;
  std::int64_t sent_ns = 0;       ///< monotonic
  std::int64_t timestamp_ns = 0;  ///< Unix epoch
};

/// The parts of a message's block; all spans lie inside it.
struct MessageParts {
  std::span<const std::byte> metadata;
  boost::container::small_vector<std::int64_t, 4> shape;  ///< of an n-dimensional array
  bool is_ndarray = false;
  PayloadTypePointer type = nullptr;
  std::span<const std::byte> body;
};

class Event {
 public:
  /// A notice: anything but INPUT. The caller owns the one reference.
  static Event* create_notice(dora_event_type type, std::string id, std::string text = {});
  /// A message whose parts are still to be found in its block(): parts().
  static Event* create_message(MessageHead head, shared_memory::Block block);

  /// A message from within this process.
  static Event* create_local(MessageHead head, std::vector<std::byte> metadata,
                             LocalPayload::Pointer payload);

  Event(const Event&) = delete;
  Event& operator=(const Event&) = delete;

  void retain() { references_.fetch_add(1, std::memory_order_relaxed); }
  void release();

  dora_event_type type() const { return type_; }
  const std::string& id() const;
  const std::string& text() const;
  const MessageHead& head() const { return head_; }
  /// Of a message that came over an edge.
  const MessageParts& parts() const { return parts_; }
  /// The same, to be set while nobody else knows the event.
  MessageParts& parts() { return parts_; }
  std::span<const std::byte> block() const { return block_.bytes(); }
  /// Of a message from within this process, else null.
  const LocalPayload::Pointer& local() const { return local_; }

  /// Gives the message another input, interned() as in its head. Only while nobody else knows the
  /// event.
  void set_input(const std::string& id, int index) {
    head_.input = &id;
    head_.input_index = index;
  }

  /// The shape of a plain array as a tensor of one dimension; lives as long as the event.
  const std::int64_t* flat_shape(std::int64_t length) const {
    flat_length_ = length;
    return &flat_length_;
  }

  /// The two buffers of a plain array without nulls, as Arrow wants them; they live as long as the
  /// event.
  const void** flat_buffers(const void* data) {
    // Once: another thread may read what was given away before.
    if (flat_buffers_[1] == nullptr) flat_buffers_[1] = data;
    return flat_buffers_;
  }

  /// Read on first use; malformed metadata reads as none.
  const std::vector<message::MetadataEntry>& metadata() const;

 private:
  explicit Event(dora_event_type type) : type_(type) {}
  Event(MessageHead head, shared_memory::Block block)
      : type_(DORA_EVENT_INPUT), head_(head), block_(std::move(block)) {}
  ~Event() = default;

  struct Notice {
    std::string id;
    std::string text;
  };

  // Apart what a message over an edge does not have: whoever keeps many keeps them small.
  std::atomic<std::uint32_t> references_{1};
  dora_event_type type_;
  MessageHead head_;
  MessageParts parts_;
  shared_memory::Block block_;
  mutable std::int64_t flat_length_ = 0;
  const void* flat_buffers_[2] = {};
  mutable std::unique_ptr<std::vector<message::MetadataEntry>> metadata_;
  std::unique_ptr<Notice> notice_;
  LocalPayload::Pointer local_;
  std::unique_ptr<const std::vector<std::byte>> local_metadata_;
};

}  // namespace dora::node

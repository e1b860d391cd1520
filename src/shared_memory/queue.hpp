#pragma once
// SPDX-License-Identifier: Apache-2.0
// The consumer's view of an edge's two rings as one queue: of both heads the message with the lower
// sequence number comes first, so the order of sending is kept always.
//
// Ordinary messages may be evicted while the consumer looks at them; protected ones may not.

#include <cstdint>
#include <optional>

#include "shared_memory/ring.hpp"

namespace dora::shared_memory {

/// What the order of messages depends on.
struct MessageKey {
  std::uint64_t sequence = 0;
  std::int64_t sent_ns = 0;
};

/// Where the key of a slot's message lies. A consumer reads it before it owns the slot, while the
/// producer may take the slot back and write it anew.
template <typename Policy>
class KeyPlace {
 public:
  KeyPlace(typename Policy::template Atomic<std::uint64_t>& sequence,
           typename Policy::template Atomic<std::int64_t>& sent_ns)
      : sequence_(&sequence), sent_ns_(&sent_ns) {}

  void write(const MessageKey& key) {
    // release: a consumer that sees the new number also sees that `read` moved when the message
    // that was here before was evicted. Otherwise it could compare the number of a later message
    // with that of a protected one, and take them in the wrong order.
    sequence_->store(key.sequence, std::memory_order_release);
    // relaxed: decides nothing that take() does not check.
    sent_ns_->store(key.sent_ns, std::memory_order_relaxed);
  }
  MessageKey read() const {
    // acquire: pairs with write(), for RingConsumer::is_still afterwards.
    const std::uint64_t sequence = sequence_->load(std::memory_order_acquire);
    return {sequence, sent_ns_->load(std::memory_order_relaxed)};
  }

 private:
  typename Policy::template Atomic<std::uint64_t>* sequence_;
  typename Policy::template Atomic<std::int64_t>* sent_ns_;
};

template <typename Policy>
class QueueConsumer {
 public:
  using Ring = RingConsumer<Policy>;

  struct Head {
    typename Ring::Head entry;
    bool is_protected = false;
    MessageKey key;
    /// Found by the last look at what the producer has written, rather than by one before it.
    bool is_fresh = true;
  };

  QueueConsumer(Ring ordinary, Ring guarded) : ordinary_(ordinary), protected_(guarded) {}

  /// The message that is next, which stays queued. `key_of(slot)` is KeyPlace::read of the slot.
  template <typename KeyOf>
  std::optional<Head> peek(KeyOf&& key_of) {
    // What waited in the ordinary ring when the other one was seen empty was sent before whatever
    // has come into that one since.
    if (was_protected_empty_) {
      if (const auto seen = ordinary_.peek_seen()) {
        const MessageKey key = key_of(seen->slot);
        if (ordinary_.is_still(*seen)) return Head{*seen, false, key, false};
      }
    }
    for (int attempt = 0; attempt < 1000; ++attempt) {
      // The order of the two looks matters. Ordinary first: if only it has a message, then what was
      // sent before that message in the other ring would be seen below, as `written` was acquired.
      auto ordinary = ordinary_.peek();
      auto guarded = protected_.peek();
      was_protected_empty_ = !guarded;
      if (!guarded) {
        if (!ordinary) return std::nullopt;
        const MessageKey key = key_of(ordinary->slot);
        // The key is of this message only if it was still queued afterwards: a producer that took
        // the slot back moved `read` before it wrote the key anew (release), so who reads the new
        // key (acquire) sees `read` moved.
        if (!ordinary_.is_still(*ordinary)) continue;
        return Head{*ordinary, false, key};
      }
      const MessageKey guarded_key = key_of(guarded->slot);
      // A protected message was seen: an ordinary one that was sent before it is visible from here
      // on, but perhaps was not when we looked first.
      if (!ordinary) ordinary = ordinary_.peek();
      if (!ordinary) return Head{*guarded, true, guarded_key};
      const MessageKey key = key_of(ordinary->slot);
      if (!ordinary_.is_still(*ordinary)) continue;
      if (key.sequence < guarded_key.sequence) return Head{*ordinary, false, key};
      return Head{*guarded, true, guarded_key};
    }
    // Evicted under our eyes a thousand times: by nothing that is healthy. Report nothing for now;
    // the producer rings again when it sends again.
    return std::nullopt;
  }

  /// Takes `head` out. False: it was evicted meanwhile; peek again.
  bool take(const Head& head) {
    return head.is_protected ? protected_.take(head.entry) : ordinary_.take(head.entry);
  }

  /// The slot of the message that will most likely be next, if one was seen already.
  std::optional<std::uint32_t> likely_next() const {
    const auto seen = ordinary_.peek_seen();
    return seen ? std::optional(seen->slot) : std::nullopt;
  }

  bool is_empty() { return ordinary_.count() == 0 && protected_.count() == 0; }
  std::uint64_t ordinary_count() const { return ordinary_.count(); }
  std::uint64_t count() const { return ordinary_.count() + protected_.count(); }
  bool is_broken() const { return ordinary_.is_broken() || protected_.is_broken(); }

 private:
  Ring ordinary_;
  Ring protected_;
  bool was_protected_empty_ = false;  ///< when the ordinary ring was last looked into
};

}  // namespace dora::shared_memory

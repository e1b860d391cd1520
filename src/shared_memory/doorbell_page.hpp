#pragma once
// SPDX-License-Identifier: Apache-2.0
// A node's doorbell with what belongs to it: the mapped page and the event descriptor. The node
// itself, each of its producers and the daemon have one of these for the same page.

#include <cstdint>
#include <memory>

#include "base/file_descriptor.hpp"
#include "base/result.hpp"
#include "shared_memory/doorbell.hpp"
#include "shared_memory/layout.hpp"
#include "shared_memory/region.hpp"

namespace dora::shared_memory {

class DoorbellPage {
 public:
  /// Made by the daemon: the page, and the descriptor for event loops (eventfd, non-blocking).
  static Result<MemoryFile> create_file();
  static Result<FileDescriptor> create_event_fd();

  static Result<std::shared_ptr<DoorbellPage>> open(MemoryFile page, FileDescriptor event_fd);

  // For those who ring. Any thread.

  /// Announces `bits` without waking; pass the result to wake(). Two steps, so that a sender can
  /// announce to all its consumers before it pays for the first wake-up.
  Wake ring(std::uint32_t bits) { return bell().ring(bits); }
  void wake(Wake wake);
  void ring_and_wake(std::uint32_t bits) { wake(ring(bits)); }
  /// For the daemon, on behalf of a producer that died: see Doorbell::ring_insistently.
  void ring_insistently(std::uint32_t bits) { wake(bell().ring_insistently(bits)); }
  /// When the node first asked for an event; 0 = not yet.
  std::int64_t first_wait_ns() const {
    // relaxed: one value, nothing is ordered by it.
    return page().first_wait_ns.load(std::memory_order_relaxed);
  }

  /// When the node last called into the library; 0 = not yet, or it is not watched.
  std::int64_t last_active_ns() const {
    // relaxed: one value, nothing is ordered by it.
    return page().last_active_ns.load(std::memory_order_relaxed);
  }

  // For the node itself.

  std::uint32_t take() { return bell().take(); }
  /// See Doorbell::glance.
  std::uint32_t glance() const { return Doorbell<SystemAtomics>(page().word).glance(); }
  /// A hint for spinning.
  bool is_ready() const { return Doorbell<SystemAtomics>(page().word).ready() != 0; }
  /// The same of a datagram on the control socket.
  bool is_controlled() const {
    return (Doorbell<SystemAtomics>(page().word).ready() & bell_control) != 0;
  }
  /// Sleeps until something is ready; one thread at a time. See Doorbell::wait.
  WaitResult wait(std::int64_t deadline_ns) { return bell().wait(deadline_ns); }
  /// Spins until something is ready, for at most `duration_ns`. True: it is.
  bool spin(std::int64_t duration_ns) const;
  /// Asks for event_fd() to become readable at the next ring. False: something is ready already.
  bool arm() { return bell().arm(); }
  /// Ends that, and makes event_fd() unreadable.
  void disarm();
  int event_fd() const { return event_fd_.get(); }
  /// Notes that the node asks for an event, if it is the first time.
  void note_first_wait(std::int64_t now_ns);
  /// Notes a sign of life. Any thread.
  void note_activity(std::int64_t now_ns) {
    // relaxed: see last_active_ns(). Of two threads either time will do.
    page().last_active_ns.store(now_ns, std::memory_order_relaxed);
  }

  bool is_inherited() const { return mapping_.is_inherited(); }

 private:
  DoorbellPage(Mapping mapping, FileDescriptor event_fd)
      : mapping_(std::move(mapping)), event_fd_(std::move(event_fd)) {}
  DoorbellLayout& page() const { return *mapping_.at<DoorbellLayout>(0); }
  Doorbell<SystemAtomics> bell() { return Doorbell<SystemAtomics>(page().word); }

  Mapping mapping_;
  FileDescriptor event_fd_;
};

}  // namespace dora::shared_memory

// SPDX-License-Identifier: Apache-2.0
#include "node/outbox.hpp"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "array/primitive.hpp"
#include "base/clock.hpp"
#include "base/crash_point.hpp"
#include "node/control_connection.hpp"
#include "node/patience.hpp"
#include "shared_memory/doorbell_page.hpp"

namespace dora::node {
namespace {

/// Copies above this size are made without the mutex.
constexpr std::size_t long_copy_bytes = 64UZ * 1024;
/// What every sender has ready before its first message.
constexpr std::uint64_t warm_bytes = 1 << 20;
constexpr std::int64_t wall_check_ns = 100'000'000;
/// Memory that was not used for so long is idle.
constexpr std::int64_t idle_ns = 2'000'000'000;
constexpr std::int64_t longest_look_ns = 64'000'000'000;
/// A sender that has waited for room so long tells the daemon.
constexpr std::int64_t untold_wait_ns = 1'000'000'000;
/// A sender that waits for room looks around at least this often, whatever it is told.
constexpr std::int64_t longest_wait_ns = 10'000'000'000;
/// One that cannot be woken (see WaitingSenders) looks this often.
constexpr std::int64_t unreachable_wait_ns = 100'000'000;

std::uint16_t flags_of(const message::MetadataWriter* metadata) {
  if (metadata == nullptr) return 0;
  unsigned flags = 0;
  if (metadata->is_correlated()) flags |= shared_memory::message_protected;
  if (metadata->is_flush()) flags |= shared_memory::message_flush;
  return static_cast<std::uint16_t>(flags);
}

/// The block's size and layout: inline when it fits, else in a chunk of its own.
[[gnu::hot]] Result<std::pair<BlockPlan, std::size_t>> plan_block(
    Payload& payload, const OutgoingType& type, const message::MetadataWriter* metadata) {
  BlockPlan plan{.metadata_bytes = metadata == nullptr ? 0 : metadata->size_bytes(),
                 .rank = payload.is_ndarray() ? payload.shape().size() : 0,
                 .type_bytes = type.table_offset ? 0 : type.type.encoded().size()};
  for (std::size_t alignment : {std::size_t{8}, std::size_t{shared_memory::block_alignment}}) {
    plan.alignment = alignment;
    std::size_t size = plan.body_offset() + TRY(payload.body_size(type.type, alignment));
    if (alignment > 8 || size <= shared_memory::inline_bytes) return std::pair{plan, size};
  }
  std::unreachable();
}

}  // namespace

Result<> Outbox::set_up(const message::Setup& setup, FileDescriptor arena, Orders orders) {
  auto file = TRY(shared_memory::MemoryFile::adopt(std::move(arena)));
  outputs_ = TRY(shared_memory::Outputs::create(std::move(file)));
  if (!setup.outputs.empty()) outputs_->arena().warm_up(warm_bytes);
  for (const DataId& id : setup.outputs) {
    port_by_id_.emplace(id.text(), static_cast<std::uint32_t>(ports_.size()));
    ports_.push_back({.id = id, .output = &outputs_->add()});
  }
  orders_ = std::move(orders);
  return {};
}

Result<> Outbox::connect(const message::ConnectOutput& where, FileDescriptor edge,
                         FileDescriptor doorbell, FileDescriptor event_fd) {
  auto index = TRY(find(where.output.text()));
  auto file = TRY(shared_memory::MemoryFile::adopt(std::move(edge)));
  auto bell = TRY(shared_memory::MemoryFile::adopt(std::move(doorbell)));
  auto page = TRY(shared_memory::DoorbellPage::open(std::move(bell), std::move(event_fd)));
  std::lock_guard lock(mutex_);
  return ports_[index].output->add_edge(
      std::move(file), std::move(page),
      {.edge = where.edge,
       .consumer = where.consumer.text() + "/" + where.input.text(),
       .doorbell_bit = where.doorbell_bit});
}

void Outbox::retire(const message::RetireOutput& closed) {
  std::lock_guard lock(mutex_);
  for (Port& port : ports_) {
    if (port.id == closed.output) port.output->retire_edge(closed.edge);
  }
}

void Outbox::disconnect(const message::DisconnectOutput& gone) {
  std::lock_guard lock(mutex_);
  for (Port& port : ports_) {
    if (port.id == gone.output) port.output->remove_edge(gone.edge);
  }
}

void Outbox::stop_waiting() {
  std::lock_guard lock(mutex_);
  stopping_ = true;
  outputs_->interrupt_waiters();
}

Result<std::uint32_t> Outbox::find(std::string_view id) const {
  // Ports never change after set_up: no lock.
  auto found = port_by_id_.find(std::string(id));
  if (found != port_by_id_.end()) return found->second;
  TRY(DataId::parse(id).while_doing(fmt::format("output '{}'", id.substr(0, 128))));
  std::vector<std::string> known;
  for (const Port& port : ports_)
    known.push_back(port.id.text());
  return fail(ErrorKind::NotFound,
              fmt::format("the dataflow declares no output '{}' for this node (it has: {})", id,
                          known.empty() ? "none" : fmt::format("{}", fmt::join(known, ", "))));
}

bool Outbox::has_receivers(std::uint32_t output) const {
  std::lock_guard lock(mutex_);
  return output < ports_.size() && ports_[output].output->has_edges();
}

[[gnu::hot]] Result<Outbox::Port*> Outbox::open_port(std::uint32_t output) {
  if (outputs_->arena().is_inherited()) {
    return fail(ErrorKind::Unsupported,
                "a fork()ed child of a node cannot send: send from the node's own process");
  }
  if (output >= ports_.size()) return fail(ErrorKind::NotFound, "no such output");
  Port& port = ports_[output];
  if (port.closed) {
    return fail(ErrorKind::Disconnected, fmt::format("output '{}' was closed", port.id.text()));
  }
  return &port;
}

[[gnu::hot]] Result<> Outbox::send(std::uint32_t output, Payload payload,
                                   const message::MetadataWriter* metadata) {
  TRY(payload.prepare());
  Lock lock(mutex_);
  Port* port = TRY(open_port(output));
  const OutgoingType& type = *TRY(types_.find(payload, outputs_->arena()));
  auto [plan, size] = TRY(plan_block(payload, type, metadata));
  // Nobody listens: a copy would be for nothing.
  if (!port->output->has_edges()) return {};

  auto loan =
      size <= shared_memory::inline_bytes ? outputs_->small_loan(size) : TRY(outputs_->loan(size));
  if (size > long_copy_bytes) may_shrink_.store(true, std::memory_order_relaxed);
  std::byte* block = loan.bytes().data();
  if (metadata != nullptr) metadata->write(block);
  write_block_head(plan, payload.shape(), type.type.encoded(), block);
  shared_memory::MessageHeader header{
      .type_offset = type.table_offset.value_or(0),
      .metadata_length = static_cast<std::uint32_t>(plan.metadata_bytes),
      .flags = flags_of(metadata),
      .rank = static_cast<std::uint16_t>(plan.rank)};
  if (payload.is_ndarray()) header.flags |= shared_memory::message_ndarray;
  if (plan.type_bytes > 0) header.flags |= shared_memory::message_type_in_block;
  // Times are of the moment of the call: the copy is part of what a receiver waits for.
  header.sent_ns = monotonic_ns();
  if (size > long_copy_bytes) {
    lock.unlock();
    payload.write_body(block + plan.body_offset());
    lock.lock();
  } else {
    payload.write_body(block + plan.body_offset());
  }
  crash_point("producer.filled");
  return publish(lock, *port, loan, header);
}

[[gnu::hot]] Result<> Outbox::publish(Lock& lock, Port& port, shared_memory::Loan& loan,
                                      shared_memory::MessageHeader header) {
  const bool is_protected = (header.flags & shared_memory::message_protected) != 0;
  header.timestamp_ns = header.sent_ns + wall_clock(header.sent_ns);
  std::unique_ptr<shared_memory::SpaceWaiter> waiter;
  std::optional<WaitingSenders::Place> place;  // given up before its waiter goes
  bool is_told = false;
  bool is_interrupted = false;
  while (auto* edge = port.output->blocked_by(is_protected)) {
    if (is_protected) {
      return fail(ErrorKind::Busy,
                  fmt::format("{} has {} requests or goals waiting: it must receive some before "
                              "more can be sent",
                              edge->options().consumer, shared_memory::protected_capacity));
    }
    if (stopping_) {
      edge->give_up_backpressure();
      continue;
    }
    if (is_interrupted || patience.is_over(orders_.nudges())) {
      return std::unexpected(interruption("waiting for room at " + edge->options().consumer));
    }
    if (!waiter || waiter->edge() != edge->options().edge) {
      place.reset();
      waiter = edge->space_waiter();
      place.emplace(senders_, *waiter);
      is_told = false;
    }
    lock.unlock();
    std::int64_t longest = is_told ? longest_wait_ns : untold_wait_ns;
    if (!place->is_taken()) longest = std::min(longest, unreachable_wait_ns);
    const auto result = waiter->wait(
        std::min(monotonic_ns() + longest, patience.deadline_ns),
        [this] { return orders_.are_waiting() || patience.is_nudged(orders_.nudges()); });
    is_interrupted = result == shared_memory::WaitResult::Interrupted;
    if (!is_told && monotonic_ns() - waiter->since_ns() >= untold_wait_ns) {
      is_told = true;
      orders_.report_blocked(waiter->edge());
    }
    orders_.follow();
    lock.lock();
    if (port.closed) return fail(ErrorKind::Disconnected, "the output was closed meanwhile");
  }
  return port.output->publish(std::move(loan), header);
}

std::int64_t Outbox::wall_clock(std::int64_t now_ns) {
  // One clock is read per message; the difference of the two is refreshed ten times a second.
  if (now_ns - wall_checked_ns_ > wall_check_ns || wall_checked_ns_ == 0) {
    wall_offset_ns_ = realtime_ns() - monotonic_ns();
    wall_checked_ns_ = now_ns;
  }
  return wall_offset_ns_;
}

Result<Sample> Outbox::loan(std::uint32_t output, std::size_t size,
                            const message::MetadataWriter* metadata) {
  Payload payload = Payload::bytes(nullptr, size);
  TRY(payload.prepare());
  std::lock_guard lock(mutex_);
  TRY(open_port(output));
  const OutgoingType& type = *TRY(types_.find(payload, outputs_->arena()));
  auto [plan, block_size] = TRY(plan_block(payload, type, metadata));
  Sample sample;
  sample.loan_.emplace(TRY(outputs_->loan(block_size)));
  if (block_size > long_copy_bytes) may_shrink_.store(true, std::memory_order_relaxed);
  std::byte* block = sample.loan_->bytes().data();
  if (metadata != nullptr) metadata->write(block);
  write_block_head(plan, {}, type.type.encoded(), block);
  std::byte* body = block + plan.body_offset();
  sample.data_offset_ =
      static_cast<std::size_t>(array::write_primitive_head(body, size, plan.alignment) - block);
  sample.size_ = size;
  sample.output_ = output;
  sample.header_ = {.type_offset = type.table_offset.value_or(0),
                    .metadata_length = static_cast<std::uint32_t>(plan.metadata_bytes),
                    .flags = flags_of(metadata)};
  if (plan.type_bytes > 0) sample.header_.flags |= shared_memory::message_type_in_block;
  return sample;
}

Result<> Outbox::send(Sample& sample) {
  Lock lock(mutex_);
  if (!sample.loan_) {
    return fail(ErrorKind::InvalidInput, "this sample has already been sent");
  }
  Port* port = TRY(open_port(sample.output_));
  sample.header_.sent_ns = monotonic_ns();
  TRY(publish(lock, *port, *sample.loan_, sample.header_));
  sample.loan_.reset();
  return {};
}

void Outbox::give_back(Sample& sample) {
  std::lock_guard lock(mutex_);
  sample.loan_.reset();
}

Result<std::vector<DataId>> Outbox::close(std::span<const std::uint32_t> outputs) {
  std::lock_guard lock(mutex_);
  std::vector<DataId> closed;
  for (std::uint32_t index : outputs) {
    if (index >= ports_.size()) return fail(ErrorKind::NotFound, "no such output");
    if (std::exchange(ports_[index].closed, true)) continue;
    ports_[index].output->close();
    closed.push_back(ports_[index].id);
  }
  return closed;
}

void Outbox::close_all() {
  std::lock_guard lock(mutex_);
  for (Port& port : ports_) {
    if (!std::exchange(port.closed, true)) port.output->close();
  }
  stopping_ = true;
  if (outputs_) outputs_->interrupt_waiters();
}

std::int64_t Outbox::tend_memory(std::int64_t now_ns) {
  // relaxed: a hint; what it misses is seen before the next sleep.
  if (!may_shrink_.load(std::memory_order_relaxed)) return shared_memory::no_deadline;
  std::lock_guard lock(mutex_);
  if (shrink_at_ns_ == 0) {
    look_after_ns_ = idle_ns;
    shrink_at_ns_ = now_ns + idle_ns;
  }
  if (now_ns < shrink_at_ns_) return shrink_at_ns_;
  outputs_->collect();
  outputs_->arena().shrink(warm_bytes);
  const bool is_more_idle = outputs_->arena().can_shrink(warm_bytes);
  const bool is_more_lent = outputs_->arena().used_bytes() > warm_bytes;
  may_shrink_.store(is_more_idle || is_more_lent, std::memory_order_relaxed);
  // What consumers keep comes back some day without a word: looked for ever more seldom.
  look_after_ns_ = is_more_idle ? idle_ns : std::min(2 * look_after_ns_, longest_look_ns);
  shrink_at_ns_ = is_more_idle || is_more_lent ? now_ns + look_after_ns_ : 0;
  return shrink_at_ns_ == 0 ? shared_memory::no_deadline : shrink_at_ns_;
}

}  // namespace dora::node

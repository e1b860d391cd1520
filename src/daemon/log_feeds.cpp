// SPDX-License-Identifier: Apache-2.0
#include "daemon/log_feeds.hpp"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "base/check.hpp"
#include "base/clock.hpp"
#include "daemon/edge_totals.hpp"
#include "shared_memory/arena.hpp"

namespace dora::daemon {
namespace {

namespace shm = shared_memory;

/// What all listeners together may leave lying: some hundred of the longest lines.
constexpr std::uint64_t arena_bytes = 256ULL << 20;
/// Far from the numbers of edges between nodes.
constexpr std::uint64_t first_edge = 1ULL << 62;

/// Nobody waits for a listener, whatever its queue asks for.
shm::EdgeOptions edge_options(InputPlan::Queue queue, std::uint32_t size) {
  if (queue == InputPlan::Queue::Burst) return {.queue = shm::EdgeOptions::Queue::Burst};
  return {.queue = shm::EdgeOptions::Queue::Exact, .size = size};
}

array::Type make_text_type() {
  ArrowSchema schema{};
  schema.format = "u";
  schema.name = "";
  schema.flags = ARROW_FLAG_NULLABLE;
  // A schema without this function counts as released.
  schema.release = [](ArrowSchema* released) { released->release = nullptr; };
  auto type = array::Type::from_schema(schema);
  CHECK(type.has_value());
  return *std::move(type);
}

}  // namespace

LogFeeds::LogFeeds(const RunPlan& plan) : plan_(&plan), last_edge_(first_edge) {
  for (NodeIndex node = 0; node < plan.nodes.size(); ++node)
    add_feeds(node);
}

LogFeeds::Listener LogFeeds::listener_of(const Feed& feed, NodeIndex consumer,
                                         std::size_t place) const {
  const InputPlan& input = plan_->nodes[consumer].inputs[place];
  Listener listener;
  listener.consumer = consumer;
  listener.place = place;
  listener.input = input.id;
  listener.options = edge_options(input.queue, input.queue_size);
  listener.past.producer = plan_->nodes[*feed.source].id.text();
  listener.past.output = feed.output.text();
  listener.past.consumer = plan_->nodes[consumer].id.text();
  listener.past.input = input.id.text();
  return listener;
}

void LogFeeds::add_feeds(NodeIndex node) {
  const NodePlan& plan = plan_->nodes[node];
  const bool is_one = plan.log.stdout_as == plan.log.logs_as;
  if (plan.log.stdout_as) add_output(node, *plan.log.stdout_as, true, is_one);
  if (plan.log.logs_as && !is_one) add_output(node, *plan.log.logs_as, false, true);
  for (std::size_t i = 0; i < plan.log_inputs.size(); ++i) {
    Feed& feed = feeds_.emplace_back();
    feed.log_input = plan.log_inputs[i];
    Listener& listener = feed.listeners.emplace_back();
    listener.consumer = node;
    listener.place = plan.inputs.size() + i;
    listener.input = feed.log_input->id;
    listener.options = edge_options(feed.log_input->queue, feed.log_input->queue_size);
    listener.past.producer = "dora";
    listener.past.output = "logs";
    listener.past.consumer = plan.id.text();
    listener.past.input = listener.input.text();
  }
}

void LogFeeds::add_output(NodeIndex node, const DataId& output, bool lines, bool entries) {
  Feed& feed = feeds_.emplace_back();
  feed.source = node;
  feed.output = output;
  feed.carries_lines = lines;
  feed.carries_entries = entries;
  for (NodeIndex consumer = 0; consumer < plan_->nodes.size(); ++consumer) {
    const auto& inputs = plan_->nodes[consumer].inputs;
    for (std::size_t i = 0; i < inputs.size(); ++i) {
      if (inputs[i].producer != plan_->nodes[node].id || inputs[i].output != output) continue;
      if (!inputs[i].is_connected || plan_->nodes[consumer].is_removed) continue;
      feed.listeners.push_back(listener_of(feed, consumer, i));
    }
  }
  if (feed.listeners.empty()) feeds_.pop_back();
}

Result<> LogFeeds::open_memory() {
  auto file = TRY(shm::Arena::create_file(arena_bytes));
  arena_read_only_ = TRY(file.reopen_read_only());
  auto outputs = TRY(shm::Outputs::create(std::move(file)));
  text_type_ = make_text_type();
  type_offset_ = outputs->arena().write_type(text_type_->encoded());
  if (!type_offset_) return fail(ErrorKind::Failed, "no memory for log messages");
  outputs_ = std::move(outputs);
  provide_senders();
  return {};
}

Result<> LogFeeds::provide(NodeIndex consumer, const std::shared_ptr<shm::DoorbellPage>& bell) {
  for (Feed& feed : feeds_) {
    for (Listener& listener : feed.listeners) {
      if (listener.consumer != consumer || !listener.is_connected) continue;
      if (!outputs_) TRY(open_memory());
      TRY(connect(feed, listener, bell));
    }
  }
  return {};
}

Result<> LogFeeds::connect(Feed& feed, Listener& listener,
                           const std::shared_ptr<shm::DoorbellPage>& bell) {
  disconnect(feed, listener);
  auto file = TRY(shm::EdgeMemory::create_file(listener.options));
  auto for_monitor = TRY(file.duplicate());
  auto monitor = TRY(shm::EdgeMonitor::open(std::move(for_monitor)));
  auto for_sender = TRY(file.duplicate());
  const std::uint64_t number = ++last_edge_;
  TRY(feed.sender->add_edge(
      std::move(for_sender), bell,
      {.edge = number,
       .consumer = listener.past.consumer + "/" + listener.past.input,
       .doorbell_bit = shm::bell_bit_of_input(static_cast<std::uint32_t>(listener.place))}));
  listener.edge.emplace(number, std::move(file), std::move(monitor));
  return {};
}

void LogFeeds::disconnect(Feed& feed, Listener& listener) {
  if (!listener.edge) return;
  feed.sender->remove_edge(listener.edge->number);
  forget_edge(listener);
}

void LogFeeds::forget_edge(Listener& listener) {
  listener.edge->monitor.close_consumer();
  add(listener.past, listener.edge->monitor.counters(), true);
  listener.edge.reset();
}

void LogFeeds::retire(NodeIndex consumer, std::uint64_t visit) {
  std::erase_if(retired_, [](const RetiredEdge& edge) {
    edge.sender->collect();
    return !edge.sender->is_lending(edge.number);
  });
  for (Feed& feed : feeds_) {
    for (Listener& listener : feed.listeners) {
      if (listener.consumer == consumer && listener.edge) retire(feed, listener, visit);
    }
  }
}

void LogFeeds::retire(Feed& feed, Listener& listener, std::uint64_t visit) {
  feed.sender->retire_edge(listener.edge->number);
  retired_.push_back({listener.consumer, visit, feed.sender, listener.edge->number});
  forget_edge(listener);
}

void LogFeeds::release(NodeIndex consumer, std::uint64_t visit) {
  std::erase_if(retired_, [&](const RetiredEdge& edge) {
    if (edge.consumer != consumer || edge.visit != visit) return false;
    edge.sender->remove_edge(edge.number);
    return true;
  });
}

void LogFeeds::disconnect(NodeIndex consumer) {
  for (Feed& feed : feeds_) {
    for (Listener& listener : feed.listeners) {
      if (listener.consumer == consumer) disconnect(feed, listener);
    }
  }
}

std::vector<ControlMessage> LogFeeds::connections_of(NodeIndex consumer) {
  std::vector<ControlMessage> messages;
  for (Feed& feed : feeds_) {
    for (Listener& listener : feed.listeners) {
      if (listener.consumer == consumer && listener.edge && listener.edge->file.fd() >= 0)
        messages.push_back(connection_of(feed, listener));
    }
  }
  return messages;
}

std::vector<ControlMessage> LogFeeds::connections_of(NodeIndex consumer, std::size_t input) {
  std::vector<ControlMessage> messages;
  for (Feed& feed : feeds_) {
    Listener* listener = find_listener(feed, consumer, input);
    if (listener != nullptr && listener->edge) messages.push_back(connection_of(feed, *listener));
  }
  return messages;
}

ControlMessage LogFeeds::connection_of(const Feed& feed, const Listener& listener) const {
  message::ConnectInput where;
  where.edge = listener.edge->number;
  where.input = listener.input;
  // The log is nobody's: its reader stands for it.
  where.producer = plan_->nodes[feed.source.value_or(listener.consumer)].id;
  where.output = feed.source ? feed.output : listener.input;
  where.doorbell_bit = shm::bell_bit_of_input(static_cast<std::uint32_t>(listener.place));
  return {std::move(where), {listener.edge->file.fd(), arena_read_only_.get()}};
}

std::vector<ControlMessage> LogFeeds::close_input(NodeIndex consumer, std::size_t input) {
  std::vector<ControlMessage> messages;
  for (Feed& feed : feeds_) {
    for (Listener& listener : feed.listeners) {
      if (listener.consumer != consumer || listener.place != input || !listener.edge) continue;
      feed.is_closed = true;
      listener.edge->monitor.close_producer();
      messages.push_back({message::InputClosed{listener.edge->number, listener.input}, {}});
    }
  }
  return messages;
}

bool LogFeeds::wants(const Feed& feed, NodeIndex node, const LogEntry& entry) const {
  if (feed.log_input) {
    const LogInputPlan& wish = *feed.log_input;
    return feed.listeners.front().consumer != node &&
           (wish.node.empty() || wish.node == entry.node) && passes(entry.level, wish.minimum);
  }
  if (feed.source != node || !feed.carries_entries) return false;
  // Plain output is no log entry, unless the node says that it is.
  return entry.level != LogLevel::Stdout ||
         plan_->nodes[node].log.minimum == std::optional(LogLevel::Stdout);
}

void LogFeeds::send_line(NodeIndex node, std::string_view line) {
  for (Feed& feed : feeds_) {
    if (feed.source == node && feed.carries_lines) send(feed, line);
  }
}

void LogFeeds::send_entry(NodeIndex node, const LogEntry& entry) {
  std::string text;
  for (Feed& feed : feeds_) {
    if (!wants(feed, node, entry)) continue;
    if (text.empty()) text = to_json(entry);
    send(feed, text);
  }
}

void LogFeeds::send(Feed& feed, std::string_view text) {
  if (feed.is_closed || feed.sender == nullptr || !feed.sender->has_edges()) return;
  if (!publish(feed, text)) ++unsent_;
}

Result<> LogFeeds::publish(Feed& feed, std::string_view text) {
  const std::int32_t offsets[] = {0, static_cast<std::int32_t>(text.size())};
  const void* buffers[] = {nullptr, offsets, text.data()};
  ArrowArray array{};
  array.length = 1;
  array.n_buffers = 3;
  array.buffers = buffers;
  array.release = [](ArrowArray* released) { released->release = nullptr; };
  TRY(encoder_.prepare(*text_type_, array));
  std::size_t alignment = 8;
  if (encoder_.size_bytes(alignment) > shm::inline_bytes) alignment = shm::block_alignment;
  auto loan = TRY(outputs_->loan(encoder_.size_bytes(alignment)));
  encoder_.write(loan.bytes().data(), alignment);
  shm::MessageHeader header;
  header.type_offset = *type_offset_;
  header.sent_ns = monotonic_ns();
  header.timestamp_ns = realtime_ns();
  return feed.sender->publish(std::move(loan), header);
}

EdgeTotals LogFeeds::totals_of(const Listener& listener) {
  EdgeTotals totals = listener.past;
  if (listener.edge) add(totals, listener.edge->monitor.counters(), false);
  return totals;
}

std::vector<EdgeTotals> LogFeeds::totals() const {
  std::vector<EdgeTotals> all;
  for (const Feed& feed : feeds_) {
    for (const Listener& listener : feed.listeners)
      all.push_back(totals_of(listener));
  }
  return all;
}

std::vector<std::string> LogFeeds::new_drop_warnings() {
  std::vector<std::string> warnings;
  for (Feed& feed : feeds_) {
    for (Listener& listener : feed.listeners) {
      const EdgeTotals totals = totals_of(listener);
      const auto loss = find_loss(totals);
      if (!loss || loss->messages <= listener.told_drops) continue;
      listener.told_drops = loss->messages;
      warnings.push_back(fmt::format(
          "{} of {} log messages of {}/{} never reached {}/{} ({}): make `{}` faster, or "
          "give the input a larger `queue_size`",
          loss->messages, totals.sent, totals.producer, totals.output, totals.consumer,
          totals.input, loss->reasons, totals.consumer));
    }
  }
  if (unsent_ > 0) {
    warnings.push_back(
        fmt::format("{} log messages were not sent to nodes: those that were sent "
                    "before are all still in use",
                    std::exchange(unsent_, 0)));
  }
  return warnings;
}

void LogFeeds::shrink() {
  if (!outputs_) return;
  outputs_->collect();
  outputs_->arena().shrink(0);
}

}  // namespace dora::daemon

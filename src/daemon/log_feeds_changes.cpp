// SPDX-License-Identifier: Apache-2.0
// How what nodes print reaches those who begin or cease to listen while the run goes on.
#include <algorithm>
#include <utility>

#include "daemon/log_feeds.hpp"

namespace dora::daemon {

void LogFeeds::add_node() {
  add_feeds(plan_->nodes.size() - 1);
  add_listeners(plan_->nodes.size() - 1);
  provide_senders();
}

void LogFeeds::provide_senders() {
  if (!outputs_) return;
  for (Feed& feed : feeds_)
    if (feed.sender == nullptr) feed.sender = &outputs_->add();
}

void LogFeeds::add_listeners(NodeIndex consumer) {
  const NodePlan& plan = plan_->nodes[consumer];
  for (std::size_t place = 0; place < plan.inputs.size(); ++place) {
    const InputPlan& input = plan.inputs[place];
    const auto source = find_node(*plan_, input.producer.text());
    if (source && is_fed(*source, input.output)) add_listener(*source, consumer, place);
  }
}

bool LogFeeds::is_fed(NodeIndex source, const DataId& output) const {
  const LogPlan& log = plan_->nodes[source].log;
  return log.stdout_as == output || log.logs_as == output;
}

LogFeeds::Feed* LogFeeds::find_feed(NodeIndex source, const DataId& output) {
  const auto feed = std::ranges::find_if(
      feeds_, [&](const Feed& each) { return each.source == source && each.output == output; });
  return feed == feeds_.end() ? nullptr : &*feed;
}

LogFeeds::Listener* LogFeeds::find_listener(Feed& feed, NodeIndex consumer, std::size_t place) {
  const auto found = std::ranges::find_if(feed.listeners, [&](const Listener& each) {
    return each.consumer == consumer && each.place == place;
  });
  return found == feed.listeners.end() ? nullptr : &*found;
}

void LogFeeds::add_listener(NodeIndex source, NodeIndex consumer, std::size_t place) {
  const DataId& output = plan_->nodes[consumer].inputs[place].output;
  Feed* feed = find_feed(source, output);
  if (feed == nullptr) {
    const LogPlan& log = plan_->nodes[source].log;
    return add_output(source, output, log.stdout_as == output, log.logs_as == output);
  }
  if (Listener* known = find_listener(*feed, consumer, place)) {
    known->is_connected = true;
  } else {
    feed->listeners.push_back(listener_of(*feed, consumer, place));
  }
}

Result<> LogFeeds::connect_input(NodeIndex consumer, std::size_t input,
                                 const std::shared_ptr<shared_memory::DoorbellPage>& bell) {
  const InputPlan& wish = plan_->nodes[consumer].inputs[input];
  const auto source = find_node(*plan_, wish.producer.text());
  if (!source || !is_fed(*source, wish.output)) return {};
  add_listener(*source, consumer, input);
  provide_senders();
  if (!bell) return {};
  if (!outputs_) TRY(open_memory());
  Feed* feed = find_feed(*source, wish.output);
  Listener* listener = feed == nullptr ? nullptr : find_listener(*feed, consumer, input);
  return listener == nullptr ? Result<>() : connect(*feed, *listener, bell);
}

std::vector<ControlMessage> LogFeeds::disconnect_input(NodeIndex consumer, std::size_t input,
                                                       std::uint64_t visit) {
  std::vector<ControlMessage> messages;
  for (Feed& feed : feeds_) {
    Listener* listener = find_listener(feed, consumer, input);
    if (listener == nullptr || !std::exchange(listener->is_connected, false)) continue;
    if (!listener->edge) continue;
    listener->edge->monitor.close_producer();
    messages.push_back({message::InputClosed{listener->edge->number, listener->input}, {}});
    retire(feed, *listener, visit);
  }
  return messages;
}

}  // namespace dora::daemon

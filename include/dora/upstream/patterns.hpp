#pragma once
// SPDX-License-Identifier: Apache-2.0
// The second half of dora-node-api.h: requests and goals, and streams that are combined.

#include <dora/upstream/dora-node-api.h>

enum class DoraPatternStatus : std::uint8_t {
  Matched,
  Timeout,
  ServerRestarted,  ///< what was asked is lost: ask again
  StreamEnded,
  StreamError,
  InvalidArgument
};

/// `event` is the answer when the status is Matched, else one whose type tells the same.
struct DoraPatternResult final {
  DoraPatternStatus status;
  rust::String error;
  rust::Box<DoraEvent> event;
};

/// A UUID of version 7: ids that are made later are greater.
inline rust::String new_request_id() {
  std::uint8_t bytes[16] = {};
  static_cast<void>(!::getrandom(bytes, sizeof bytes, 0));
  const auto since_epoch = std::chrono::system_clock::now().time_since_epoch();
  auto ms = static_cast<std::uint64_t>(
      std::chrono::duration_cast<std::chrono::milliseconds>(since_epoch).count());
  for (int i = 5; i >= 0; --i, ms >>= 8)
    bytes[i] = static_cast<std::uint8_t>(ms);
  bytes[6] = static_cast<std::uint8_t>(0x70 | (bytes[6] & 0x0f));
  bytes[8] = static_cast<std::uint8_t>(0x80 | (bytes[8] & 0x3f));
  std::string text;
  for (int i = 0; i < 16; ++i) {
    if (i == 4 || i == 6 || i == 8 || i == 10) text += '-';
    text += {"0123456789abcdef"[bytes[i] >> 4], "0123456789abcdef"[bytes[i] & 15]};
  }
  return text;
}
inline rust::String new_goal_id() {
  return new_request_id();
}
inline rust::String goal_status_succeeded() {
  return "succeeded";
}
inline rust::String goal_status_aborted() {
  return "aborted";
}
inline rust::String goal_status_canceled() {
  return "canceled";
}

/// Gives the metadata a request_id of its own.
inline DoraRequestId send_service_request(rust::Box<OutputSender>& sender, rust::String output_id,
                                          rust::Slice<const std::uint8_t> data,
                                          rust::Box<Metadata> metadata) {
  rust::String id = new_request_id();
  metadata->set_request_id(id);
  DoraResult sent =
      send_output_with_metadata(sender, std::move(output_id), data, std::move(metadata));
  return {sent.error.empty() ? id : rust::String(), sent.error};
}
inline DoraRequestId send_arrow_service_request(rust::Box<OutputSender>& sender,
                                                rust::String output_id, std::uint8_t* array_ptr,
                                                std::uint8_t* schema_ptr,
                                                rust::Box<Metadata> metadata) {
  rust::String id = new_request_id();
  metadata->set_request_id(id);
  DoraResult sent =
      send_arrow_output(sender, std::move(output_id), array_ptr, schema_ptr, std::move(metadata));
  return {sent.error.empty() ? id : rust::String(), sent.error};
}
/// `metadata` is that of the request.
inline DoraResult send_service_response(rust::Box<OutputSender>& sender, rust::String output_id,
                                        rust::Slice<const std::uint8_t> data,
                                        rust::Box<Metadata> metadata) {
  return send_output_with_metadata(sender, std::move(output_id), data, std::move(metadata));
}

/// Waits for the input that `is_answer`; other events are kept and come afterwards, in their order.
template <typename IsAnswer>
DoraPatternResult dora_wait_for(rust::Box<Events>& events, rust::Str server,
                                std::uint64_t timeout_ms, IsAnswer&& is_answer) {
  const auto result = [](DoraPatternStatus status, std::string error, DoraEventType why) {
    return DoraPatternResult{status, std::move(error), rust::Box(DoraEvent(why))};
  };
  const auto matched = [](dora::Event event) {
    return DoraPatternResult{
        DoraPatternStatus::Matched, {}, rust::Box(DoraEvent(std::move(event)))};
  };
  const std::string node(server);
  const bool is_id =
      !node.empty() && node.front() != '.' && node.front() != '-' &&
      node.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-") ==
          std::string::npos;
  if (!is_id) {
    return result(DoraPatternStatus::InvalidArgument, "invalid server node id '" + node + "'",
                  DoraEventType::Empty);
  }
  for (auto kept = events->kept().begin(); kept != events->kept().end(); ++kept) {
    if (!kept->is_input() || !is_answer(*kept)) continue;
    dora::Event answer = *kept;
    events->kept().erase(kept);
    return matched(std::move(answer));
  }
  const auto deadline = std::chrono::steady_clock::now() + dora_duration_of(timeout_ms);
  for (;;) {
    const auto left = std::chrono::nanoseconds(deadline - std::chrono::steady_clock::now());
    auto event = events->take_new(std::max(left, std::chrono::nanoseconds(0)));
    if (!event) {
      if (events->has_ended()) {
        return result(DoraPatternStatus::StreamEnded, "the stream of events has ended",
                      DoraEventType::AllInputsClosed);
      }
      return result(DoraPatternStatus::Timeout, "no answer came in time", DoraEventType::Timeout);
    }
    if (event->is_input() && is_answer(*event)) return matched(*std::move(event));
    if (event->type() == DORA_EVENT_ERROR) {
      return result(DoraPatternStatus::StreamError, std::string(event->text()),
                    DoraEventType::Empty);
    }
    events->kept().push_back(*event);
    if (event->type() == DORA_EVENT_NODE_RESTARTED && event->id() == node) {
      return result(DoraPatternStatus::ServerRestarted, "node '" + node + "' was restarted",
                    DoraEventType::Empty);
    }
    if (event->is_stop()) {
      return result(DoraPatternStatus::StreamEnded, "the dataflow stops",
                    DoraEventType::AllInputsClosed);
    }
  }
}

inline bool dora_has_text(const dora::Event& event, std::string_view key, rust::Str wanted) {
  const auto value = event.metadata(key);
  return value && value->kind == DORA_VALUE_STRING &&
         std::string_view(value->text.data, value->text.length) ==
             std::string_view(wanted.data(), wanted.size());
}

/// Waits for the input with that request_id.
inline DoraPatternResult recv_service_response(rust::Box<Events>& events, rust::Str request_id,
                                               rust::Str server_node_id, std::uint64_t timeout_ms) {
  return dora_wait_for(events, server_node_id, timeout_ms, [&](const dora::Event& event) {
    return dora_has_text(event, "request_id", request_id);
  });
}

/// Waits for the input with that goal_id and a final goal_status.
inline DoraPatternResult recv_action_result(rust::Box<Events>& events, rust::Str goal_id,
                                            rust::Str server_node_id, std::uint64_t timeout_ms) {
  return dora_wait_for(events, server_node_id, timeout_ms, [&](const dora::Event& event) {
    if (!dora_has_text(event, "goal_id", goal_id)) return false;
    for (const char* status : {"succeeded", "aborted", "canceled"})
      if (dora_has_text(event, "goal_status", status)) return true;
    return false;
  });
}

// ---- Combined streams --------------------------------------------------------------------------

/// The events of a node, as one of several sources; others came with ROS 2.
class MergedEvents final {
 public:
  MergedEvents() = default;
  explicit MergedEvents(rust::Box<Events> events)
      : events_(std::make_unique<rust::Box<Events>>(std::move(events))) {}
  rust::Box<DoraEvent> next() {
    return events_ ? (*events_)->next() : rust::Box(DoraEvent(DoraEventType::AllInputsClosed));
  }

 private:
  std::unique_ptr<rust::Box<Events>> events_;
};

using MergedDoraEvent = DoraEvent;

struct CombinedEvent final {
  rust::Box<MergedDoraEvent> event;
  /// Not at the end of the stream.
  bool is_dora() const { return event->event().has_value(); }
};

struct CombinedEvents final {
  rust::Box<MergedEvents> events;
  CombinedEvent next() { return {events->next()}; }
};

inline CombinedEvents dora_events_into_combined(rust::Box<Events> events) {
  return {rust::Box(MergedEvents(std::move(events)))};
}
inline CombinedEvents empty_combined_events() {
  return {rust::Box(MergedEvents())};
}
inline rust::Box<DoraEvent> downcast_dora(CombinedEvent event) {
  return std::move(event.event);
}

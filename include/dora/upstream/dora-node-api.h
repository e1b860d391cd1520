#pragma once
// SPDX-License-Identifier: Apache-2.0
// The functions that C++ nodes of dora-rs are written with, over <dora/node.h>: such a node is
// compiled anew, as C++20, and needs no change. New nodes are better off with <dora/node.hpp>.
// Those of ROS 2 are not there.

#include <chrono>
#include <cstdint>
#include <deque>
#include <limits>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <dora/node.hpp>
#include <dora/upstream/metadata.hpp>
#include <dora/upstream/rust_types.hpp>
#include <sys/random.h>

enum class DoraEventType : std::uint8_t {
  Stop,
  Input,
  InputClosed,
  Error,
  Unknown,
  AllInputsClosed,  ///< the stream has ended
  Empty,            ///< nothing is there now
  Timeout,
  NodeFailed,
  Reload
};

struct DoraInput final {
  rust::String id;
  rust::Vec<std::uint8_t> data;
};

struct DoraInputWithMetadata final {
  rust::String id;
  rust::Vec<std::uint8_t> data;
  rust::Box<Metadata> metadata;
};

/// `error` is empty when all went well; so in all results.
struct DoraResult final {
  rust::String error;
};

struct DoraRequestId final {
  rust::String request_id;
  rust::String error;
};

struct DoraNodeFailed final {
  rust::Vec<rust::String> affected_input_ids;
  rust::String error;
  rust::String source_node_id;
};

struct ArrowInputInfo final {
  rust::String id;
  rust::Box<Metadata> metadata;
  rust::String error;
};

/// What next_event and its kin give: an event, or why there is none.
class DoraEvent final {
 public:
  explicit DoraEvent(dora::Event event) : event_(std::move(event)) {}
  explicit DoraEvent(DoraEventType why) : type_(why) {}

  const std::optional<dora::Event>& event() const { return event_; }
  DoraEventType type() const {
    if (!event_) return type_;
    switch (event_->type()) {
      case DORA_EVENT_STOP:
        return DoraEventType::Stop;
      case DORA_EVENT_INPUT:
        return DoraEventType::Input;
      case DORA_EVENT_INPUT_CLOSED:
        return DoraEventType::InputClosed;
      case DORA_EVENT_ERROR:
        return DoraEventType::Error;
      case DORA_EVENT_NODE_FAILED:
        return DoraEventType::NodeFailed;
      case DORA_EVENT_RELOAD:
        return DoraEventType::Reload;
      default:
        return DoraEventType::Unknown;
    }
  }
  const dora::Event& input() const {
    if (event_ && event_->is_input()) return *event_;
    throw rust::Error("not an input event");
  }

 private:
  std::optional<dora::Event> event_;
  DoraEventType type_ = DoraEventType::Empty;
};

class Events final {
 public:
  explicit Events(std::shared_ptr<dora::Node> node) : node_(std::move(node)) {}

  rust::Box<DoraEvent> next() { return take(std::nullopt, DoraEventType::AllInputsClosed); }
  /// The next event, those that were kept first; `late` when none came in time.
  rust::Box<DoraEvent> take(std::optional<std::chrono::nanoseconds> patience, DoraEventType late) {
    std::optional<dora::Event> event;
    if (!kept_.empty()) {
      event = std::move(kept_.front());
      kept_.pop_front();
    } else {
      event = take_new(patience);
    }
    if (event) return rust::Box(DoraEvent(*std::move(event)));
    return rust::Box(DoraEvent(node_->has_ended() ? DoraEventType::AllInputsClosed : late));
  }
  std::optional<dora::Event> take_new(std::optional<std::chrono::nanoseconds> patience) {
    return patience ? node_->next(*patience) : node_->next();
  }
  bool is_empty() const { return kept_.empty() && !dora_node_has_event(node_->get()); }
  bool has_ended() const { return node_->has_ended(); }
  std::deque<dora::Event>& kept() { return kept_; }

 private:
  std::shared_ptr<dora::Node> node_;
  std::deque<dora::Event> kept_;  ///< taken while something else was waited for
};

class OutputSender final {
 public:
  explicit OutputSender(std::shared_ptr<dora::Node> node) : node_(std::move(node)) {}

  dora::Node& node() const { return *node_; }
  /// Calls `send` with the number of the output. One that the dataflow does not declare is warned
  /// about once, and nothing is sent.
  template <typename Send>
  DoraResult run(const rust::String& id, Send&& send) {
    try {
      std::uint32_t output = 0;
      const dora_status found = dora_node_find_output(node_->get(), id.data(), id.size(), &output);
      if (found == DORA_NOT_FOUND) {
        const std::string why = dora_error_message();
        if (unknown_.insert(std::string(id)).second) node_->log("warn", why);
        return {};
      }
      if (found != DORA_OK)
        return {"invalid output id '" + std::string(id) + "': " + dora_error_message()};
      dora_status status;
      do {
        status = send(node_->get(), output);
      } while (status == DORA_INTERRUPTED);
      return {status == DORA_OK ? "" : dora_error_message()};
    } catch (const std::exception& error) {
      return {error.what()};
    }
  }

 private:
  std::shared_ptr<dora::Node> node_;
  std::set<std::string> unknown_;
};

struct DoraNode final {
  rust::Box<Events> events;
  rust::Box<OutputSender> send_output;
};

/// Throws rust::Error when the dataflow could not be joined.
inline DoraNode init_dora_node() {
  try {
    auto node = std::make_shared<dora::Node>();
    return {rust::Box(Events(node)), rust::Box(OutputSender(node))};
  } catch (const dora::Error& error) {
    throw rust::Error(error.what());
  }
}

// ---- Receiving ---------------------------------------------------------------------------------

inline std::chrono::nanoseconds dora_duration_of(std::uint64_t milliseconds) {
  constexpr std::uint64_t most = 1'000'000'000'000;  // 30 years
  return std::chrono::milliseconds(milliseconds < most ? milliseconds : most);
}

inline rust::Box<DoraEvent> next_event(rust::Box<Events>& events) {
  return events->next();
}
inline rust::Box<DoraEvent> next_event_timeout(rust::Box<Events>& events,
                                               std::uint64_t timeout_ms) {
  return events->take(dora_duration_of(timeout_ms), DoraEventType::Timeout);
}
inline rust::Box<DoraEvent> try_next_event(rust::Box<Events>& events) {
  return events->take(std::chrono::nanoseconds(0), DoraEventType::Empty);
}
inline bool events_is_empty(const rust::Box<Events>& events) {
  return events->is_empty();
}

/// What was there at one moment.
class DrainedEvents final {
 public:
  explicit DrainedEvents(std::deque<dora::Event> events) : events_(std::move(events)) {}
  std::deque<dora::Event>& events() { return events_; }
  const std::deque<dora::Event>& events() const { return events_; }

 private:
  std::deque<dora::Event> events_;
};

inline rust::Box<DrainedEvents> drain_events(rust::Box<Events>& events) {
  std::deque<dora::Event> all;
  all.swap(events->kept());
  while (auto event = events->take_new(std::chrono::nanoseconds(0)))
    all.push_back(*std::move(event));
  return rust::Box(DrainedEvents(std::move(all)));
}
inline std::size_t drained_events_len(const rust::Box<DrainedEvents>& drained) {
  return drained->events().size();
}
inline rust::Box<DoraEvent> drained_events_next(rust::Box<DrainedEvents>& drained) {
  if (drained->events().empty()) return rust::Box(DoraEvent(DoraEventType::Empty));
  dora::Event event = std::move(drained->events().front());
  drained->events().pop_front();
  return rust::Box(DoraEvent(std::move(event)));
}

inline DoraEventType event_type(const rust::Box<DoraEvent>& event) {
  return event->type();
}

/// The bytes of a UInt8 array, none of an empty message such as a tick. Throws rust::Error for
/// anything else: see event_as_arrow_input.
inline DoraInput event_as_input(rust::Box<DoraEvent> event) {
  const dora::Event& input = event->input();
  DoraInput result;
  result.id = std::string(input.id());
  const auto tensor = input.tensor();
  if (tensor && tensor->format == 'C') {
    const auto bytes = input.bytes();
    result.data = rust::Vec<std::uint8_t>({bytes.begin(), bytes.end()});
    return result;
  }
  ArrowSchema schema{};
  dora::Error::check(dora_event_schema(input.get(), &schema));
  const std::string format = schema.format;
  schema.release(&schema);
  if (format == "n") return result;
  throw rust::Error("input '" + std::string(input.id()) + "' has the Arrow format '" + format +
                    "', not that of bytes; use event_as_arrow_input");
}

inline DoraInputWithMetadata event_as_input_with_metadata(rust::Box<DoraEvent> event) {
  auto metadata = rust::Box(Metadata(event->input().get()));
  DoraInput input = event_as_input(std::move(event));
  return {std::move(input.id), std::move(input.data), std::move(metadata)};
}

inline DoraNodeFailed event_as_node_failed(rust::Box<DoraEvent> event) {
  if (event->type() != DoraEventType::NodeFailed) throw rust::Error("not a NodeFailed event");
  const dora::Event& failed = *event->event();
  DoraNodeFailed result;
  result.source_node_id = std::string(failed.id());
  // The text is an object that the library has written: {"source_node_id": text, "error": text,
  // "affected_input_ids": [text, ...]}.
  std::string_view text = failed.text();
  const auto read_text = [&text] {
    std::string value;
    text.remove_prefix(text.find('"') + 1);
    while (!text.empty() && text.front() != '"') {
      if (text.front() == '\\' && text.size() > 1) {
        text.remove_prefix(1);
        const char letter = text.front();
        constexpr std::string_view from = "nrtbf", to = "\n\r\t\b\f";
        const std::size_t place = from.find(letter);
        if (letter == 'u' && text.size() > 4) {
          // Written for control characters only.
          value += static_cast<char>(std::stoi(std::string(text.substr(3, 2)), nullptr, 16));
          text.remove_prefix(4);
        } else {
          value += place == std::string_view::npos ? letter : to[place];
        }
      } else {
        value += text.front();
      }
      text.remove_prefix(1);
    }
    if (!text.empty()) text.remove_prefix(1);
    return value;
  };
  while (text.find('"') != std::string_view::npos) {
    const std::string key = read_text();
    if (key == "affected_input_ids") {
      while (text.find('"') < text.find(']'))
        result.affected_input_ids.push_back(read_text());
    } else {
      std::string value = read_text();
      if (key == "error") result.error = std::move(value);
    }
  }
  return result;
}

/// The payload without a copy, as the C data interface has it; the caller releases both.
inline DoraResult event_as_arrow_input(rust::Box<DoraEvent> event, std::uint8_t* out_array,
                                       std::uint8_t* out_schema) {
  if (!event->event() || !event->event()->is_input()) return {"Not an input event"};
  if (out_array == nullptr || out_schema == nullptr) return {"Received null output pointer"};
  const dora_status status =
      dora_event_arrow(event->event()->get(), reinterpret_cast<ArrowArray*>(out_array),
                       reinterpret_cast<ArrowSchema*>(out_schema));
  return {status == DORA_OK ? "" : dora_error_message()};
}
inline ArrowInputInfo event_as_arrow_input_with_info(rust::Box<DoraEvent> event,
                                                     std::uint8_t* out_array,
                                                     std::uint8_t* out_schema) {
  ArrowInputInfo info{{}, rust::Box(Metadata()), {}};
  if (event->event() && event->event()->is_input()) {
    info.id = std::string(event->event()->id());
    info.metadata = rust::Box(Metadata(event->event()->get()));
  }
  info.error = event_as_arrow_input(std::move(event), out_array, out_schema).error;
  return info;
}

// ---- Sending -----------------------------------------------------------------------------------

inline rust::Box<Metadata> new_metadata() {
  return rust::Box(Metadata());
}

inline DoraResult send_output(rust::Box<OutputSender>& sender, rust::String id,
                              rust::Slice<const std::uint8_t> data) {
  return sender->run(id, [&](dora_node* node, std::uint32_t output) {
    return dora_node_send_bytes(node, output, data.data(), data.size(), nullptr);
  });
}
inline DoraResult send_output_with_metadata(rust::Box<OutputSender>& sender, rust::String id,
                                            rust::Slice<const std::uint8_t> data,
                                            rust::Box<Metadata> metadata) {
  return sender->run(id, [&](dora_node* node, std::uint32_t output) {
    const dora::Metadata all = metadata->to_send();
    return dora_node_send_bytes(node, output, data.data(), data.size(), all.get());
  });
}
/// Both are taken over, also when it fails.
inline DoraResult send_arrow_output(rust::Box<OutputSender>& sender, rust::String id,
                                    std::uint8_t* array_ptr, std::uint8_t* schema_ptr,
                                    rust::Box<Metadata> metadata) {
  if (array_ptr == nullptr || schema_ptr == nullptr)
    return {"Received null Arrow array or schema pointer"};
  auto* array = reinterpret_cast<ArrowArray*>(array_ptr);
  auto* schema = reinterpret_cast<ArrowSchema*>(schema_ptr);
  DoraResult result = sender->run(id, [&](dora_node* node, std::uint32_t output) {
    const dora::Metadata all = metadata->to_send();
    return dora_node_send_arrow(node, output, array, schema, all.get());
  });
  if (array->release != nullptr) array->release(array);
  if (schema->release != nullptr) schema->release(schema);
  return result;
}
inline DoraResult send_arrow_output(rust::Box<OutputSender>& sender, rust::String id,
                                    std::uint8_t* array_ptr, std::uint8_t* schema_ptr) {
  return send_arrow_output(sender, std::move(id), array_ptr, schema_ptr, new_metadata());
}

inline DoraResult close_outputs(rust::Box<OutputSender>& sender, rust::Vec<rust::String> ids) {
  for (const rust::String& id : ids) {
    DoraResult result = sender->run(id, [](dora_node* node, std::uint32_t output) {
      return dora_node_close_outputs(node, &output, 1);
    });
    if (!result.error.empty()) return result;
  }
  return {};
}

inline DoraResult log_message(const rust::Box<OutputSender>& sender, rust::String level,
                              rust::String message) {
  const dora_status status = dora_node_log(sender->node().get(), level.data(), level.size(),
                                           message.data(), message.size());
  return {status == DORA_OK ? "" : dora_error_message()};
}

inline rust::String node_config_json(const rust::Box<OutputSender>& sender) {
  return std::string(sender->node().config());
}
inline rust::String dataflow_descriptor_json(const rust::Box<OutputSender>& sender) {
  return std::string(sender->node().dataflow());
}

// Requests, goals and merged events.
#include <dora/upstream/patterns.hpp>

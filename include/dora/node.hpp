#pragma once
// SPDX-License-Identifier: Apache-2.0
// Nodes in C++:
//
//   dora::Node node;
//   while (auto event = node.next()) {
//     if (event->is_input("number")) node.send("doubled", event->numbers<int>()[0] * 2);
//   }
//
// In CMake: find_package(dora), then target_link_libraries(my_node PRIVATE dora::node). What fails
// throws dora::Error.

#include <dora/sending.hpp>

namespace dora {

/// This process as a node of the dataflow that started it. Every method may be called from every
/// thread.
class Node : public Sending<Node> {
 public:
  /// Joins the dataflow; returns when every node of it has.
  Node() {
    dora_node* opened = nullptr;
    dora_status status;
    do {
      status = dora_node_open(&opened);
    } while (status == DORA_INTERRUPTED);
    Error::check(status);
    handle_.reset(opened);
  }

  std::string_view id() const { return dora_node_id(get()); }
  std::string_view dataflow_id() const { return dora_node_dataflow_id(get()); }
  std::uint32_t restart_count() const { return dora_node_restart_count(get()); }
  /// JSON.
  std::string_view config() const { return dora_node_config_json(get()); }
  std::string_view dataflow() const { return dora_node_dataflow_json(get()); }

  /// Waits for the next event; nothing once the stream has ended, then for ever.
  std::optional<Event> next() { return take(-1); }
  /// The same, but nothing also when no event came in time; has_ended() tells the two apart.
  std::optional<Event> next(std::chrono::nanoseconds timeout) { return take(timeout.count()); }
  bool has_ended() const { return has_ended_; }

  /// Neither array nor schema is released or changed.
  void send_arrow(std::string_view output, const ArrowArray& array, const ArrowSchema& schema,
                  const Metadata* metadata = nullptr) {
    Error::check(dora_node_send_arrow(get(), find(output), &array, &schema, raw(metadata)));
  }
  /// Receivers see INPUT_CLOSED after what was sent.
  void close_output(std::string_view output) {
    const std::uint32_t number = find(output);
    Error::check(dora_node_close_outputs(get(), &number, 1));
  }
  /// Writes a log line. level: "error", "warn", "info", "debug" or "trace".
  void log(std::string_view level, std::string_view text) {
    Error::check(dora_node_log(get(), level.data(), level.size(), text.data(), text.size()));
  }

  dora_node* get() const { return handle_.get(); }

 private:
  friend class Sending<Node>;
  struct Close {
    void operator()(dora_node* node) const { dora_node_close(node); }
  };

  std::optional<Event> take(std::int64_t timeout_ns) {
    dora_event* event = nullptr;
    dora_status status;
    do {
      status = dora_node_next(get(), timeout_ns, &event);
    } while (status == DORA_INTERRUPTED);
    if (status == DORA_TIMED_OUT) return std::nullopt;
    Error::check(status);
    has_ended_ = event == nullptr;
    if (event == nullptr) return std::nullopt;
    return Event(event);
  }
  std::uint32_t find(std::string_view output) const {
    std::uint32_t number = 0;
    Error::check(dora_node_find_output(get(), output.data(), output.size(), &number));
    return number;
  }
  dora_status bytes_call(std::uint32_t output, const void* data, std::size_t size,
                         const dora_metadata* metadata) {
    return dora_node_send_bytes(get(), output, data, size, metadata);
  }
  dora_status tensor_call(std::uint32_t output, const dora_tensor* tensor,
                          const dora_metadata* metadata) {
    return dora_node_send_tensor(get(), output, tensor, metadata);
  }

  std::unique_ptr<dora_node, Close> handle_;
  bool has_ended_ = false;
};

}  // namespace dora

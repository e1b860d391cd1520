#pragma once
// SPDX-License-Identifier: Apache-2.0
// Tells one client over a WebSocket what happens to a dataflow, until the client or the dataflow is
// gone. A client that reads too slowly loses lines, which are counted and told.

#include <cstdint>
#include <memory>
#include <string>

#include "daemon/control_target.hpp"
#include "transport/web_socket.hpp"

namespace dora::daemon {

class EventStream {
 public:
  EventStream();
  EventStream(const EventStream&) = delete;
  EventStream& operator=(const EventStream&) = delete;

  /// To be told what happens; lives as long as this object.
  const std::shared_ptr<Watcher>& watcher() const { return watcher_; }
  /// Where to tell it. The connection in turn keeps this object, so that both end together.
  void set_socket(std::shared_ptr<transport::WebSocket> socket) { socket_ = std::move(socket); }
  /// The client is gone.
  void close() { socket_.reset(); }

 private:
  bool send(std::string text);

  std::shared_ptr<Watcher> watcher_ = std::make_shared<Watcher>();
  std::shared_ptr<transport::WebSocket> socket_;
  std::uint64_t lost_ = 0;
};

}  // namespace dora::daemon

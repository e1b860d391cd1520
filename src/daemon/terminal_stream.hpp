#pragma once
// SPDX-License-Identifier: Apache-2.0
// One client who sits at the terminal of a node, over a WebSocket: bytes both ways, and the size of
// the window as text, {"columns": 120, "rows": 40}. A client that reads too slowly misses output.

#include <memory>
#include <string_view>

#include "daemon/node_terminal.hpp"
#include "transport/web_socket.hpp"

namespace dora::daemon {

class TerminalStream {
 public:
  explicit TerminalStream(const std::shared_ptr<NodeTerminal>& terminal) : terminal_(terminal) {}
  TerminalStream(const TerminalStream&) = delete;
  TerminalStream& operator=(const TerminalStream&) = delete;

  /// The connection keeps this object, so that both end together.
  void open(std::shared_ptr<transport::WebSocket> socket);
  void on_message(transport::WebSocket::Kind kind, std::string_view message);
  /// The client is gone.
  void close() { socket_.reset(); }

 private:
  void show(std::string_view bytes);
  void end(const std::string& why);

  std::weak_ptr<NodeTerminal> terminal_;
  std::shared_ptr<TerminalViewer> viewer_;
  std::shared_ptr<transport::WebSocket> socket_;
  bool misses_output_ = false;
};

}  // namespace dora::daemon

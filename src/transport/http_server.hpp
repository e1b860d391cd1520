#pragma once
// SPDX-License-Identifier: Apache-2.0
// Serves HTTP/1.1 on a unix socket to processes of the same user (and root). Owned by the daemon,
// on its event-loop thread; nothing here blocks, and nothing a client sends can do more than end
// its own connection.
//
//   accepted ──► reading ──request──► answering ──reply──► writing ──► reading ... (keep-alive)
//                   └── deadline, limit or bad bytes: an error answer where possible, then closed
//
// A handler answers when it likes: at once, or much later; while it takes its time only that one
// connection waits, and a client that goes away meanwhile is forgotten at once. A request for a
// WebSocket may be accepted instead: then the connection leaves the server.

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>

#include "base/file_descriptor.hpp"
#include "transport/http_message.hpp"
#include "transport/web_socket.hpp"

namespace boost::asio {
class io_context;
}

namespace dora::transport {

class HttpServer {
 public:
  /// Sends the answer. Call it once, on the loop's thread; later calls, and calls after the client
  /// or the server went away, do nothing.
  using Reply = std::function<void(HttpResponse)>;
  using OnRequest = std::function<void(HttpRequest, Reply)>;
  /// Makes a WebSocket of the connection. Call it at most once, instead of Reply; nothing when the
  /// client or the server went away.
  using Accept = std::function<std::shared_ptr<WebSocket>(WebSocket::Events)>;
  using OnWebSocket = std::function<void(HttpRequest, Accept, Reply)>;

  struct Options {
    /// Request line and headers together.
    std::size_t max_header_bytes = 16 << 10;
    std::size_t max_body_bytes = 4 << 20;
    /// From a connection's first moment, or its last answer, until its next request is complete.
    std::chrono::milliseconds request_timeout{10'000};
    /// For sending one answer.
    std::chrono::milliseconds answer_timeout{10'000};
    /// One more, and the connection that has been waiting longest without a request is closed.
    std::size_t max_connections = 256;
    /// But not before it has waited so long: whoever has just connected is about to ask. Until
    /// then nobody else is let in.
    std::chrono::milliseconds min_idle_time{50};
    /// WebSockets beside them; one more, and the one that has not been heard of for longest is
    /// closed.
    std::size_t max_web_sockets = 64;
    /// But not before it was silent for so long, although it is asked now and then; the new one is
    /// refused.
    std::chrono::milliseconds web_socket_silence{30'000};
  };

  /// Accepts connections on `listener` (see listen_on_unix_socket) from now on; without one, only
  /// serve() brings any. Without `on_web_socket` every WebSocket is refused.
  HttpServer(boost::asio::io_context& loop, FileDescriptor listener, OnRequest on_request,
             Options options, OnWebSocket on_web_socket = {});
  /// Closes every connection. WebSockets belong to whoever accepted them.
  ~HttpServer();
  HttpServer(HttpServer&&) noexcept;
  HttpServer& operator=(HttpServer&&) noexcept;

  /// Serves one connection that somebody else accepted.
  void serve(FileDescriptor connection);

  std::size_t connections() const;

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace dora::transport

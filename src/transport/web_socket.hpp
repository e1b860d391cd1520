#pragma once
// SPDX-License-Identifier: Apache-2.0
// One end of a WebSocket over a unix socket: messages both ways for as long as both like. On its
// owner's event loop; nothing here blocks. What the other end does not take in time is kept up to a
// limit, beyond which messages are refused and the sender decides what that means.
//
//   accept() ─────────────────► open ──┬─ peer closes, dies or sends nonsense ─► on_closed
//   connect() ─ 101 ─► on_open ──┘     └─ close() ─ what was sent is written ──► (silence)
//      └─ any other answer ─► on_refused

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "base/file_descriptor.hpp"
#include "base/result.hpp"
#include "transport/http_message.hpp"

namespace boost::asio {
class io_context;
}

namespace dora::transport {

class WebSocket {
 public:
  enum class Kind { Text, Bytes };

  struct Events {
    std::function<void()> on_open{};
    /// The message is there during the call only.
    std::function<void(Kind, std::string_view)> on_message{};
    /// The last call, unless it is on_closed: the server has answered something else.
    std::function<void(const HttpResponse&)> on_refused{};
    /// The last call: the other end went away or said goodbye.
    std::function<void(const Error&)> on_closed{};
  };

  struct Limits {
    std::size_t max_message_bytes = 1 << 20;
    std::size_t max_pending_bytes = std::size_t{4} << 20;
    /// The other end is sent a ping when it was silent for so long; 0: never.
    std::chrono::milliseconds asks_after{0};
    /// For each piece of what is still to be written after close().
    std::chrono::milliseconds goodbye_timeout{10'000};
  };

  /// The server's end of `socket`, whose client has sent `request` with `key` (the header
  /// Sec-WebSocket-Key).
  static std::shared_ptr<WebSocket> accept(boost::asio::io_context& loop, FileDescriptor socket,
                                           const HttpRequest& request, const std::string& key,
                                           Events events, Limits limits);
  /// The client's end: asks whoever listens on `socket` for `target`.
  static std::shared_ptr<WebSocket> connect(boost::asio::io_context& loop, FileDescriptor socket,
                                            const std::string& target, Events events,
                                            Limits limits);
  /// Closes at once; nothing is told any more.
  ~WebSocket();
  WebSocket(const WebSocket&) = delete;
  WebSocket& operator=(const WebSocket&) = delete;

  /// False: so much is waiting to be written already that this was not taken. What is sent before
  /// the connection is open waits for that.
  bool send(Kind kind, std::string message);
  /// Says goodbye once everything is written. Nothing is told any more. The connection outlives
  /// this object for as long as that takes.
  void close();
  /// Closes at once, and tells on_closed.
  void cut(std::string_view why);

  /// How long nothing has come from the other end, not even the answer to a ping.
  std::chrono::milliseconds silence() const;

 private:
  struct State;
  explicit WebSocket(std::shared_ptr<State> state) : state_(std::move(state)) {}
  std::shared_ptr<State> state_;
};

}  // namespace dora::transport

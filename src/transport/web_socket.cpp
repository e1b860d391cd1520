// SPDX-License-Identifier: Apache-2.0
// Beside http_server.cpp the only file that includes Boost.Beast.
#include "transport/web_socket.hpp"

#include <chrono>
#include <deque>
#include <utility>

#include <boost/asio/buffer.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>
#include <boost/beast/websocket.hpp>

namespace dora::transport {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
namespace websocket = boost::beast::websocket;
using boost::system::error_code;
using Socket = asio::local::stream_protocol::socket;
using Clock = std::chrono::steady_clock;
using namespace std::chrono_literals;

constexpr auto handshake_patience = 10s;

}  // namespace

struct WebSocket::State : std::enable_shared_from_this<State> {
  State(asio::io_context& loop, FileDescriptor fd, Events the_events, Limits the_limits)
      : events(std::move(the_events)),
        limits(the_limits),
        stream(loop),
        pinger(loop),
        goodbye(loop) {
    error_code error;
    stream.next_layer().assign(asio::local::stream_protocol(), fd.get(), error);
    if (!error) (void)fd.release();
    stream.set_option(
        websocket::stream_base::timeout{.handshake_timeout = handshake_patience,
                                        .idle_timeout = websocket::stream_base::none(),
                                        .keep_alive_pings = false});
    stream.read_message_max(limits.max_message_bytes);
    stream.control_callback(
        [this](websocket::frame_type, beast::string_view) { heard_at = Clock::now(); });
    // Messages are told whole: one is not to be mistaken for the end of another.
    stream.auto_fragment(false);
  }

  void on_shaken(error_code error) {
    if (error) return fail_with(error);
    is_open = true;
    if (const auto handler = events.on_open) handler();
    write();
    read();
    ask_later();
  }

  void ask_later() {
    if (limits.asks_after <= 0ms) return;
    pinger.expires_after(limits.asks_after);
    pinger.async_wait([weak = weak_from_this()](error_code error) {
      const auto self = weak.lock();
      if (!self || error || self->is_over) return;
      // One that does not read has not answered the last one, either.
      const bool asks = Clock::now() - self->heard_at >= self->limits.asks_after;
      if (!asks || std::exchange(self->is_asking, true)) return self->ask_later();
      self->stream.async_ping({}, [self](error_code) { self->is_asking = false; });
      self->ask_later();
    });
  }

  void read() {
    stream.async_read(buffer, [self = shared_from_this()](error_code error, std::size_t) {
      if (error) return self->fail_with(error);
      self->heard_at = Clock::now();
      const auto data = self->buffer.cdata();
      const std::string_view message(static_cast<const char*>(data.data()), data.size());
      const Kind kind = self->stream.got_text() ? Kind::Text : Kind::Bytes;
      if (const auto handler = self->events.on_message) handler(kind, message);
      self->buffer.consume(self->buffer.size());
      if (!self->is_over) self->read();
    });
  }

  void write() {
    if (!is_open || is_writing || is_over) return;
    if (pending.empty()) {
      if (is_closing) say_goodbye();
      return;
    }
    is_writing = true;
    stream.text(pending.front().first == Kind::Text);
    stream.async_write(asio::buffer(pending.front().second),
                       [self = shared_from_this()](error_code error, std::size_t) {
                         self->is_writing = false;
                         if (error) return self->fail_with(error);
                         self->pending_bytes -= self->pending.front().second.size();
                         self->pending.pop_front();
                         if (self->is_closing) self->wait_for_goodbye();
                         self->write();
                       });
  }

  void say_goodbye() {
    is_over = true;
    stream.async_close(websocket::close_code::normal,
                       [self = shared_from_this()](error_code) { self->cut(); });
  }

  // A peer that takes nothing must not keep us for ever.
  void wait_for_goodbye() {
    goodbye.expires_after(limits.goodbye_timeout);
    goodbye.async_wait([weak = weak_from_this()](error_code error) {
      const auto self = weak.lock();
      if (self && !error) self->cut();
    });
  }

  void cut() {
    is_over = true;
    pinger.cancel();
    goodbye.cancel();
    error_code ignored;
    stream.next_layer().close(ignored);
  }

  void fail_with(error_code error) {
    if (is_over) return;
    Error why{ErrorKind::Disconnected, "the connection was lost: " + error.message()};
    if (error == websocket::error::closed) why.message = "the other end has closed the connection";
    cut();
    const Events told = std::exchange(events, {});
    if (error == websocket::error::upgrade_declined && told.on_refused) {
      told.on_refused({static_cast<int>(answer.result_int()), answer.body()});
    } else if (told.on_closed) {
      told.on_closed(why);
    }
  }

  Events events;
  Limits limits;
  websocket::stream<Socket> stream;
  asio::steady_timer pinger;
  asio::steady_timer goodbye;
  Clock::time_point heard_at = Clock::now();
  bool is_asking = false;
  beast::flat_buffer buffer;
  websocket::response_type answer;
  std::deque<std::pair<Kind, std::string>> pending;
  std::size_t pending_bytes = 0;
  bool is_open = false;
  bool is_writing = false;
  bool is_closing = false;
  bool is_over = false;
};

std::shared_ptr<WebSocket> WebSocket::accept(asio::io_context& loop, FileDescriptor socket,
                                             const HttpRequest& request, const std::string& key,
                                             Events events, Limits limits) {
  auto state = std::make_shared<State>(loop, std::move(socket), std::move(events), limits);
  http::request<http::string_body> upgrade(http::verb::get, request.target, 11);
  upgrade.set(http::field::host, "dora");
  upgrade.set(http::field::connection, "Upgrade");
  upgrade.set(http::field::upgrade, "websocket");
  upgrade.set(http::field::sec_websocket_version, "13");
  upgrade.set(http::field::sec_websocket_key, key);
  state->stream.async_accept(upgrade, [state](error_code error) { state->on_shaken(error); });
  return std::shared_ptr<WebSocket>(new WebSocket(std::move(state)));
}

std::shared_ptr<WebSocket> WebSocket::connect(asio::io_context& loop, FileDescriptor socket,
                                              const std::string& target, Events events,
                                              Limits limits) {
  auto state = std::make_shared<State>(loop, std::move(socket), std::move(events), limits);
  state->stream.async_handshake(state->answer, "dora", target,
                                [state](error_code error) { state->on_shaken(error); });
  return std::shared_ptr<WebSocket>(new WebSocket(std::move(state)));
}

WebSocket::~WebSocket() {
  if (state_->is_closing) return;
  state_->events = {};
  state_->cut();
}

bool WebSocket::send(Kind kind, std::string message) {
  State& state = *state_;
  if (state.is_over || state.is_closing) return true;  // nobody misses it
  if (state.pending_bytes + message.size() > state.limits.max_pending_bytes) return false;
  state.pending_bytes += message.size();
  state.pending.emplace_back(kind, std::move(message));
  state.write();
  return true;
}

void WebSocket::close() {
  state_->events = {};
  if (std::exchange(state_->is_closing, true)) return;
  state_->wait_for_goodbye();
  state_->write();
}

void WebSocket::cut(std::string_view why) {
  if (state_->is_over) return;
  state_->cut();
  const Events told = std::exchange(state_->events, {});
  if (told.on_closed) told.on_closed({ErrorKind::Disconnected, std::string(why)});
}

std::chrono::milliseconds WebSocket::silence() const {
  return std::chrono::duration_cast<std::chrono::milliseconds>(Clock::now() - state_->heard_at);
}

}  // namespace dora::transport

// SPDX-License-Identifier: Apache-2.0
// Beside web_socket.cpp the only file that includes Boost.Beast: it takes half a minute to compile.
#include "transport/http_server.hpp"

#include <algorithm>
#include <list>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <boost/asio/io_context.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core/basic_stream.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>
#include <boost/beast/websocket/rfc6455.hpp>
#include <fmt/format.h>
#include <sys/socket.h>
#include <unistd.h>

#include "transport/unix_socket.hpp"

namespace dora::transport {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
using boost::system::error_code;
using Stream = beast::basic_stream<asio::local::stream_protocol>;

HttpResponse refusal(int status, std::string_view message, std::string_view kind = "InvalidInput") {
  HttpResponse response;
  response.status = status;
  response.body = fmt::format(R"({{"kind":"{}","message":"{}"}})"
                              "\n",
                              kind, message);
  return response;
}

// What can still be said to a client whose bytes made no request; nothing when it just went away.
std::optional<HttpResponse> answer_to(error_code error) {
  if (error == http::error::header_limit)
    return refusal(431, "the headers of the request are too long");
  if (error == http::error::body_limit) return refusal(413, "the body of the request is too long");
  if (error.category() == make_error_code(http::error::bad_method).category() &&
      error != http::error::end_of_stream && error != http::error::partial_message)
    return refusal(400, "this is not an HTTP/1.1 request");
  return std::nullopt;
}

}  // namespace

struct HttpServer::State : std::enable_shared_from_this<State> {
  class Connection;

  State(asio::io_context& the_loop, FileDescriptor listening, OnRequest handler, Options limits,
        OnWebSocket web_socket_handler)
      : loop(the_loop),
        listener(the_loop),
        retry(the_loop),
        on_request(std::move(handler)),
        on_web_socket(std::move(web_socket_handler)),
        options(limits) {
    if (listening) listener.assign(listening.release());
  }

  void accept();
  void accept_later();
  void serve(FileDescriptor socket);
  bool has_room() const;
  void make_room();
  bool make_room_for_web_socket();
  void close();

  asio::io_context& loop;
  // Only waited on: the connections are taken with accept4, which closes them on exec at once.
  asio::posix::stream_descriptor listener;
  asio::steady_timer retry;
  OnRequest on_request;
  OnWebSocket on_web_socket;
  Options options;
  std::vector<std::weak_ptr<WebSocket>> web_sockets;
  // The front has waited longest.
  std::list<std::shared_ptr<Connection>> connections;
  bool closed = false;
};

class HttpServer::State::Connection : public std::enable_shared_from_this<Connection> {
 public:
  using Position = std::list<std::shared_ptr<Connection>>::iterator;

  Connection(std::weak_ptr<State> server, asio::local::stream_protocol::socket socket)
      : server_(std::move(server)), stream_(std::move(socket)) {}

  void set_position(Position position) { position_ = position; }
  bool is_answering() const { return phase_ == Phase::Answering; }
  bool is_idle_for(std::chrono::milliseconds time) const {
    return std::chrono::steady_clock::now() - idle_since_ >= time;
  }

  void read() {
    const auto server = server_.lock();
    if (!server || closed_) return;
    phase_ = Phase::Reading;
    stand_last(*server);
    parser_.emplace();
    parser_->header_limit(static_cast<std::uint32_t>(server->options.max_header_bytes));
    parser_->body_limit(server->options.max_body_bytes);
    stream_.expires_after(server->options.request_timeout);
    http::async_read(
        stream_, buffer_, *parser_,
        [self = shared_from_this()](error_code error, std::size_t) { self->on_read(error); });
  }

  void refuse(HttpResponse response) { write(std::move(response), true); }

  void close() {
    if (std::exchange(closed_, true)) return;
    stream_.close();
    if (const auto server = server_.lock()) {
      // Removes the server's share of this object: whoever calls holds one of their own.
      server->connections.erase(position_);
    }
  }

 private:
  enum class Phase { Reading, Answering, Writing };

  // Nobody has waited for less long.
  void stand_last(State& server) {
    idle_since_ = std::chrono::steady_clock::now();
    server.connections.splice(server.connections.end(), server.connections, position_);
  }

  void on_read(error_code error) {
    if (closed_) return;
    if (error) {
      if (auto answer = answer_to(error)) return refuse(std::move(*answer));
      return close();
    }
    const auto server = server_.lock();
    if (!server) return close();
    phase_ = Phase::Answering;
    stream_.expires_never();
    auto message = parser_->release();
    const bool is_upgrade = beast::websocket::is_upgrade(message);
    const std::string key(message[http::field::sec_websocket_key]);
    const bool last = is_upgrade || !message.keep_alive();
    HttpRequest request{std::string(message.method_string()), std::string(message.target()),
                        std::move(message.body())};
    // The number tells answers to this request from late ones to earlier requests.
    const std::uint64_t number = ++requests_;
    Reply reply = [self = shared_from_this(), number, last](HttpResponse response) {
      if (self->closed_ || self->phase_ != Phase::Answering || number != self->requests_) return;
      self->write(std::move(response), last);
    };
    if (!is_upgrade) {
      const auto on_request = server->on_request;
      on_request(std::move(request), std::move(reply));
      return watch_client(number);
    }
    if (!server->on_web_socket) return reply(refusal(400, "there are no WebSockets here"));
    if (!server->make_room_for_web_socket())
      return reply(refusal(409, "too many WebSockets are open: close some", "Busy"));
    const auto on_web_socket = server->on_web_socket;
    on_web_socket(
        request,
        [self = shared_from_this(), request, key](WebSocket::Events events) {
          return self->upgrade(request, key, std::move(events));
        },
        std::move(reply));
  }

  // Nobody waits for an answer that nobody will read.
  void watch_client(std::uint64_t request) {
    if (closed_ || phase_ != Phase::Answering || request != requests_) return;
    stream_.socket().async_wait(
        asio::socket_base::wait_error, [self = shared_from_this(), request](error_code error) {
          const bool is_current = self->phase_ == Phase::Answering && request == self->requests_;
          if (!error && is_current) self->close();
        });
  }

  std::shared_ptr<WebSocket> upgrade(const HttpRequest& request, const std::string& key,
                                     WebSocket::Events events) {
    const auto server = server_.lock();
    if (!server || closed_ || phase_ != Phase::Answering) return nullptr;
    error_code error;
    FileDescriptor socket(stream_.socket().release(error));
    close();
    if (error) return nullptr;
    auto made =
        WebSocket::accept(server->loop, std::move(socket), request, key, std::move(events),
                          WebSocket::Limits{.asks_after = server->options.web_socket_silence / 3});
    server->web_sockets.push_back(made);
    return made;
  }

  void write(HttpResponse response, bool last) {
    const auto server = server_.lock();
    if (!server) return close();
    phase_ = Phase::Writing;
    stand_last(*server);
    // Nothing but watch_client() waits for it now.
    error_code ignored;
    stream_.socket().cancel(ignored);
    answer_.emplace();
    answer_->version(11);
    answer_->result(static_cast<unsigned>(response.status));
    answer_->set(http::field::content_type, response.content_type);
    answer_->keep_alive(!last);
    answer_->body() = std::move(response.body);
    answer_->prepare_payload();
    stream_.expires_after(server->options.answer_timeout);
    http::async_write(stream_, *answer_,
                      [self = shared_from_this(), last](error_code error, std::size_t) {
                        if (error || last) return self->close();
                        self->read();
                      });
  }

  std::weak_ptr<State> server_;
  Stream stream_;
  beast::flat_buffer buffer_;
  std::optional<http::request_parser<http::string_body>> parser_;
  std::optional<http::response<http::string_body>> answer_;
  Position position_;
  Phase phase_ = Phase::Reading;
  std::chrono::steady_clock::time_point idle_since_{};
  std::uint64_t requests_ = 0;
  bool closed_ = false;
};

void HttpServer::State::accept() {
  listener.async_wait(asio::posix::stream_descriptor::wait_read,
                      [weak = weak_from_this()](error_code error) {
                        const auto self = weak.lock();
                        if (!self || self->closed || error) return;
                        // A few at a time, so that a storm of connections leaves the loop time for
                        // others.
                        for (int i = 0; i < 16; ++i) {
                          if (!self->has_room()) return self->accept_later();
                          FileDescriptor taken(::accept4(self->listener.native_handle(), nullptr,
                                                         nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
                          if (taken) {
                            self->serve(std::move(taken));
                            continue;
                          }
                          if (errno == EAGAIN) break;
                          if (errno == EINTR || errno == ECONNABORTED) continue;
                          // No descriptors or no memory: the pending connection would wake us for
                          // ever.
                          self->make_room();
                          return self->accept_later();
                        }
                        self->accept();
                      });
}

void HttpServer::State::accept_later() {
  retry.expires_after(std::min(options.min_idle_time, std::chrono::milliseconds(50)));
  retry.async_wait([weak = weak_from_this()](error_code cancelled) {
    if (const auto self = weak.lock(); self && !self->closed && !cancelled) self->accept();
  });
}

// Those that are being answered stand anywhere in the list; the others in the order of their
// waiting.
bool HttpServer::State::has_room() const {
  if (connections.size() < options.max_connections) return true;
  const auto first = std::ranges::find_if(
      connections, [](const auto& connection) { return !connection->is_answering(); });
  return first != connections.end() && (*first)->is_idle_for(options.min_idle_time);
}

bool HttpServer::State::make_room_for_web_socket() {
  std::erase_if(web_sockets, [](const auto& each) { return each.expired(); });
  if (web_sockets.size() < options.max_web_sockets) return true;
  std::shared_ptr<WebSocket> quietest;
  for (const auto& each : web_sockets) {
    const auto open = each.lock();
    if (open && (!quietest || open->silence() > quietest->silence())) quietest = open;
  }
  if (!quietest || quietest->silence() < options.web_socket_silence) return false;
  quietest->cut("it has not been heard of for too long, and others wait");
  std::erase_if(web_sockets, [&](const auto& each) { return each.lock() == quietest; });
  return true;
}

void HttpServer::State::serve(FileDescriptor socket) {
  const auto peer = peer_of(socket.get());
  if (connections.size() >= options.max_connections) make_room();
  if (connections.size() >= options.max_connections) return;
  asio::local::stream_protocol::socket watched(loop);
  error_code error;
  watched.assign(asio::local::stream_protocol(), socket.get(), error);
  if (error) return;  // the kernel would not watch it; the client sees it closed
  socket.release();
  const auto connection = std::make_shared<Connection>(weak_from_this(), std::move(watched));
  connection->set_position(connections.insert(connections.end(), connection));
  if (!peer || (peer->uid != ::geteuid() && peer->uid != 0))
    return connection->refuse(refusal(403, "this dora belongs to another user"));
  connection->read();
}

void HttpServer::State::make_room() {
  for (const auto& connection : connections) {
    if (connection->is_answering()) continue;
    const std::shared_ptr<Connection> kept = connection;
    kept->close();
    return;
  }
}

void HttpServer::State::close() {
  closed = true;
  error_code ignored;
  listener.close(ignored);
  retry.cancel();
  while (!connections.empty()) {
    const std::shared_ptr<Connection> kept = connections.front();
    kept->close();
  }
}

HttpServer::HttpServer(asio::io_context& loop, FileDescriptor listener, OnRequest on_request,
                       Options options, OnWebSocket on_web_socket)
    : state_(std::make_shared<State>(loop, std::move(listener), std::move(on_request), options,
                                     std::move(on_web_socket))) {
  if (state_->listener.is_open()) state_->accept();
}

HttpServer::~HttpServer() {
  if (state_) state_->close();
}

HttpServer::HttpServer(HttpServer&&) noexcept = default;
HttpServer& HttpServer::operator=(HttpServer&& other) noexcept {
  if (this != &other) {
    if (state_) state_->close();
    state_ = std::move(other.state_);
  }
  return *this;
}

void HttpServer::serve(FileDescriptor connection) {
  state_->serve(std::move(connection));
}

std::size_t HttpServer::connections() const {
  return state_->connections.size();
}

}  // namespace dora::transport

// SPDX-License-Identifier: Apache-2.0
#include "transport/web_socket.hpp"

#include <algorithm>
#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include <boost/asio/io_context.hpp>
#include <gtest/gtest.h>
#include <sys/socket.h>

#include "transport/http_server.hpp"

namespace dora::transport {
namespace {

using namespace std::chrono_literals;

// A server and its clients on one loop, so that every test is one sequence of events.
class WebSocketTest : public testing::Test {
 protected:
  FileDescriptor connection() {
    int ends[2];
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends), 0);
    server_->serve(FileDescriptor(ends[0]));
    return FileDescriptor(ends[1]);
  }

  void serve(HttpServer::Options options = {}) {
    server_.emplace(
        loop_, FileDescriptor(),
        [](const HttpRequest&, const HttpServer::Reply& reply) { reply({.body = "plain"}); },
        options,
        [this](const HttpRequest& request, const HttpServer::Accept& accept,
               const HttpServer::Reply& reply) {
          if (request.target == "/refused") return reply({.status = 404, .body = "not here"});
          server_ends_.push_back(accept({.on_message =
                                             [this](WebSocket::Kind kind, std::string_view text) {
                                               server_ends_.back()->send(
                                                   kind, "echo " + std::string(text));
                                               if (text == "enough") server_ends_.back()->close();
                                             },
                                         .on_closed = [this](const Error&) { ++closed_; }}));
        });
  }

  std::shared_ptr<WebSocket> connect(const std::string& target = "/echo") {
    return WebSocket::connect(
        loop_, connection(), target,
        {.on_open = [this] { heard_.emplace_back("open"); },
         .on_message =
             [this](WebSocket::Kind kind, std::string_view text) {
               heard_.push_back((kind == WebSocket::Kind::Text ? "text " : "bytes ") +
                                std::string(text));
               if (on_message_) on_message_();
             },
         .on_refused =
             [this](const HttpResponse& answer) {
               heard_.push_back(std::to_string(answer.status) + " " + answer.body);
             },
         .on_closed = [this](const Error& why) { heard_.push_back(why.message); }},
        {});
  }

  // Not until nothing is left to do: the time a handshake may take is waited for, too.
  void run_until(const std::function<bool()>& is_done) {
    while (!is_done() && loop_.run_one() > 0) {
    }
    EXPECT_TRUE(is_done());
  }

  boost::asio::io_context loop_;
  std::optional<HttpServer> server_;
  std::vector<std::shared_ptr<WebSocket>> server_ends_;
  std::vector<std::string> heard_;
  std::function<void()> on_message_;
  int closed_ = 0;
};

TEST_F(WebSocketTest, CarriesMessagesBothWays) {
  serve();
  const auto client = connect();
  client->send(WebSocket::Kind::Text, "early");
  client->send(WebSocket::Kind::Bytes, std::string("\0\xff", 2));
  client->send(WebSocket::Kind::Text, "enough");
  loop_.run();
  EXPECT_EQ(heard_, (std::vector<std::string>{
                        "open", "text echo early", "bytes echo " + std::string("\0\xff", 2),
                        "text echo enough", "the other end has closed the connection"}));
  EXPECT_EQ(server_->connections(), 0U);
}

TEST_F(WebSocketTest, TellsTheServerThatTheClientWent) {
  serve();
  auto client = connect();
  client->send(WebSocket::Kind::Text, "hello");
  on_message_ = [&] { client.reset(); };
  run_until([&] { return closed_ == 1; });
}

TEST_F(WebSocketTest, MayBeRefused) {
  serve();
  const auto client = connect("/refused");
  run_until([&] { return !heard_.empty(); });
  EXPECT_EQ(heard_, std::vector<std::string>{"404 not here"});
}

TEST_F(WebSocketTest, OneMoreThanTheLimitIsRefused) {
  serve({.max_web_sockets = 1});
  const auto first = connect();
  first->send(WebSocket::Kind::Text, "hello");
  std::shared_ptr<WebSocket> second;
  on_message_ = [&] {
    if (second) return;
    second = connect();
    second->send(WebSocket::Kind::Text, "too many");
  };
  const auto is_refusal = [](const std::string& text) { return text.starts_with("409 "); };
  run_until([&] { return std::ranges::any_of(heard_, is_refusal); });
  EXPECT_EQ(server_ends_.size(), 1U);
}

TEST_F(WebSocketTest, OneThatIsNotHeardOfMakesRoomForAnother) {
  serve({.max_web_sockets = 2, .web_socket_silence = 60ms});
  // It reads nothing, so that it answers no ping, either.
  const FileDescriptor silent = connection();
  const std::string request =
      "GET /silent HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
      "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
  ASSERT_GT(::send(silent.get(), request.data(), request.size(), 0), 0);
  run_until([&] { return server_ends_.size() == 1; });
  const auto living = connect();
  run_until([&] { return server_ends_.size() == 2; });
  // The one that says nothing by itself, but answers, is heard of all the time.
  run_until([&] { return server_ends_[0]->silence() >= 90ms; });
  EXPECT_LT(server_ends_[1]->silence(), server_ends_[0]->silence());
  const auto third = connect();
  run_until([&] { return server_ends_.size() == 3; });
  EXPECT_EQ(closed_, 1);
  EXPECT_EQ(heard_, std::vector<std::string>(heard_.size(), "open"));
}

TEST_F(WebSocketTest, GoodbyeToOneThatReadsNothingEnds) {
  int ends[2];
  ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends), 0);
  const FileDescriptor silent(ends[0]);
  auto socket = WebSocket::accept(loop_, FileDescriptor(ends[1]), {"GET", "/", ""},
                                  "dGhlIHNhbXBsZSBub25jZQ==", {}, {.goodbye_timeout = 50ms});
  EXPECT_TRUE(socket->send(WebSocket::Kind::Text, std::string(3 << 20, 'x')));
  socket->close();
  socket.reset();
  loop_.run();
  // Nothing is left to do; the other end is told by the end of the stream.
  char chunk[1 << 16];
  ssize_t count = 0;
  while ((count = ::recv(silent.get(), chunk, sizeof chunk, 0)) > 0) {
  }
  EXPECT_EQ(count, 0);
}

TEST_F(WebSocketTest, ARequestMayStillBeAPlainOne) {
  serve();
  const FileDescriptor client = connection();
  const std::string request = "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
  ASSERT_EQ(::send(client.get(), request.data(), request.size(), 0),
            static_cast<ssize_t>(request.size()));
  loop_.run();
  char answer[1024];
  const auto length = ::recv(client.get(), answer, sizeof answer, 0);
  ASSERT_GT(length, 0);
  EXPECT_NE(std::string_view(answer, static_cast<std::size_t>(length)).find("plain"),
            std::string_view::npos);
}

TEST_F(WebSocketTest, RefusesMoreThanItMayKeep) {
  serve();
  int ends[2];
  ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends), 0);
  const FileDescriptor silent(ends[0]);
  const auto client =
      WebSocket::connect(loop_, FileDescriptor(ends[1]), "/", {}, {.max_pending_bytes = 100});
  EXPECT_TRUE(client->send(WebSocket::Kind::Text, std::string(80, 'x')));
  EXPECT_FALSE(client->send(WebSocket::Kind::Text, std::string(80, 'x')));
}

TEST_F(WebSocketTest, NonsenseInsteadOfFramesEndsTheConnection) {
  serve();
  const FileDescriptor client = connection();
  const std::string request =
      "GET /echo HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
      "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
  ASSERT_GT(::send(client.get(), request.data(), request.size(), 0), 0);
  while (server_ends_.empty())
    loop_.run_one();
  const std::string nonsense(64, '\xff');
  ASSERT_GT(::send(client.get(), nonsense.data(), nonsense.size(), 0), 0);
  ASSERT_EQ(::shutdown(client.get(), SHUT_WR), 0);
  run_until([&] { return closed_ == 1; });
}

}  // namespace
}  // namespace dora::transport

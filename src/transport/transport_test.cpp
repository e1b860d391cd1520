// SPDX-License-Identifier: Apache-2.0
#include <cstdlib>
#include <filesystem>
#include <future>
#include <optional>
#include <thread>
#include <vector>

#include <boost/asio/io_context.hpp>
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "transport/http_client.hpp"
#include "transport/http_server.hpp"
#include "transport/unix_socket.hpp"

namespace dora::transport {
namespace {

using namespace std::chrono_literals;

std::chrono::steady_clock::time_point soon() {
  return std::chrono::steady_clock::now() + 20s;
}

class Folder {
 public:
  Folder() {
    char name[] = "/tmp/dora-transport-XXXXXX";
    if (::mkdtemp(name) != nullptr) path_ = name;
  }
  ~Folder() { std::filesystem::remove_all(path_); }
  std::filesystem::path operator/(const char* name) const { return path_ / name; }

 private:
  std::filesystem::path path_;
};

// A server on its own thread; requests are answered with what was asked.
class EchoServer {
 public:
  explicit EchoServer(HttpServer::Options options = {}) {
    auto listener = listen_on_unix_socket(path());
    EXPECT_TRUE(listener) << listener.error().message;
    server_.emplace(
        loop_, std::move(*listener),
        [this](HttpRequest request, HttpServer::Reply reply) {
          if (request.target == "/later") {
            later_ = std::move(reply);
            later_arrived_.set_value();
            return;
          }
          if (request.target == "/release" && later_) later_({.body = "at last"});
          reply({.body = fmt::format("{} {} {}", request.method, request.target, request.body)});
        },
        options);
    thread_ = std::thread([this] { loop_.run(); });
  }
  ~EchoServer() {
    loop_.stop();
    thread_.join();
  }
  std::filesystem::path path() const { return folder_ / "control.sock"; }

  Result<HttpResponse> ask(HttpRequest request) const {
    return send_request(path(), request, soon());
  }

  void wait_for_later() { later_arrived_.get_future().wait(); }

  // Sends raw bytes and returns all that comes back until the server closes.
  std::string send_raw(std::string_view bytes, bool end = true) const {
    auto socket = connect_to_unix_socket(path());
    EXPECT_TRUE(socket);
    while (!bytes.empty()) {
      const ssize_t sent = ::send(socket->get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent > 0) {
        bytes.remove_prefix(static_cast<std::size_t>(sent));
      } else if (errno == EAGAIN) {
        pollfd waited{socket->get(), POLLOUT, 0};
        ::poll(&waited, 1, -1);
      } else {
        break;
      }
    }
    if (end) ::shutdown(socket->get(), SHUT_WR);
    std::string all;
    for (;;) {
      pollfd waited{socket->get(), POLLIN, 0};
      ::poll(&waited, 1, -1);
      char chunk[4096];
      const ssize_t count = ::recv(socket->get(), chunk, sizeof(chunk), 0);
      if (count <= 0) return all;
      all.append(chunk, static_cast<std::size_t>(count));
    }
  }

 private:
  Folder folder_;
  boost::asio::io_context loop_;
  HttpServer::Reply later_;
  std::promise<void> later_arrived_;
  std::optional<HttpServer> server_;
  std::thread thread_;
};

TEST(UnixSocket, IsPrivateFromItsFirstMoment) {
  const Folder folder;
  const auto listener = listen_on_unix_socket(folder / "s");
  ASSERT_TRUE(listener);
  struct stat status{};
  ASSERT_EQ(::stat((folder / "s").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0600U);
}

TEST(UnixSocket, MayHaveALongPath) {
  const Folder folder;
  const auto deep = (folder / std::string(100, 'd').c_str()) / std::string(100, 'e');
  std::filesystem::create_directories(deep);
  const auto listener = listen_on_unix_socket(deep / "control.sock");
  ASSERT_TRUE(listener) << listener.error().message;
  const auto connection = connect_to_unix_socket(deep / "control.sock");
  ASSERT_TRUE(connection) << connection.error().message;
  EXPECT_EQ(peer_of(connection->get())->uid, ::geteuid());
}

TEST(UnixSocket, TellsAMissingOneFromADeadOne) {
  const Folder folder;
  EXPECT_EQ(connect_to_unix_socket(folder / "none").error().kind, ErrorKind::NotFound);
  {
    const auto listener = listen_on_unix_socket(folder / "dead");
  }
  EXPECT_EQ(connect_to_unix_socket(folder / "dead").error().kind, ErrorKind::Disconnected);
  EXPECT_EQ(listen_on_unix_socket(folder / "dead").error().kind, ErrorKind::Busy);
}

TEST(HttpServer, AnswersARequestWithItsBody) {
  const EchoServer server;
  const auto answer = server.ask({"POST", "/v1/x?y=z", "hello"});
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_EQ(answer->status, 200);
  EXPECT_EQ(answer->body, "POST /v1/x?y=z hello");
}

TEST(HttpServer, MayAnswerLater) {
  EchoServer server;
  std::string late;
  std::thread waiting([&] { late = server.ask({"GET", "/later", ""})->body; });
  server.wait_for_later();
  // While that one waits, others are served.
  EXPECT_TRUE(server.ask({"GET", "/", ""}));
  EXPECT_TRUE(server.ask({"GET", "/release", ""}));
  waiting.join();
  EXPECT_EQ(late, "at last");
}

TEST(HttpServer, KeepsAConnectionForSeveralRequests) {
  const EchoServer server;
  const std::string all = server.send_raw(
      "GET /1 HTTP/1.1\r\nHost: a\r\n\r\nGET /2 HTTP/1.1\r\nHost: a\r\n\r\n"
      "GET /3 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
      false);
  EXPECT_NE(all.find("GET /1 "), std::string::npos);
  EXPECT_NE(all.find("GET /3 "), std::string::npos);
  EXPECT_LT(all.find("GET /1 "), all.find("GET /2 "));
}

TEST(HttpServer, RefusesWhatIsNoRequest) {
  const EchoServer server;
  EXPECT_NE(server.send_raw("\x16\x03\x01 nonsense\r\n\r\n").find(" 400 "), std::string::npos);
  EXPECT_NE(server.send_raw(std::string(5000, '\0') + "\r\n\r\n").find(" 400 "), std::string::npos);
  EXPECT_EQ(server.send_raw("GET / HTT"), "");
  EXPECT_TRUE(server.ask({"GET", "/", ""}));
}

TEST(HttpServer, RefusesWhatIsTooLong) {
  const EchoServer server({.max_header_bytes = 1024, .max_body_bytes = 100});
  const std::string long_header = "GET / HTTP/1.1\r\nX: " + std::string(4000, 'x') + "\r\n\r\n";
  EXPECT_NE(server.send_raw(long_header).find(" 431 "), std::string::npos);
  const auto answer = server.ask({"POST", "/", std::string(101, 'x')});
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->status, 413);
}

TEST(HttpServer, ClosesAConnectionThatNeverAsks) {
  const EchoServer server({.request_timeout = 20ms});
  EXPECT_EQ(server.send_raw("", false), "");
  EXPECT_EQ(server.send_raw("GET / HTTP/1.1\r\n", false), "");
}

TEST(HttpServer, ServesOthersBesideManyIdleConnections) {
  const EchoServer server({.max_connections = 8});
  std::vector<FileDescriptor> idle;
  for (int i = 0; i < 100; ++i)
    idle.push_back(*connect_to_unix_socket(server.path()));
  const auto answer = server.ask({"GET", "/", ""});
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_EQ(answer->status, 200);
}

TEST(HttpServer, ForgetsAClientThatDoesNotWaitForItsAnswer) {
  EchoServer server({.max_connections = 1});
  {
    const auto gone = connect_to_unix_socket(server.path());
    ASSERT_TRUE(gone);
    ASSERT_TRUE(write_all(gone->get(), "GET /later HTTP/1.1\r\nHost: a\r\n\r\n"));
    server.wait_for_later();
  }
  // The only place is free again, although nothing was answered.
  EXPECT_TRUE(server.ask({"GET", "/", ""}));
}

TEST(HttpServer, AnswersAClientThatHasNothingMoreToSay) {
  EchoServer server;
  std::string answer;
  std::thread waiting([&] {
    answer = server.send_raw("GET /later HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
  });
  server.wait_for_later();
  EXPECT_TRUE(server.ask({"GET", "/release", ""}));
  waiting.join();
  EXPECT_NE(answer.find("at last"), std::string::npos);
}

TEST(HttpServer, LetsThoseFinishWhoAreAboutToAsk) {
  const EchoServer server({.max_connections = 2, .min_idle_time = 10'000ms});
  const auto first = connect_to_unix_socket(server.path());
  const auto second = connect_to_unix_socket(server.path());
  std::thread third([&] { EXPECT_TRUE(server.ask({"GET", "/3", ""})); });
  // The third waits for one of these, both of whom get their answers.
  for (const auto* each : {&first, &second}) {
    ASSERT_TRUE(
        write_all((*each)->get(), "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"));
    pollfd waited{(*each)->get(), POLLIN, 0};
    ASSERT_EQ(::poll(&waited, 1, -1), 1);
    char chunk[4096];
    const ssize_t count = ::recv((*each)->get(), chunk, sizeof chunk, 0);
    ASSERT_GT(count, 0);
    EXPECT_TRUE(
        std::string_view(chunk, static_cast<std::size_t>(count)).starts_with("HTTP/1.1 200"));
  }
  third.join();
}

TEST(HttpClient, GivesUpAtItsDeadline) {
  const Folder folder;
  const auto silent = listen_on_unix_socket(folder / "s");
  const auto answer = send_request(folder / "s", {}, std::chrono::steady_clock::now() + 30ms);
  EXPECT_EQ(answer.error().kind, ErrorKind::TimedOut);
}

TEST(HttpClient, RefusesAnAnswerThatIsNotHttp) {
  const Folder folder;
  const auto listener = listen_on_unix_socket(folder / "s");
  for (const std::string_view bytes :
       {"SSH-2.0-x\r\n\r\n", "HTTP/1.1 abc\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 99999999999999\r\n\r\n"}) {
    std::thread peer([&] {
      pollfd waited{listener->get(), POLLIN, 0};
      ::poll(&waited, 1, -1);
      const FileDescriptor connection(::accept4(listener->get(), nullptr, nullptr, 0));
      char chunk[4096];
      EXPECT_GT(::recv(connection.get(), chunk, sizeof(chunk), 0), 0);
      EXPECT_TRUE(write_all(connection.get(), bytes));
    });
    const auto answer = send_request(folder / "s", {}, soon());
    peer.join();
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().kind, ErrorKind::InvalidInput) << bytes;
  }
}

}  // namespace
}  // namespace dora::transport

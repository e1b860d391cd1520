// SPDX-License-Identifier: Apache-2.0
#include "transport/http_client.hpp"

#include <algorithm>
#include <charconv>
#include <optional>
#include <string_view>
#include <thread>

#include <fmt/format.h>
#include <poll.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/file_descriptor.hpp"
#include "transport/unix_socket.hpp"

namespace dora::transport {
namespace {

using Deadline = std::chrono::steady_clock::time_point;
using namespace std::chrono_literals;

constexpr std::size_t max_answer_bytes = std::size_t{64} << 20;
constexpr std::string_view timed_out = "no answer in time";

Result<> wait_until_ready(int fd, short events, Deadline deadline) {
  for (;;) {
    const auto left =
        std::chrono::ceil<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
    if (left <= 0ms) return fail(ErrorKind::TimedOut, std::string(timed_out));
    pollfd waited{fd, events, 0};
    const int ready = ::poll(&waited, 1, static_cast<int>(std::min(left, 3'600'000ms).count()));
    if (ready > 0) return {};
    if (ready < 0 && errno != EINTR) return fail_errno("waiting for an answer");
  }
}

Result<> send_until(int fd, std::string_view bytes, Deadline deadline) {
  while (!bytes.empty()) {
    const ssize_t sent = ::send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent >= 0) {
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    } else if (errno == EAGAIN) {
      TRY(wait_until_ready(fd, POLLOUT, deadline));
    } else if (errno != EINTR) {
      return fail_errno("sending a request");
    }
  }
  return {};
}

struct Head {
  HttpResponse answer;
  std::optional<std::size_t> body_bytes;
};

std::string_view trimmed(std::string_view text) {
  const auto first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

Result<Head> parse_head(std::string_view text) {
  const auto malformed = [] {
    return fail(ErrorKind::InvalidInput, "the answer is not HTTP: is this a dora of this version?");
  };
  Head head;
  const auto end_of_line = text.find("\r\n");
  const std::string_view status_line = text.substr(0, end_of_line);
  if (!status_line.starts_with("HTTP/1.") || status_line.size() < 12) return malformed();
  const char* code = status_line.data() + 9;
  if (std::from_chars(code, code + 3, head.answer.status).ptr != code + 3) return malformed();
  for (auto at = end_of_line; at != std::string_view::npos && at + 2 < text.size();) {
    const auto next = text.find("\r\n", at + 2);
    const std::string_view line = text.substr(at + 2, next - at - 2);
    at = next;
    const auto colon = line.find(':');
    if (colon == std::string_view::npos) continue;
    const std::string name(line.substr(0, colon));
    const std::string_view value = trimmed(line.substr(colon + 1));
    if (strcasecmp(name.c_str(), "content-type") == 0) head.answer.content_type = value;
    if (strcasecmp(name.c_str(), "content-length") == 0) {
      std::size_t bytes = 0;
      const char* last = value.data() + value.size();
      if (std::from_chars(value.data(), last, bytes).ptr != last || bytes > max_answer_bytes)
        return malformed();
      head.body_bytes = bytes;
    }
  }
  return head;
}

Result<HttpResponse> receive_until(int fd, Deadline deadline) {
  std::string received;
  std::optional<Head> head;
  std::size_t body_at = 0;
  char chunk[16384];
  for (;;) {
    if (!head) {
      const auto end = received.find("\r\n\r\n");
      if (end != std::string::npos) {
        head = TRY(parse_head(std::string_view(received).substr(0, end + 2)));
        body_at = end + 4;
      }
    }
    if (head && head->body_bytes && received.size() - body_at >= *head->body_bytes) {
      head->answer.body = received.substr(body_at, *head->body_bytes);
      return std::move(head->answer);
    }
    const ssize_t count = ::recv(fd, chunk, sizeof(chunk), 0);
    if (count > 0) {
      received.append(chunk, static_cast<std::size_t>(count));
      if (received.size() > max_answer_bytes)
        return fail(ErrorKind::InvalidInput, "the answer is larger than 64 MiB");
    } else if (count == 0) {
      if (!head || head->body_bytes)
        return fail(ErrorKind::Disconnected, "the connection ended before the answer was complete");
      head->answer.body = received.substr(body_at);
      return std::move(head->answer);
    } else if (errno == EAGAIN) {
      TRY(wait_until_ready(fd, POLLIN, deadline));
    } else if (errno != EINTR) {
      return fail_errno("receiving an answer");
    }
  }
}

}  // namespace

// A full queue cannot be polled for: trying again is the only way.
Result<FileDescriptor> connect_until(const std::filesystem::path& socket, Deadline deadline) {
  for (;;) {
    auto connected = connect_to_unix_socket(socket);
    if (connected || connected.error().kind != ErrorKind::Busy) return connected;
    if (std::chrono::steady_clock::now() >= deadline)
      return fail(ErrorKind::TimedOut,
                  fmt::format("connecting to {}: {}", socket.string(), timed_out));
    std::this_thread::sleep_for(5ms);
  }
}

Result<HttpResponse> send_request(const std::filesystem::path& socket, const HttpRequest& request,
                                  Deadline deadline) {
  const FileDescriptor connection = TRY(connect_until(socket, deadline));
  const PeerIdentity server = TRY(peer_of(connection.get()));
  if (server.uid != ::geteuid() && server.uid != 0)
    return fail(ErrorKind::Failed,
                fmt::format("{} belongs to another user (uid {})", socket.string(), server.uid));
  const std::string head = fmt::format(
      "{} {} HTTP/1.1\r\nHost: dora\r\nConnection: close\r\nContent-Type: application/json\r\n"
      "Content-Length: {}\r\n\r\n",
      request.method, request.target, request.body.size());
  TRY(send_until(connection.get(), head + request.body, deadline));
  return receive_until(connection.get(), deadline);
}

}  // namespace dora::transport

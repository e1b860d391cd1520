// SPDX-License-Identifier: Apache-2.0
#include "cli/console_stream.hpp"

#include <algorithm>
#include <cerrno>
#include <string>
#include <utility>

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

namespace dora::cli {
namespace {

using boost::system::error_code;
using namespace std::chrono_literals;

// How to write without waiting, which depends on what is behind the descriptor. O_NONBLOCK must not
// be set on it: the shell and other programs share the open file.
enum class Way {
  Plainly,   // a regular file: never waits for a reader
  Reopened,  // pipe, terminal, device: an open file of our own that does not wait
  AsSocket,  // MSG_DONTWAIT
  Carefully  // not to be reopened (a terminal of another user): small pieces when poll says so
};

constexpr std::size_t careful_bytes = 512;
constexpr auto retry_interval = 10ms;

std::uint64_t count_lines(std::string_view text) {
  return static_cast<std::uint64_t>(std::ranges::count(text, '\n'));
}

}  // namespace

struct ConsoleStream::State : std::enable_shared_from_this<State> {
  State(boost::asio::io_context& loop, int the_fd, Options the_options)
      : retry(loop),
        watched(loop),
        fd(the_fd),
        options(the_options),
        is_unwanted(the_options.is_closed) {
    struct stat status{};
    if (::fstat(fd, &status) != 0 || S_ISREG(status.st_mode)) return;
    if (S_ISSOCK(status.st_mode)) {
      way = Way::AsSocket;
      return;
    }
    own = FileDescriptor(::open(fmt::format("/proc/self/fd/{}", fd).c_str(),
                                O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
    // A pipe without a reader cannot be opened; writing will say the same.
    way = own ? Way::Reopened : Way::Carefully;
  }

  ~State() {
    if (watched.is_open()) watched.release();  // `own` closes it
  }

  ssize_t write_some() const {
    const std::string_view text = std::string_view(pending).substr(written);
    switch (way) {
      case Way::Plainly:
        return ::write(fd, text.data(), text.size());
      case Way::Reopened:
        return ::write(own.get(), text.data(), text.size());
      case Way::AsSocket:
        return ::send(fd, text.data(), text.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
      case Way::Carefully:
        break;
    }
    pollfd waited{fd, POLLOUT, 0};
    if (::poll(&waited, 1, 0) == 0) {
      errno = EAGAIN;
      return -1;
    }
    return ::write(fd, text.data(), std::min(text.size(), careful_bytes));
  }

  // Returns whether everything was written or given up.
  bool write_pending() {
    while (written < pending.size()) {
      const ssize_t count = write_some();
      if (count >= 0) {
        written += static_cast<std::size_t>(count);
      } else if (errno == EAGAIN) {
        // Keep the buffer from growing at its front.
        if (written > pending.size() / 2) pending.erase(0, std::exchange(written, 0));
        return false;
      } else if (errno != EINTR) {
        (errno == EPIPE ? is_unwanted : is_broken) = true;
        give_up();
      }
    }
    pending.clear();
    written = 0;
    return true;
  }

  void give_up() {
    lost += count_lines(std::string_view(pending).substr(written));
    pending.clear();
    written = 0;
  }

  void write_and_retry() {
    if (write_pending()) {
      is_scheduled = false;
      return;
    }
    const auto try_again = [weak = weak_from_this()](error_code error) {
      if (const auto self = weak.lock(); self && !error) self->write_and_retry();
    };
    if (own && !watched.is_open()) {
      error_code unwatchable;
      watched.assign(own.get(), unwatchable);
    }
    if (watched.is_open()) {
      watched.async_wait(boost::asio::posix::stream_descriptor::wait_write, try_again);
    } else {
      // Watching a shared open file would make it non-blocking for everybody.
      retry.expires_after(retry_interval);
      retry.async_wait(try_again);
    }
  }

  boost::asio::steady_timer retry;
  boost::asio::posix::stream_descriptor watched;
  int fd;
  Options options;
  FileDescriptor own;
  Way way = Way::Plainly;
  std::string pending;
  std::size_t written = 0;
  std::uint64_t lost = 0;
  bool is_unwanted;
  bool is_broken = false;
  bool is_scheduled = false;
};

ConsoleStream::ConsoleStream(boost::asio::io_context& loop, int fd, Options options)
    : state_(std::make_shared<State>(loop, fd, options)) {}
ConsoleStream::~ConsoleStream() = default;
ConsoleStream::ConsoleStream(ConsoleStream&&) noexcept = default;
ConsoleStream& ConsoleStream::operator=(ConsoleStream&&) noexcept = default;

void ConsoleStream::write(std::string_view lines) {
  State& state = *state_;
  const std::size_t held = state.pending.size() - state.written;
  if (state.is_unwanted || state.is_broken ||
      held + lines.size() > state.options.max_pending_bytes) {
    state.lost += count_lines(lines);
    return;
  }
  state.pending += lines;
  if (std::exchange(state.is_scheduled, true)) return;
  boost::asio::post(state.retry.get_executor(), [weak = state.weak_from_this()] {
    if (const auto self = weak.lock()) self->write_and_retry();
  });
}

void ConsoleStream::finish(std::chrono::milliseconds patience) {
  State& state = *state_;
  auto last_progress = std::chrono::steady_clock::now();
  for (;;) {
    const std::size_t before = state.pending.size() - state.written;
    if (state.write_pending()) return;
    const auto now = std::chrono::steady_clock::now();
    if (state.pending.size() - state.written < before) last_progress = now;
    if (now - last_progress >= patience) return state.give_up();
    pollfd waited{state.own ? state.own.get() : state.fd, POLLOUT, 0};
    ::poll(&waited, 1, static_cast<int>(retry_interval / 1ms));
  }
}

std::uint64_t ConsoleStream::lost_lines() const {
  return state_->lost;
}
bool ConsoleStream::is_unwanted() const {
  return state_->is_unwanted;
}
bool ConsoleStream::is_broken() const {
  return state_->is_broken;
}

}  // namespace dora::cli

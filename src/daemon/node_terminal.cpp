// SPDX-License-Identifier: Apache-2.0
#include "daemon/node_terminal.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include <fcntl.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/file_descriptor.hpp"

namespace dora::daemon {
namespace {

using boost::system::error_code;

/// What somebody who comes to a debugger's question has to read: about a screen.
constexpr std::size_t most_recent = 8 << 10;
/// Typed ahead of a node that reads nothing.
constexpr std::size_t most_typed = 64 << 10;
constexpr std::array<std::string_view, 4> prompts = {"(Pdb) ", "(Pdb++) ", "ipdb> ", "(gdb) "};

}  // namespace

NodeTerminal::NodeTerminal(const boost::asio::any_io_executor& loop, int output, int errors)
    : keyboard_(loop), output_(output), errors_(errors) {
  // One of its own, as the owner waits on the other.
  const int copy = ::fcntl(output, F_DUPFD_CLOEXEC, 0);
  error_code ignored;
  if (copy >= 0) keyboard_.assign(copy, ignored);
}

std::vector<std::shared_ptr<TerminalViewer>> NodeTerminal::viewers() {
  std::vector<std::shared_ptr<TerminalViewer>> living;
  std::erase_if(viewers_, [&](const std::weak_ptr<TerminalViewer>& each) {
    if (auto viewer = each.lock()) living.push_back(std::move(viewer));
    return each.expired();
  });
  return living;
}

bool NodeTerminal::has_viewers() {
  return !viewers_.empty() && !viewers().empty();
}

void NodeTerminal::attach(const std::shared_ptr<TerminalViewer>& viewer) {
  if (!recent_.empty()) viewer->on_output(recent_);
  viewers_.push_back(viewer);
}

void NodeTerminal::show(std::string_view bytes) {
  was_asked_ = false;
  if (bytes.size() >= most_recent) {
    recent_ = bytes.substr(bytes.size() - most_recent);
  } else {
    // Cut seldom: a node may print much, and mostly nobody looks.
    if (recent_.size() + bytes.size() > 2 * most_recent)
      recent_.erase(0, recent_.size() - most_recent);
    recent_ += bytes;
  }
  if (viewers_.empty()) return;
  for (const auto& viewer : viewers())
    viewer->on_output(bytes);
}

void NodeTerminal::end(const std::string& why) {
  is_over_ = true;
  error_code ignored;
  keyboard_.close(ignored);
  for (const auto& viewer : viewers())
    viewer->on_ended(why);
  viewers_.clear();
}

void NodeTerminal::type(std::string_view bytes) {
  if (is_over_ || !keyboard_.is_open()) return;
  if (typed_.size() + bytes.size() > most_typed) {
    for (const auto& viewer : viewers())
      viewer->on_output("\a");
    return;
  }
  typed_ += bytes;
  if (!is_waiting_) write_typed();
}

void NodeTerminal::write_typed() {
  while (!typed_.empty()) {
    const auto count = retry_interrupted(
        [&] { return ::write(keyboard_.native_handle(), typed_.data(), typed_.size()); });
    if (count < 0 && errno == EAGAIN) break;
    if (count < 0) return typed_.clear();  // the node has closed its terminal
    typed_.erase(0, static_cast<std::size_t>(count));
  }
  if (typed_.empty()) return;
  is_waiting_ = true;
  keyboard_.async_wait(boost::asio::posix::stream_descriptor::wait_write,
                       [weak = weak_from_this()](error_code error) {
                         const auto self = weak.lock();
                         if (!self || error) return;
                         self->is_waiting_ = false;
                         self->write_typed();
                       });
}

void NodeTerminal::resize(WindowSize size) {
  if (is_over_ || size.columns == 0 || size.rows == 0) return;
  const winsize window{.ws_row = size.rows, .ws_col = size.columns, .ws_xpixel = 0, .ws_ypixel = 0};
  // The kernel tells the foreground processes (SIGWINCH) of the first one: it comes last.
  ::ioctl(errors_, TIOCSWINSZ, &window);
  ::ioctl(output_, TIOCSWINSZ, &window);
}

bool NodeTerminal::takes_question() {
  if (was_asked_ || has_viewers()) return false;
  was_asked_ = std::ranges::any_of(prompts, [&](auto prompt) { return recent_.ends_with(prompt); });
  return was_asked_;
}

}  // namespace dora::daemon

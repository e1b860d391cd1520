#pragma once
// SPDX-License-Identifier: Apache-2.0
// The terminal of a node's process, for whoever wants to sit at it: sees what it prints, types what
// it reads, has a window. Several may at once. Owned by the process of the node; with it, it ends.
// Nothing here waits: what the node does not read in time is refused with a beep, as terminals do.

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>

namespace dora::daemon {

/// Somebody who sits at a terminal, for as long as the object lives.
struct TerminalViewer {
  std::function<void(std::string_view bytes)> on_output;
  /// The last call: the process is gone. `why`: "exited with code 1".
  std::function<void(const std::string& why)> on_ended;
};

class NodeTerminal : public std::enable_shared_from_this<NodeTerminal> {
 public:
  struct WindowSize {
    std::uint16_t columns = 0;
    std::uint16_t rows = 0;
    bool operator==(const WindowSize&) const = default;
  };

  /// Our ends of the two pseudo-terminals of the process, which stay the caller's: what is typed
  /// goes to the first one, the window is that of both.
  NodeTerminal(const boost::asio::any_io_executor& loop, int output, int errors);

  /// Tells `viewer` what was printed last, then everything.
  void attach(const std::shared_ptr<TerminalViewer>& viewer);
  bool has_viewers();
  void type(std::string_view bytes);
  void resize(WindowSize size);

  /// The node printed `bytes`.
  void show(std::string_view bytes);
  /// It is gone: nothing is written any more.
  void end(const std::string& why);

  /// Whether a debugger has asked something and nobody is there who could answer. True once for
  /// each question.
  bool takes_question();

 private:
  void write_typed();
  std::vector<std::shared_ptr<TerminalViewer>> viewers();

  boost::asio::posix::stream_descriptor keyboard_;
  int output_;
  int errors_;
  std::vector<std::weak_ptr<TerminalViewer>> viewers_;
  std::string recent_;
  std::string typed_;
  bool is_waiting_ = false;
  bool is_over_ = false;
  bool was_asked_ = false;
};

}  // namespace dora::daemon

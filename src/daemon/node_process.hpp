#pragma once
// SPDX-License-Identifier: Apache-2.0
// The process of one incarnation of a node, with its control connection and what it prints, on the
// daemon's event loop. Reports what happens; decides nothing.
//
//   start ─► alive ─exit─► (output drained, group killed, reaped) ─► gone
//
// A process that could not be executed reports on_spawn_failed instead of on_exited.

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>

#include "base/result.hpp"
#include "daemon/failure_text.hpp"
#include "daemon/launcher.hpp"
#include "daemon/log_entry.hpp"
#include "daemon/node_link.hpp"
#include "daemon/node_terminal.hpp"
#include "message/node_to_daemon.hpp"

namespace dora::daemon {

class NodeProcess : public std::enable_shared_from_this<NodeProcess> {
 public:
  struct Events {
    std::function<void(LogEntry::Stream, std::string_view)> on_output;
    /// A debugger waits for somebody at its terminal, and nobody is there.
    std::function<void()> on_question;
    std::function<void(message::NodeToDaemon)> on_message;
    /// It sent what is no message.
    std::function<void(const Error&)> on_nonsense;
    std::function<void(const std::string&)> on_spawn_failed;
    std::function<void(const ExitStatus&)> on_exited;
  };

  static Result<std::shared_ptr<NodeProcess>> start(boost::asio::io_context& loop, Launch launch,
                                                    Events events);
  /// Kills the process group if it is still there; nothing is reported any more.
  ~NodeProcess();
  NodeProcess(const NodeProcess&) = delete;
  NodeProcess& operator=(const NodeProcess&) = delete;

  pid_t pid() const { return pid_; }
  void send(const ControlMessage& message) { link_->send(message); }
  /// To the process group.
  void signal(int number);
  /// Stops reporting.
  void forget();
  /// Nothing when it has none.
  const std::shared_ptr<NodeTerminal>& terminal() const { return terminal_; }

 private:
  using Descriptor = boost::asio::posix::stream_descriptor;
  NodeProcess(boost::asio::io_context& loop, Launch launch, Events events);
  void watch(LaunchedProcess process);
  void read_output(LogEntry::Stream stream);
  bool drain(LogEntry::Stream stream, int budget);
  void await_exec();
  void on_end();
  Descriptor& descriptor(LogEntry::Stream stream) {
    return stream == LogEntry::Stream::Stderr ? errors_ : output_;
  }

  Launch launch_;
  Events events_;
  pid_t pid_ = -1;
  bool is_reaped_ = false;
  bool is_forgotten_ = false;
  Descriptor pidfd_;
  Descriptor output_;
  Descriptor errors_;
  Descriptor exec_report_;
  std::shared_ptr<NodeLink> link_;
  std::shared_ptr<NodeTerminal> terminal_;
  /// We have killed it ourselves.
  bool is_killed_ = false;
  std::uint64_t out_of_memory_kills_ = 0;  ///< before it began
};

}  // namespace dora::daemon

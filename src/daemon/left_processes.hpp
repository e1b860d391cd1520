#pragma once
// SPDX-License-Identifier: Apache-2.0
// Processes that left a dataflow and live on: what they took before is lent to them until they end.
// The daemon did not start them and never kills them. Owned by a Run, on its event loop.

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <utility>
#include <vector>

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <sys/types.h>

#include "base/file_descriptor.hpp"
#include "daemon/run_state.hpp"

namespace dora::daemon {

/// One time that a process was a dynamic node.
struct Visit {
  NodeIndex node = 0;
  std::uint64_t number = 0;
};

class LeftProcesses {
 public:
  explicit LeftProcesses(boost::asio::io_context& loop) : loop_(loop) {}

  /// `visit` is over, its process lives. `pidfd` tells its end; without one it is taken to live as
  /// long as the dataflow.
  void add(pid_t pid, FileDescriptor pidfd, const Visit& visit);
  /// Forgets visits of which nothing is lent any more.
  void forget_if(const std::function<bool(const Visit&)>& is_forgettable);

  /// Told for each visit of a process that ended.
  std::function<void(const Visit&)> on_ended;

 private:
  struct Process {
    explicit Process(boost::asio::io_context& loop) : pidfd(loop) {}
    boost::asio::posix::stream_descriptor pidfd;
    std::vector<Visit> visits;
  };
  void watch(pid_t pid, const std::shared_ptr<Process>& process);

  boost::asio::io_context& loop_;
  std::map<pid_t, std::shared_ptr<Process>> processes_;
};

}  // namespace dora::daemon

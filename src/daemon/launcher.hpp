#pragma once
// SPDX-License-Identifier: Apache-2.0
// Starts the process of a node: own session and process group, terminals or pipes, a death signal,
// nothing of ours open but its control socket.

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include <sys/types.h>

#include "base/file_descriptor.hpp"
#include "base/result.hpp"
#include "daemon/program_lookup.hpp"

namespace dora::daemon {

/// The number under which a node finds its control socket.
inline constexpr int node_socket_fd = 3;

struct Launch {
  Command command;
  std::vector<std::string> environment;
  std::filesystem::path working_directory;
  std::vector<std::uint32_t> cpu_affinity;
  /// Pseudo-terminals: one is input, output and controlling terminal, a second one takes errors.
  /// Without: /dev/null as input, and two pipes.
  bool has_terminal = true;
  /// The node's end of its control connection.
  int control_socket = -1;
};

/// A process that was started, and our ends of what it has. All descriptors are non-blocking.
struct LaunchedProcess {
  pid_t pid = -1;
  FileDescriptor pidfd;
  /// Read what it prints; with a terminal `output` is also where its input is written.
  FileDescriptor output;
  FileDescriptor errors;
  /// Readable at the end of exec: closed when it worked; else it holds an ExecFailure.
  FileDescriptor exec_report;
};

/// Forks. What goes wrong in the child comes through `exec_report`. The child dies with the thread
/// that calls this. Fails when there are not enough processes or descriptors.
Result<LaunchedProcess> launch(const Launch& launch);

/// What `exec_report` holds: nothing while exec is under way or when it worked.
std::optional<std::string> read_exec_failure(int exec_report, const Launch& launch);

/// glibc 2.36 has these; the C library we promise to run on may be older.
FileDescriptor open_pidfd(pid_t pid);
bool signal_pidfd(int pidfd, int signal);

/// Lets this process open as many files as it may. Nodes get the old limit back.
void raise_file_limit();

}  // namespace dora::daemon

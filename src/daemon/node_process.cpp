// SPDX-License-Identifier: Apache-2.0
#include "daemon/node_process.hpp"

#include <csignal>
#include <utility>

#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/crash_point.hpp"
#include "daemon/memory_limit.hpp"

namespace dora::daemon {
namespace {

using boost::system::error_code;
using message::DatagramSocket;

/// Reads before others get their turn: 16 KiB of a terminal, which may be thousands of lines.
constexpr int reads_per_turn = 4;
/// How much of a dead node's output is still read: more than a terminal or a pipe can hold, so that
/// only a descendant that writes without end is cut off.
constexpr int last_reads = 64;

void close_quietly(boost::asio::posix::stream_descriptor& descriptor) {
  error_code ignored;
  descriptor.close(ignored);
}

}  // namespace

NodeProcess::NodeProcess(boost::asio::io_context& loop, Launch launch, Events events)
    : launch_(std::move(launch)),
      events_(std::move(events)),
      pidfd_(loop),
      output_(loop),
      errors_(loop),
      exec_report_(loop) {}

Result<std::shared_ptr<NodeProcess>> NodeProcess::start(boost::asio::io_context& loop,
                                                        Launch launch_plan, Events events) {
  auto [ours, theirs] = TRY(DatagramSocket::create_pair());
  launch_plan.control_socket = theirs.fd();
  std::shared_ptr<NodeProcess> process(
      new NodeProcess(loop, std::move(launch_plan), std::move(events)));
  process->out_of_memory_kills_ = out_of_memory_kills();
  auto launched = TRY(launch(process->launch_));
  process->link_ = NodeLink::create(loop, std::move(ours));
  process->watch(std::move(launched));
  crash_point("daemon.spawned");
  return process;
}

void NodeProcess::watch(LaunchedProcess process) {
  pid_ = process.pid;
  pidfd_.assign(process.pidfd.release());
  output_.assign(process.output.release());
  errors_.assign(process.errors.release());
  exec_report_.assign(process.exec_report.release());
  if (launch_.has_terminal) {
    terminal_ = std::make_shared<NodeTerminal>(output_.get_executor(), output_.native_handle(),
                                               errors_.native_handle());
  }
  pidfd_.async_wait(boost::asio::posix::descriptor_base::wait_read,
                    [weak = weak_from_this()](error_code error) {
                      const auto self = weak.lock();
                      if (self && !error) self->on_end();
                    });
  await_exec();
  read_output(LogEntry::Stream::Stdout);
  read_output(LogEntry::Stream::Stderr);
  // A closed connection says nothing that the end of the process does not say.
  link_->listen(
      {.on_message = events_.on_message, .on_nonsense = events_.on_nonsense, .on_closed = {}});
}

NodeProcess::~NodeProcess() {
  forget();
  if (pid_ > 0 && !is_reaped_) {
    ::kill(-pid_, SIGKILL);
    signal_pidfd(pidfd_.native_handle(), SIGKILL);
  }
}

void NodeProcess::forget() {
  is_forgotten_ = true;
  if (link_) link_->listen({});
}

void NodeProcess::await_exec() {
  exec_report_.async_wait(
      boost::asio::posix::descriptor_base::wait_read, [weak = weak_from_this()](error_code error) {
        const auto self = weak.lock();
        if (!self || error || self->is_reaped_) return;
        // Closed: exec worked. Otherwise the process is about to end, and on_end reads it.
        int waiting = 0;
        if (::ioctl(self->exec_report_.native_handle(), FIONREAD, &waiting) == 0 && waiting == 0)
          close_quietly(self->exec_report_);
      });
}

void NodeProcess::read_output(LogEntry::Stream stream) {
  descriptor(stream).async_wait(boost::asio::posix::descriptor_base::wait_read,
                                [weak = weak_from_this(), stream](error_code error) {
                                  const auto self = weak.lock();
                                  if (!self || error || self->is_reaped_) return;
                                  if (self->drain(stream, reads_per_turn))
                                    self->read_output(stream);
                                });
}

/// Reads what is there; false when there will never be more.
bool NodeProcess::drain(LogEntry::Stream stream, int budget) {
  auto& source = descriptor(stream);
  if (!source.is_open()) return false;
  char buffer[64 << 10];
  while (budget-- > 0) {
    const auto length =
        retry_interrupted([&] { return ::read(source.native_handle(), buffer, sizeof buffer); });
    if (length < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return true;
    if (length <= 0) {
      // A terminal says EIO when its last holder closed it.
      close_quietly(source);
      return false;
    }
    if (is_forgotten_) continue;
    const std::string_view bytes(buffer, static_cast<std::size_t>(length));
    if (terminal_) terminal_->show(bytes);
    events_.on_output(stream, bytes);
    if (terminal_ && terminal_->takes_question() && events_.on_question) events_.on_question();
  }
  return true;
}

void NodeProcess::signal(int number) {
  if (is_reaped_) return;
  is_killed_ = is_killed_ || number == SIGKILL;
  // The group as long as its leader is not reaped: its number cannot have been given away. A child
  // between fork and setsid has no group yet.
  if (::kill(-pid_, number) != 0) signal_pidfd(pidfd_.native_handle(), number);
}

void NodeProcess::on_end() {
  crash_point("daemon.saw-end");
  // Holders of its terminal in its own group go with it; then what it printed can be read to the
  // end.
  ::kill(-pid_, SIGKILL);
  siginfo_t info{};
  constexpr auto by_pidfd = static_cast<idtype_t>(3);  // P_PIDFD
  if (retry_interrupted([&] {
        return ::waitid(by_pidfd, static_cast<id_t>(pidfd_.native_handle()), &info, WEXITED);
      }) != 0) {
    info.si_code = CLD_KILLED;  // reaped by somebody else: cannot be, but must not hang the run
    info.si_status = SIGKILL;
  }
  drain(LogEntry::Stream::Stdout, last_reads);
  drain(LogEntry::Stream::Stderr, last_reads);
  link_->take_messages(last_reads);
  std::optional<std::string> exec_failure;
  if (exec_report_.is_open())
    exec_failure = read_exec_failure(exec_report_.native_handle(), launch_);
  is_reaped_ = true;
  ExitStatus status;
  if (info.si_code == CLD_EXITED) {
    status.code = info.si_status;
  } else {
    status.signal = info.si_status;
    status.dumped_core = info.si_code == CLD_DUMPED;
    // The kernel does not say whom it killed for that, but when.
    status.ran_out_of_memory =
        status.signal == SIGKILL && !is_killed_ && out_of_memory_kills() > out_of_memory_kills_;
  }
  if (terminal_) terminal_->end(exec_failure ? *exec_failure : describe(status));
  close_quietly(exec_report_);
  close_quietly(output_);
  close_quietly(errors_);
  close_quietly(pidfd_);
  link_->close();
  if (is_forgotten_) return;
  // The handlers may let go of this object.
  const auto self = shared_from_this();
  if (exec_failure) return events_.on_spawn_failed(*exec_failure);
  events_.on_exited(status);
}

}  // namespace dora::daemon

// SPDX-License-Identifier: Apache-2.0
#include "cli/daemon_session.hpp"

#include <csignal>
#include <utility>

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <fmt/format.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "daemon/host.hpp"
#include "daemon/process_tree.hpp"

namespace dora::cli {
namespace {

namespace asio = boost::asio;
using asio::posix::stream_descriptor;
using boost::system::error_code;
using namespace std::chrono_literals;

/// For the last answer to leave before its connection goes.
constexpr auto farewell = 100ms;

class DaemonSession {
 public:
  DaemonSession(DaemonOptions options, const Terminal& terminal, FrontLink front)
      : options_(std::move(options)),
        terminal_(terminal),
        signals_(loop_, front.signals.release()),
        front_death_(loop_, front.front_death.release()),
        end_(loop_),
        host_(loop_,
              {.kind = "daemon",
               .name = options_.instance,
               .allow_shell_nodes = options_.allows_shell_nodes,
               .store = options_.store},
              {.on_log = [this](const daemon::LogEntry& entry) { show(entry); },
               .on_changed = [](const std::string&) {},
               .on_stop_asked = {},
               .on_finished = [this](const daemon::RunResult&,
                                     const std::string&) { leave_when_idle(); },
               .on_shut_down = [this] { leave(); }}) {}

  int run() {
    if (const auto opened = host_.open(); !opened) {
      print_error(terminal_, opened.error().message);
      return exit_failed;
    }
    if (options_.ready) {
      (void)write_all(options_.ready.get(), "ready\n");
      options_.ready.close();
    }
    if (!terminal_.is_quiet)
      print_result(fmt::format("Listening on {}\n", host_.instance().control_socket().string()));
    wait_for_signal();
    wait_for_front();
    loop_.run();
    host_.close();
    return 0;
  }

 private:
  void show(const daemon::LogEntry& entry) {
    // What nodes say is in their files; what is said about them is news here.
    if (terminal_.is_quiet || entry.stream != daemon::LogEntry::Stream::None) return;
    print_result(fmt::format("{} {} {}{}{}\n", daemon::format_utc(entry.time_ns),
                             to_string(entry.level), entry.node, entry.node.empty() ? "" : ": ",
                             entry.message));
  }

  void wait_for_signal() {
    signals_.async_wait(stream_descriptor::wait_read, [this](error_code error) {
      if (error) return;
      signalfd_siginfo signal{};
      bool is_asked = false;
      while (::read(signals_.native_handle(), &signal, sizeof(signal)) == sizeof(signal))
        is_asked = is_asked || signal.ssi_signo != SIGHUP;
      if (is_asked) end();
      wait_for_signal();
    });
  }

  void end() {
    const bool is_second = std::exchange(is_ending_, true);
    host_.stop_all({.force = is_second});
    leave_when_idle();
  }

  void leave_when_idle() {
    if (is_ending_ && !host_.is_busy()) leave();
  }

  void leave() {
    end_.expires_after(farewell);
    end_.async_wait([this](error_code error) {
      if (!error) loop_.stop();
    });
  }

  void wait_for_front() {
    front_death_.async_wait(stream_descriptor::wait_read, [this](error_code error) {
      if (error) return;
      // Whoever killed the front wants no daemon any more, and nobody would end it.
      daemon::kill_descendants();
      host_.close();
      ::_exit(exit_failed);
    });
  }

  DaemonOptions options_;
  const Terminal& terminal_;
  asio::io_context loop_{1};
  stream_descriptor signals_;
  stream_descriptor front_death_;
  asio::steady_timer end_;
  bool is_ending_ = false;
  // Last: ends the nodes before what they are told about goes.
  daemon::Host host_;
};

}  // namespace

int run_daemon_session(DaemonOptions options, const Terminal& terminal, FrontLink front) {
  DaemonSession session(std::move(options), terminal, std::move(front));
  return session.run();
}

}  // namespace dora::cli

// SPDX-License-Identifier: Apache-2.0
#include "cli/run_session.hpp"

#include <algorithm>
#include <csignal>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <fmt/format.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/clock.hpp"
#include "cli/console_format.hpp"
#include "cli/console_stream.hpp"
#include "cli/duration.hpp"
#include "cli/run_report.hpp"
#include "daemon/host.hpp"
#include "daemon/process_tree.hpp"

namespace dora::cli {
namespace {

namespace asio = boost::asio;
using asio::posix::stream_descriptor;
using boost::system::error_code;
using daemon::RunResult;
using namespace std::chrono_literals;

// Until the kernel has ended what was sent SIGKILL.
constexpr auto kill_patience = 3s;
// A pager that shows its first page; a reader that never reads.
constexpr auto reader_patience = 5s;

std::vector<std::string> node_names(const daemon::RunPlan& plan) {
  std::vector<std::string> names;
  names.reserve(plan.nodes.size());
  for (const daemon::NodePlan& node : plan.nodes)
    names.push_back(node.id.text());
  return names;
}

class RunSession {
 public:
  RunSession(const RunOptions& options, const Terminal& terminal, FrontLink front,
             const daemon::RunPlan& plan)
      : options_(options),
        terminal_(terminal),
        front_pid_(front.front),
        hides_service_news_(terminal.is_stdout_terminal && !options.is_verbose &&
                            options.log_format == LogFormat::Pretty),
        formatter_({.format = options.log_format,
                    .is_terminal = terminal.is_stdout_terminal,
                    .is_colored = terminal.is_stdout_colored,
                    .nodes = node_names(plan)}),
        out_(loop_, STDOUT_FILENO, {.is_closed = terminal.is_stdout_closed}),
        err_(loop_, STDERR_FILENO, {}),
        signals_(loop_, front.signals.release()),
        front_death_(loop_, front.front_death.release()),
        stop_after_(loop_),
        kill_timer_(loop_),
        host_(loop_,
              {.kind = "run",
               .project = plan.working_directory.string(),
               .file = plan.file.string(),
               .allow_shell_nodes = options.allows_shell_nodes},
              {.on_log = [this](const daemon::LogEntry& entry) { show(entry); },
               .on_changed = [this](const std::string&) { on_changed(); },
               .on_stop_asked = [this](const std::string&) { on_stop_asked(); },
               .on_finished = [this](const RunResult& result,
                                     const std::string& next) { on_finished(result, next); },
               .on_shut_down = {}}) {}

  int run(daemon::RunPlan plan);

 private:
  void show(const daemon::LogEntry& entry);
  void tell(std::string_view sentence);
  void warn(std::string_view sentence);
  void wait_for_signal();
  void on_signal(const signalfd_siginfo& signal);
  void wait_for_front();
  void stop_later();
  void begin_stop(std::string_view why);
  void kill_all();
  void on_changed();
  void on_stop_asked();
  void on_finished(const RunResult& result, const std::string& next);
  void report(const RunResult& result);
  void leave(int code);

  const RunOptions& options_;
  const Terminal& terminal_;
  const pid_t front_pid_;
  const bool hides_service_news_;
  asio::io_context loop_{1};
  ConsoleFormatter formatter_;
  ConsoleStream out_;
  ConsoleStream err_;
  stream_descriptor signals_;
  stream_descriptor front_death_;
  asio::steady_timer stop_after_;
  asio::steady_timer kill_timer_;
  std::int64_t started_ns_ = monotonic_ns();
  std::int64_t stopped_ns_ = 0;  // 0: nobody asked yet
  bool is_started_ = false;
  bool is_killing_ = false;
  int exit_code_ = exit_failed;
  // Last: ends the nodes before what they are told about goes.
  daemon::Host host_;
};

int RunSession::run(daemon::RunPlan plan) {
  for (const std::string& warning : plan.warnings)
    warn(warning);
  // Without its directory the dataflow runs all the same; only other terminals do not see it.
  if (const auto opened = host_.open(); !opened)
    warn("other terminals cannot see this run: " + opened.error().message);
  wait_for_signal();
  wait_for_front();
  stop_later();
  if (const auto started = host_.start(std::move(plan)); !started) warn(started.error().message);
  loop_.run();
  host_.close();
  out_.finish(reader_patience);
  if (out_.lost_lines() > 0 && !out_.is_unwanted())
    warn(
        fmt::format("{} lines were not shown: {}; the log files have them all", out_.lost_lines(),
                    out_.is_broken() ? "stdout takes no more" : "stdout was not read fast enough"));
  err_.finish(reader_patience);
  return exit_code_;
}

void RunSession::show(const daemon::LogEntry& entry) {
  if (options_.hides_logs && !entry.node.empty()) return;
  if (!options_.log_filter.passes(entry.node, entry.level)) return;
  // At a terminal the nodes speak; that they come and go as expected is no news.
  if (entry.stream == daemon::LogEntry::Stream::None && hides_service_news_ &&
      entry.level > daemon::LogLevel::Warn)
    return;
  out_.write(formatter_.format(entry));
}

void RunSession::tell(std::string_view sentence) {
  if (!terminal_.is_quiet) err_.write(fmt::format("{}\n", sentence));
}

void RunSession::warn(std::string_view sentence) {
  const bool colored = terminal_.is_stderr_colored;
  tell(fmt::format("{}warning{}: {}", colored ? "\x1b[1;33m" : "", colored ? "\x1b[0m" : "",
                   sentence));
}

void RunSession::wait_for_signal() {
  signals_.async_wait(stream_descriptor::wait_read, [this](error_code error) {
    if (error) return;
    signalfd_siginfo signal{};
    while (::read(signals_.native_handle(), &signal, sizeof(signal)) == sizeof(signal))
      on_signal(signal);
    wait_for_signal();
  });
}

void RunSession::on_signal(const signalfd_siginfo& signal) {
  const bool is_interrupt = signal.ssi_signo == SIGINT;
  // Only the front counts Ctrl-C. A signal that was sent to every process named dora arrives here
  // twice, once directly: that is no second Ctrl-C.
  const bool is_from_front = static_cast<pid_t>(signal.ssi_pid) == front_pid_;
  if (stopped_ns_ != 0 && is_interrupt && is_from_front) return kill_all();
  if (stopped_ns_ != 0) return;
  // The terminal has printed ^C already.
  begin_stop(!is_interrupt                  ? "stopping…"
             : terminal_.is_stderr_terminal ? "\r^C stopping…"
                                            : "^C stopping…");
}

void RunSession::wait_for_front() {
  front_death_.async_wait(stream_descriptor::wait_read, [this](error_code error) {
    if (error) return;
    // Whoever killed the front wants no dataflow any more, and nobody would end it.
    daemon::kill_descendants();
    host_.close();
    ::_exit(exit_failed);
  });
}

// Called again once all nodes run, so that starting does not count; but nodes that never get ready
// are stopped as well.
void RunSession::stop_later() {
  if (!options_.stop_after) return;
  stop_after_.expires_after(*options_.stop_after);
  stop_after_.async_wait([this](error_code error) {
    if (!error) begin_stop("stopping…");
  });
}

void RunSession::begin_stop(std::string_view why) {
  if (stopped_ns_ != 0) return;
  stopped_ns_ = monotonic_ns();
  tell(why);
  host_.stop_all({.grace = options_.grace});
}

void RunSession::kill_all() {
  if (std::exchange(is_killing_, true)) return;
  tell(terminal_.is_stderr_terminal ? "\r^C killing all nodes…" : "^C killing all nodes…");
  exit_code_ = exit_interrupted;
  host_.stop_all({.grace = 0ms, .force = true});
  kill_timer_.expires_after(kill_patience);
  kill_timer_.async_wait([this](error_code error) {
    if (error) return;
    daemon::kill_descendants();
    loop_.stop();
  });
}

void RunSession::on_changed() {
  if (is_started_) return;
  const auto runs = host_.engine().list();
  if (runs.empty() || runs.front().status != daemon::RunStatus::Running) return;
  is_started_ = true;
  stop_later();
  if (!terminal_.is_stderr_terminal) return;
  std::vector<std::string> names;
  names.reserve(runs.front().nodes.size());
  for (const daemon::NodeInfo& node : runs.front().nodes)
    names.push_back(node.node);
  tell(fmt::format(" start   {}   {}", fmt::join(names, ", "),
                   format_duration(std::chrono::nanoseconds(monotonic_ns() - started_ns_))));
}

void RunSession::on_stop_asked() {
  if (stopped_ns_ != 0) return;
  stopped_ns_ = monotonic_ns();
  tell("stopping, as `dora stop` asks…");
}

void RunSession::on_finished(const RunResult& result, const std::string& next) {
  if (!is_killing_) exit_code_ = result.succeeded ? 0 : exit_failed;
  report(result);
  if (next.empty()) return loop_.stop();
  is_started_ = false;
  started_ns_ = monotonic_ns();
  tell(fmt::format("starting again as {}, as `dora restart` asks…", next));
}

void RunSession::report(const RunResult& result) {
  if (stopped_ns_ != 0 && !is_killing_) {
    const std::string ends = stop_summary(result, stopped_ns_);
    if (!ends.empty()) tell(ends);
  }
  // The lines of the nodes come before the verdict.
  out_.finish(reader_patience);
  if (!result.succeeded) {
    const bool colored = terminal_.is_stderr_colored;
    err_.write(fmt::format("\n{}Dataflow failed:{}\n\n{}\n", colored ? "\x1b[1;31m" : "",
                           colored ? "\x1b[0m" : "", daemon::failure_summary(result)));
  }
  tell(run_summary(result, exit_code_));
}

}  // namespace

int run_session(const RunOptions& options, const Terminal& terminal, daemon::RunPlan plan,
                FrontLink front) {
  RunSession session(options, terminal, std::move(front), plan);
  return session.run(std::move(plan));
}

}  // namespace dora::cli

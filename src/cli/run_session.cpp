// SPDX-License-Identifier: Apache-2.0
#include "cli/run_session.hpp"

#include <algorithm>
#include <csignal>
#include <functional>
#include <memory>
#include <optional>
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
#include "cli/attached_screen.hpp"
#include "cli/log_console.hpp"
#include "cli/run_report.hpp"
#include "cli/source_watch.hpp"
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
constexpr auto between_screens = 1s;
// Beyond --stop-after, for nodes that are still starting then.
constexpr std::chrono::seconds start_patience{5};

std::vector<std::string> node_names(const daemon::RunPlan& plan) {
  std::vector<std::string> names;
  names.reserve(plan.nodes.size());
  for (const daemon::NodePlan& node : plan.nodes)
    names.push_back(node.id.text());
  return names;
}

AttachedScreen::News news_of(const daemon::RunInfo& run) {
  const auto is_up = [](const daemon::NodeInfo& node) {
    return node.status == daemon::NodeStatus::Running ||
           node.status == daemon::NodeStatus::Degraded;
  };
  AttachedScreen::News news{
      .name = run.name,
      .file = run.file,
      .log_folders = run.log_folders,
      .state = to_string(run.status),
      .nodes_up = static_cast<std::size_t>(std::ranges::count_if(run.nodes, is_up)),
      .started_at_ns = run.started_at_ns,
      .edges = run.edges};
  for (const daemon::NodeInfo& node : run.nodes)
    news.nodes.push_back(node.node);
  return news;
}

class RunSession {
 public:
  RunSession(const RunOptions& options, const Terminal& terminal, FrontLink front,
             const daemon::RunPlan& plan)
      : options_(options),
        terminal_(terminal),
        front_pid_(front.front),
        console_(loop_, terminal,
                 {.format = options.log_format,
                  .filter = options.log_filter,
                  .hides_nodes = options.hides_logs,
                  .muted = options.muted,
                  .shown = options.shown,
                  .is_verbose = options.is_verbose,
                  .nodes = node_names(plan)}),
        signals_(loop_, front.signals.release()),
        front_death_(loop_, front.front_death.release()),
        stop_after_(loop_),
        kill_timer_(loop_),
        waiting_timer_(loop_),
        front_keys_(std::move(front.keys)),
        keys_(loop_),
        screen_timer_(loop_),
        host_(loop_,
              {.kind = "run",
               .project = plan.working_directory.string(),
               .file = plan.file.string(),
               .allow_shell_nodes = options.allows_shell_nodes},
              {.on_log = [this](const daemon::LogEntry& entry) { console_.show(entry); },
               .on_changed = [this](const std::string&) { on_changed(); },
               .on_stop_asked = [this](const std::string&) { on_stop_asked(); },
               .on_finished = [this](const RunResult& result,
                                     const std::string& next) { on_finished(result, next); },
               .on_shut_down = {}}) {}

  int run(daemon::RunPlan plan);

 private:
  void wait_for_signal();
  void on_signal(const signalfd_siginfo& signal);
  void wait_for_front();
  void stop_later();
  void begin_stop(std::string_view why);
  void tell_waiting_after(std::chrono::seconds pause,
                          std::optional<std::chrono::nanoseconds> grace);
  void kill_all();
  void on_changed();
  void stop_with_node();
  int code_of(const RunResult& result) const;
  void on_stop_asked();
  void on_finished(const RunResult& result, const std::string& next);
  void show_screen();
  void wait_for_keys();
  void restart(const std::string& node);
  void watch_sources(const daemon::RunPlan& plan);
  std::vector<NodeLine> node_lines() const;
  void report(const RunResult& result);
  void leave(int code);

  const RunOptions& options_;
  const Terminal& terminal_;
  const pid_t front_pid_;
  asio::io_context loop_{1};
  LogConsole console_;
  stream_descriptor signals_;
  stream_descriptor front_death_;
  asio::steady_timer stop_after_;
  asio::steady_timer kill_timer_;
  asio::steady_timer waiting_timer_;
  FileDescriptor front_keys_;
  stream_descriptor keys_;
  asio::steady_timer screen_timer_;
  std::optional<AttachedScreen> screen_;
  std::optional<SourceWatch> sources_;
  std::int64_t started_ns_ = monotonic_ns();
  std::int64_t stopped_ns_ = 0;  // 0: nobody asked yet
  bool is_started_ = false;
  bool has_ports_ = false;  // some node does; others need not be dora nodes at all
  bool is_killing_ = false;
  int exit_code_ = exit_failed;
  // Last: ends the nodes before what they are told about goes.
  daemon::Host host_;
};

int RunSession::run(daemon::RunPlan plan) {
  for (const std::string& warning : plan.warnings)
    console_.warn(warning);
  // Without its directory the dataflow runs all the same; only other terminals do not see it.
  if (const auto opened = host_.open(); !opened)
    console_.warn("other terminals cannot see this run: " + opened.error().message);
  wait_for_signal();
  wait_for_front();
  has_ports_ = std::ranges::any_of(plan.nodes, &daemon::NodePlan::has_ports);
  stop_later();
  if (front_keys_) {
    keys_.assign(front_keys_.release());
    screen_.emplace(console_, AttachedScreen::Commands{
                                  .quit = [this] { begin_stop("stopping…"); },
                                  .restart = [this](const std::string& node) { restart(node); },
                                  .nodes = [this] { return node_lines(); }});
    wait_for_keys();
    show_screen();
  }
  if (options_.watches) watch_sources(plan);
  if (const auto started = host_.start(std::move(plan)); !started)
    console_.warn(started.error().message);
  loop_.run();
  screen_.reset();
  sources_.reset();
  host_.close();
  console_.finish();
  return exit_code_;
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

// Called again once all nodes run, so that starting does not count, also where that takes long. But
// nodes that never get ready are stopped as well.
void RunSession::stop_later() {
  if (!options_.stop_after) return;
  const bool may_get_ready = has_ports_ && !is_started_;
  stop_after_.expires_after(*options_.stop_after + (may_get_ready ? start_patience : 0s));
  stop_after_.async_wait([this](error_code error) {
    if (!error) begin_stop("stopping…");
  });
}

void RunSession::begin_stop(std::string_view why) {
  if (stopped_ns_ != 0) return;
  stopped_ns_ = monotonic_ns();
  console_.tell(why);
  host_.stop_all({.grace = options_.grace});
  tell_waiting_after(before_waiting_is_told, options_.grace);
}

// Whoever stops something wants to know what keeps it.
void RunSession::tell_waiting_after(std::chrono::seconds pause,
                                    std::optional<std::chrono::nanoseconds> grace) {
  waiting_timer_.expires_after(pause);
  waiting_timer_.async_wait([this, grace](error_code error) {
    if (error || is_killing_) return;
    std::vector<std::string> living;
    for (const daemon::RunInfo& run : host_.engine().list()) {
      for (const daemon::NodeInfo& node : run.nodes)
        if (node.pid > 0) living.push_back(node.node);
    }
    if (living.empty()) return;
    console_.tell(
        waiting_text(living, grace, std::chrono::nanoseconds(monotonic_ns() - stopped_ns_)));
    tell_waiting_after(between_waiting_texts, grace);
  });
}

void RunSession::kill_all() {
  if (std::exchange(is_killing_, true)) return;
  console_.tell(terminal_.is_stderr_terminal ? "\r^C killing all nodes…" : "^C killing all nodes…");
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
  if (!options_.exit_code_from.empty()) stop_with_node();
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
  console_.tell(
      fmt::format(" start   {}   {}", fmt::join(names, ", "),
                  format_duration(std::chrono::nanoseconds(monotonic_ns() - started_ns_))));
}

// The others would go on without the one whose result is wanted.
void RunSession::stop_with_node() {
  if (stopped_ns_ != 0) return;
  for (const daemon::RunInfo& run : host_.engine().list()) {
    const auto node =
        std::ranges::find(run.nodes, options_.exit_code_from, &daemon::NodeInfo::node);
    if (node == run.nodes.end()) continue;
    if (node->status == daemon::NodeStatus::Stopped || node->status == daemon::NodeStatus::Failed)
      begin_stop(fmt::format("`{}` has ended: stopping…", node->node));
  }
}

int RunSession::code_of(const RunResult& result) const {
  const auto node =
      std::ranges::find(result.nodes, options_.exit_code_from, &daemon::NodeResult::node);
  if (node != result.nodes.end() && node->exit_code >= 0) return node->exit_code;
  return result.succeeded ? 0 : exit_failed;
}

void RunSession::on_stop_asked() {
  if (stopped_ns_ != 0) return;
  stopped_ns_ = monotonic_ns();
  console_.tell("stopping, as `dora stop` asks…");
  tell_waiting_after(before_waiting_is_told, std::nullopt);
}

void RunSession::on_finished(const RunResult& result, const std::string& next) {
  if (!is_killing_) exit_code_ = code_of(result);
  report(result);
  if (next.empty()) return loop_.stop();
  is_started_ = false;
  stopped_ns_ = 0;
  waiting_timer_.cancel();
  started_ns_ = monotonic_ns();
  console_.tell(fmt::format("starting again as {}, as `dora restart` asks…", next));
}

void RunSession::show_screen() {
  if (!screen_) return;
  for (const daemon::RunInfo& run : host_.engine().list())
    screen_->update(news_of(run));
  screen_timer_.expires_after(between_screens);
  screen_timer_.async_wait([this](error_code error) {
    if (!error) show_screen();
  });
}

void RunSession::wait_for_keys() {
  keys_.async_wait(stream_descriptor::wait_read, [this](error_code error) {
    if (error) return;
    char typed[256];
    const auto length = ::read(keys_.native_handle(), typed, sizeof typed);
    if (length == 0) return;
    if (length > 0 && screen_) screen_->press({typed, static_cast<std::size_t>(length)});
    wait_for_keys();
  });
}

void RunSession::restart(const std::string& node) {
  for (const daemon::RunInfo& run : host_.engine().list()) {
    const auto restarted = host_.restart_node(run.id, node, {.grace = node_restart_grace});
    console_.print(restarted ? restarting_text(node) : "  " + restarted.error().message);
  }
}

void RunSession::watch_sources(const daemon::RunPlan& plan) {
  auto watch = SourceWatch::start(loop_, plan, [this](const std::string& node) {
    if (stopped_ns_ != 0) return;
    for (const daemon::RunInfo& run : host_.engine().list()) {
      const auto restarted = host_.restart_node(run.id, node, {.grace = node_restart_grace});
      console_.tell(restarted
                        ? fmt::format("the program of `{}` was saved: starting it again", node)
                        : fmt::format("the program of `{}` was saved, but {}", node,
                                      restarted.error().message));
    }
  });
  if (!watch) return console_.warn("--watch: " + watch.error().message);
  sources_ = *std::move(watch);
}

std::vector<NodeLine> RunSession::node_lines() const {
  std::vector<NodeLine> lines;
  for (const daemon::DataflowStatus& dataflow : host_.dataflows(daemon::Usage::Measured)) {
    if (dataflow.is_over()) continue;
    for (const daemon::NodeInfo& node : dataflow.run.nodes) {
      lines.push_back({.id = node.node,
                       .status = to_string(node.status),
                       .pid = node.pid,
                       .restarts = node.restarts,
                       .cpu_percent = node.cpu_percent,
                       .memory_bytes = node.memory_bytes});
    }
  }
  return lines;
}

void RunSession::report(const RunResult& result) {
  if (stopped_ns_ != 0 && !is_killing_) {
    const std::string ends = stop_summary(result, stopped_ns_);
    if (!ends.empty()) console_.tell(ends);
  }
  console_.finish_lines();
  if (!result.succeeded) console_.report_failure("", daemon::failure_summary(result));
  console_.tell(run_summary(result, exit_code_));
}

}  // namespace

int run_session(const RunOptions& options, const Terminal& terminal, daemon::RunPlan plan,
                FrontLink front) {
  RunSession session(options, terminal, std::move(front), plan);
  return session.run(std::move(plan));
}

}  // namespace dora::cli

// SPDX-License-Identifier: Apache-2.0
#include "cli/start_session.hpp"

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <optional>
#include <thread>
#include <utility>

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/json.hpp>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/clock.hpp"
#include "cli/attached_screen.hpp"
#include "cli/control_request.hpp"
#include "cli/raw_keyboard.hpp"
#include "cli/run_report.hpp"
#include "daemon/watch_event.hpp"
#include "transport/http_client.hpp"
#include "transport/web_socket.hpp"

namespace dora::cli {
namespace {

namespace asio = boost::asio;
namespace json = boost::json;
using boost::system::error_code;
using daemon::WatchEvent;
using transport::WebSocket;
using namespace std::chrono_literals;

/// For a daemon to read the dataflow, which may include asking uv for every node.
constexpr auto reading_patience = 60s;
constexpr auto between_status_looks = 20ms;
constexpr auto between_screen_updates = 1s;
/// From the first Ctrl-C: grace, half of it, and for the kernel to end what was killed.
constexpr auto stopping_patience = 25s;
constexpr auto killing_patience = 10s;
/// What a stop that names none has.
constexpr std::chrono::seconds usual_grace{10};
/// A line of 1 MiB, every byte of it escaped.
constexpr std::size_t longest_event = std::size_t{16} << 20;

/// Until every process has been made, or none ever will be. Returns the exit code. Blocks.
Result<int> wait_until_spawned(const Instance& instance, const std::string& uuid) {
  const Deadline deadline = std::chrono::steady_clock::now() + reading_patience;
  for (;;) {
    const RunningDataflow now = TRY(ask_dataflow(instance, uuid, deadline));
    if (now.status == "Failed") return exit_failed;
    if (!now.is_running() || now.waiting_nodes.empty()) return 0;
    if (std::chrono::steady_clock::now() > deadline) {
      return fail(ErrorKind::TimedOut,
                  fmt::format("these nodes have not been started yet: {}; `dora stop {}` gives up",
                              fmt::join(now.waiting_nodes, ", "), uuid));
    }
    std::this_thread::sleep_for(between_status_looks);
  }
}

class StartSession {
 public:
  StartSession(StartWish wish, const Terminal& terminal)
      : wish_(std::move(wish)),
        terminal_(terminal),
        uuid_(wish_.request.uuid),
        console_(loop_, terminal, wish_.console),
        signals_(loop_),
        ending_(loop_),
        patience_(loop_),
        waiting_timer_(loop_),
        keys_(loop_),
        screen_timer_(loop_) {}

  Result<int> run() {
    TRY(check_protocol(wish_.instance, std::chrono::steady_clock::now() + reading_patience));
    auto connection =
        TRY(transport::connect_until(wish_.instance.socket, std::chrono::steady_clock::now() + 5s));
    // Before it is asked for, so that not one line is missed.
    socket_ = WebSocket::connect(
        loop_, std::move(connection),
        fmt::format("/v1/dataflows/{}/events?before_start=true", uuid_),
        {.on_open = [this] { ask(); },
         .on_message = [this](WebSocket::Kind, std::string_view text) { on_event(text); },
         .on_refused =
             [this](const transport::HttpResponse& answer) {
               end(fail(ErrorKind::Failed,
                        fmt::format("{}: {}", wish_.instance.description, answer.body)));
             },
         .on_closed = [this](const Error& why) { on_lost(why); }},
        {.max_message_bytes = longest_event});
    loop_.run();
    screen_.reset();
    keyboard_.reset();
    socket_.reset();
    console_.finish();
    return end_;
  }

 private:
  template <typename Question, typename Answer>
  void ask_aside(Question question, Answer answer) {
    asio::post(askers_, [this, question = std::move(question), answer = std::move(answer)] {
      asio::post(loop_, [answer, result = question()] { answer(result); });
    });
  }

  void ask() {
    if (wish_.is_attached) wait_for_signal();
    ask_aside(
        [this] {
          return ask_to_start(wish_.instance, wish_.request,
                              std::chrono::steady_clock::now() + reading_patience);
        },
        [this](const Result<daemon::StartedRun>& started) { on_started(started); });
  }

  void on_started(const Result<daemon::StartedRun>& started) {
    if (!started && started.error().kind == ErrorKind::InvalidInput) {
      console_.complain(started.error().message);
      return end(exit_invalid_dataflow);
    }
    if (!started) return end(std::unexpected(started.error()));
    is_started_ = true;
    started_ns_ = monotonic_ns();
    if (wish_.as_json) {
      const json::value answer = {{"uuid", started->uuid}, {"name", started->name}};
      print_result(json::serialize(answer) + "\n");
    } else {
      print_result(fmt::format("dataflow start triggered: {}\n", started->uuid));
    }
    if (!wish_.is_attached) {
      ask_aside([this] { return wait_until_spawned(wish_.instance, uuid_); },
                [this](const Result<int>& code) { on_spawned(code); });
    }
    if (wish_.has_screen) show_screen();
    for (WatchEvent& event : std::exchange(early_, {}))
      std::visit([this](const auto& what) { on(what); }, event);
  }

  void on_spawned(const Result<int>& code) {
    if (!code || *code == 0) return end(code);
    // It has failed: the stream, which is in order, says how.
    exit_code_ = *code;
  }

  void on_event(std::string_view text) {
    auto event = daemon::parse_watch_event(text);
    if (!event) return console_.warn("the dora in the background said: " + event.error().message);
    // The answer to the question comes another way, and is the first that is shown.
    if (!is_started_) return early_.push_back(*std::move(event));
    std::visit([this](const auto& what) { on(what); }, *event);
  }

  void on(const daemon::LogEntry& entry) { console_.show(entry); }
  void on(const daemon::LostLines& lost) { console_.count_lost(lost.count); }

  void on(daemon::RunStatus status) {
    if (!wish_.is_attached) return;
    if (status == daemon::RunStatus::Stopping && stopped_ns_ == 0) {
      stopped_ns_ = monotonic_ns();
      console_.tell("stopping, as another terminal asks…");
    }
    if (status == daemon::RunStatus::Running && terminal_.is_stderr_terminal) {
      console_.tell(
          fmt::format(" start   {}   {}", fmt::join(wish_.console.nodes, ", "),
                      format_duration(std::chrono::nanoseconds(monotonic_ns() - started_ns_))));
    }
  }

  void on(const daemon::RunFinished& finished) {
    const int own = finished.result.succeeded ? 0 : exit_failed;
    const int code = interrupts_ > 1 ? exit_interrupted : own;
    if (wish_.is_attached && stopped_ns_ != 0 && interrupts_ < 2) {
      const std::string ends = stop_summary(finished.result, stopped_ns_);
      if (!ends.empty()) console_.tell(ends);
    }
    if (!finished.result.succeeded) console_.report_failure(finished.result.id, finished.summary);
    if (wish_.is_attached) {
      console_.finish_lines();
      console_.tell(run_summary(finished.result, code));
    }
    if (finished.next.empty()) return end(code);
    uuid_ = finished.next;
    stopped_ns_ = 0;
    started_ns_ = monotonic_ns();
    console_.tell(fmt::format("starting again as {}, as `dora restart` asks…", uuid_));
  }

  void on_lost(const Error& why) {
    end(fail(ErrorKind::Disconnected,
             fmt::format("lost {}: {}; `dora list` tells whether [{}] still runs",
                         wish_.instance.description, why.message, uuid_)));
  }

  void wait_for_signal() {
    error_code ignored;
    if (interrupts_ == 0) signals_.add(SIGINT, ignored);
    signals_.async_wait([this](error_code error, int) {
      if (error) return;
      ++interrupts_;
      on_interrupt();
      wait_for_signal();
    });
  }

  // Where somebody sits, and only there: a program in the background that touches its terminal is
  // stopped.
  void show_screen() {
    if (::tcgetpgrp(STDIN_FILENO) != ::getpgrp()) return;
    keyboard_.emplace(STDIN_FILENO, RawKeyboard::Signals::AreSignals);
    error_code error;
    keys_.assign(::dup(STDIN_FILENO), error);
    screen_.emplace(console_, AttachedScreen::Commands{
                                  .quit =
                                      [this] {
                                        if (interrupts_++ == 0) on_interrupt();
                                      },
                                  .restart = [this](const std::string& node) { restart(node); },
                                  .nodes = [this] { return nodes_; }});
    for (const int signal : {SIGTERM, SIGHUP})
      ending_.add(signal, error);
    ending_.async_wait([this](error_code failed, int signal) {
      if (!failed) end(128 + signal);
    });
    if (keys_.is_open()) wait_for_keys();
    update_screen();
  }

  void wait_for_keys() {
    keys_.async_wait(asio::posix::stream_descriptor::wait_read, [this](error_code error) {
      char typed[256];
      const auto length = error ? 0 : ::read(STDIN_FILENO, typed, sizeof typed);
      if (length <= 0 || !screen_) return;
      screen_->press({typed, static_cast<std::size_t>(length)});
      wait_for_keys();
    });
  }

  void update_screen() {
    ask_aside(
        [this, uuid = uuid_] {
          return ask_dataflow(wish_.instance, uuid, std::chrono::steady_clock::now() + 2s,
                              daemon::Usage::Measured);
        },
        [this](const Result<RunningDataflow>& now) {
          // One that does not answer is told of where it matters.
          if (screen_ && now && now->is_running()) {
            const auto is_up = [](const NodeLine& node) {
              return node.status == "running" || node.status == "degraded";
            };
            AttachedScreen::News news{.name = now->name,
                                      .file = now->file,
                                      .log_folders = now->log_folders,
                                      .state = now->state,
                                      .nodes_up = static_cast<std::size_t>(
                                          std::ranges::count_if(now->node_details, is_up)),
                                      .started_at_ns = now->started_ns,
                                      .edges = now->edges};
            for (const NodeLine& node : now->node_details)
              news.nodes.push_back(node.id);
            nodes_ = now->node_details;
            screen_->update(news);
          }
          screen_timer_.expires_after(between_screen_updates);
          screen_timer_.async_wait([this](error_code error) {
            if (!error) update_screen();
          });
        });
  }

  void restart(const std::string& node) {
    ask_aside(
        [this, node, uuid = uuid_] {
          return cli::ask(
              wish_.instance,
              {"POST", path_of_node(uuid, node, "/restart"), stop_body(node_restart_grace, false)},
              std::chrono::steady_clock::now() + 5s);
        },
        [this, node](const Result<json::object>& restarted) {
          console_.print(restarted ? restarting_text(node) : "  " + restarted.error().message);
        });
  }

  void on_interrupt() {
    const bool is_forced = interrupts_ > 1;
    if (interrupts_ > 2) {
      console_.tell("not waiting any longer");
      console_.finish();
      // Whatever is asked for and not answered yet would keep us.
      std::_Exit(exit_interrupted);
    }
    // The terminal has printed ^C already.
    console_.tell(fmt::format("{}^C {}…", terminal_.is_stderr_terminal ? "\r" : "",
                              is_forced ? "killing all nodes" : "stopping"));
    if (stopped_ns_ == 0) stopped_ns_ = monotonic_ns();
    const auto patience = is_forced ? std::chrono::seconds(killing_patience) : stopping_patience;
    ask_aside(
        [this, is_forced, patience, uuid = uuid_] {
          return ask_to_stop({.instance = wish_.instance, .uuid = uuid}, {}, is_forced,
                             std::chrono::steady_clock::now() + patience);
        },
        [this](const Result<StopResult>& stopped) {
          // That it is over comes with the events.
          if (!stopped && stopped.error().kind != ErrorKind::NotFound)
            console_.warn(stopped.error().message);
        });
    if (!is_forced) tell_waiting_after(before_waiting_is_told);
    patience_.expires_after(patience);
    patience_.async_wait([this](error_code error) {
      if (error) return;
      end(fail(ErrorKind::TimedOut,
               fmt::format("{} has not ended: `dora list` tells what it waits for", uuid_)));
    });
  }

  // Whoever stops something wants to know what keeps it.
  void tell_waiting_after(std::chrono::seconds pause) {
    waiting_timer_.expires_after(pause);
    waiting_timer_.async_wait([this](error_code error) {
      if (error || interrupts_ > 1) return;
      ask_aside(
          [this, uuid = uuid_] {
            return ask_dataflow(wish_.instance, uuid, std::chrono::steady_clock::now() + 2s);
          },
          [this](const Result<RunningDataflow>& now) {
            if (interrupts_ > 1) return;
            if (!now) {
              // A busy dora may be late once.
              if (now.error().kind != ErrorKind::NotFound)
                tell_waiting_after(before_waiting_is_told);
              return;
            }
            if (now->running_nodes.empty()) return;
            console_.tell(waiting_text(now->running_nodes, usual_grace,
                                       std::chrono::nanoseconds(monotonic_ns() - stopped_ns_)));
            tell_waiting_after(between_waiting_texts);
          });
    });
  }

  void end(Result<int> result) {
    end_ = std::move(result);
    if (end_ && exit_code_ != 0 && *end_ == 0) end_ = exit_code_;
    loop_.stop();
  }

  const StartWish wish_;
  const Terminal& terminal_;
  std::string uuid_;
  asio::io_context loop_{1};
  LogConsole console_;
  asio::signal_set signals_;
  asio::signal_set ending_;
  asio::steady_timer patience_;
  asio::steady_timer waiting_timer_;
  asio::posix::stream_descriptor keys_;
  asio::steady_timer screen_timer_;
  std::optional<RawKeyboard> keyboard_;
  std::optional<AttachedScreen> screen_;
  std::vector<NodeLine> nodes_;  ///< as they were told last
  std::shared_ptr<WebSocket> socket_;
  std::vector<WatchEvent> early_;
  bool is_started_ = false;
  int interrupts_ = 0;
  std::int64_t started_ns_ = 0;
  std::int64_t stopped_ns_ = 0;  // 0: nobody asked yet
  int exit_code_ = 0;
  Result<int> end_ = exit_failed;
  // Last: what is asked here ends before what is told the answers.
  asio::thread_pool askers_{3};
};

}  // namespace

Result<int> start_and_watch(StartWish wish, const Terminal& terminal) {
  StartSession session(std::move(wish), terminal);
  return session.run();
}

}  // namespace dora::cli

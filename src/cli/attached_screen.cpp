// SPDX-License-Identifier: Apache-2.0
#include "cli/attached_screen.hpp"

#include <algorithm>
#include <array>

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/clock.hpp"
#include "cli/console_text.hpp"

namespace dora::cli {
namespace {

constexpr std::size_t longest_search = 200;
constexpr char escape = '\x1b';
constexpr char backspace = '\x7f';
constexpr char erase_line = '\x15';  // Ctrl-U

constexpr std::string_view help_on_keys =
    "  l      show less: everything, then info, warn, error, and everything again\n"
    "  /      show only lines with a text; Enter takes it, Esc shows all again\n"
    "  Enter  an empty line, to find a place again\n"
    "  q      stop, as Ctrl-C does\n"
    "  From another terminal: dora logs, dora list, dora attach NODE, dora stop";

std::size_t screen_columns() {
  winsize size{};
  return ::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
}

}  // namespace

bool AttachedScreen::is_wanted(const Terminal& terminal, LogFormat format, std::string_view term) {
  return terminal.is_stdout_terminal && !terminal.is_quiet && format == LogFormat::Pretty &&
         term != "dumb" && !term.empty() && ::isatty(STDIN_FILENO) == 1;
}

AttachedScreen::~AttachedScreen() {
  console_.set_status("");
}

void AttachedScreen::update(const News& news) {
  facts_.name = terminal_safe(news.name, false);
  facts_.state = news.state == "running" ? "" : news.state;
  facts_.nodes_up = news.nodes_up;
  facts_.nodes = news.nodes;
  facts_.rates = meter_.update(news.edges, std::chrono::steady_clock::now());
  facts_.dropped = 0;
  for (const daemon::EdgeTotals& edge : news.edges)
    facts_.dropped += edge.dropped();
  facts_.age = std::chrono::seconds(std::max<std::int64_t>(0, realtime_ns() - news.started_at_ns) /
                                    1'000'000'000);
  draw();
}

void AttachedScreen::draw() {
  // One column stays free: a terminal that has just filled its last one may begin a new line.
  const std::size_t room = screen_columns() - 1;
  console_.set_status(is_typing_ ? fmt::format("/{}", typed_) : status_text(facts_, room));
}

void AttachedScreen::press(std::string_view keys) {
  // An arrow or function key comes as one piece, and means nothing here.
  if (keys.size() > 1 && keys.front() == escape) return;
  for (const char key : keys)
    is_typing_ ? type(key) : press_one(key);
}

void AttachedScreen::press_one(char key) {
  switch (key) {
    case 'q':
      return on_quit_();
    case 'h':
    case '?':
      return console_.print(help_on_keys);
    case '\r':
    case '\n':
      return console_.print("");
    case 'l':
      return choose_level();
    case '/':
      is_typing_ = true;
      typed_.clear();
      return draw();
    case escape:
      console_.set_search("");
      facts_.filter.clear();
      return draw();
    default:
      return;
  }
}

void AttachedScreen::type(char key) {
  if (key == '\r' || key == '\n' || key == escape) {
    is_typing_ = false;
    if (key == escape) typed_.clear();
    console_.set_search(typed_);
    facts_.filter = typed_.empty() ? "" : fmt::format("/{}", terminal_safe(typed_, false));
  } else if (key == backspace || key == '\b') {
    // A whole character, of however many bytes.
    while (!typed_.empty() && (static_cast<unsigned char>(typed_.back()) & 0xc0) == 0x80)
      typed_.pop_back();
    if (!typed_.empty()) typed_.pop_back();
  } else if (key == erase_line) {
    typed_.clear();
  } else if (static_cast<unsigned char>(key) >= ' ' && typed_.size() < longest_search) {
    typed_ += key;
  }
  draw();
}

void AttachedScreen::choose_level() {
  constexpr std::array levels = {LogLevel::Stdout, LogLevel::Info, LogLevel::Warn, LogLevel::Error};
  const auto* now = std::ranges::find(levels, console_.level());
  const LogLevel next = now == levels.end() || now + 1 == levels.end() ? levels.front() : now[1];
  console_.set_level(next);
  console_.print(next == LogLevel::Stdout
                     ? "  showing everything"
                     : fmt::format("  showing {} and worse", daemon::to_string(next)));
}

}  // namespace dora::cli

// SPDX-License-Identifier: Apache-2.0
#include "cli/attached_screen.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/clock.hpp"
#include "cli/console_text.hpp"
#include "cli/screen_tables.hpp"

namespace dora::cli {
namespace {

constexpr std::size_t longest_typed = 200;
constexpr char escape = '\x1b';
constexpr char backspace = '\x7f';
constexpr char erase_line = '\x15';  // Ctrl-U

constexpr std::string_view help_on_keys =
    "  w      a page with the picture of the dataflow, for the browser\n"
    "  t      what each node takes of the machine, and the rate of every output\n"
    "  r      end the life of a node and begin another one; type its name, Enter\n"
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
  news_ = news;
  facts_.name = terminal_safe(news.name, false);
  facts_.state = news.state == "running" ? "" : news.state;
  facts_.nodes_up = news.nodes_up;
  facts_.nodes = news.nodes.size();
  facts_.rates = meter_.update(news.edges, std::chrono::steady_clock::now());
  facts_.dropped = 0;
  for (const daemon::EdgeTotals& edge : news.edges)
    facts_.dropped += edge.dropped() - edge.unread();
  facts_.age = std::chrono::seconds(std::max<std::int64_t>(0, realtime_ns() - news.started_at_ns) /
                                    1'000'000'000);
  draw();
}

void AttachedScreen::draw() {
  facts_.filter = console_.shows_everything()
                      ? ""
                      : fmt::format("level {}", daemon::to_string(console_.level()));
  if (!search_.empty())
    facts_.filter += (facts_.filter.empty() ? "/" : " /") + terminal_safe(search_, false);
  // One column stays free: a terminal that has just filled its last one may begin a new line.
  const std::size_t room = screen_columns() - 1;
  switch (typing_) {
    case Typing::Nothing:
      return console_.set_status(status_text(facts_, room));
    case Typing::Search:
      return console_.set_status(fmt::format("/{}", typed_));
    case Typing::NodeToRestart:
      return console_.set_status(fmt::format("restart which node? {}", typed_));
  }
}

void AttachedScreen::press(std::string_view keys) {
  // An arrow or function key comes as one piece, and means nothing here.
  if (keys.size() > 1 && keys.front() == escape) return;
  for (const char key : keys)
    typing_ == Typing::Nothing ? press_one(key) : type(key);
}

void AttachedScreen::press_one(char key) {
  switch (key) {
    case 'q':
      return commands_.quit();
    case 'w':
      return show_page();
    case 't':
      return show_top();
    case 'r':
      return begin_typing(Typing::NodeToRestart);
    case 'h':
    case '?':
      return console_.print(help_on_keys);
    case '\r':
    case '\n':
      return console_.print("");
    case 'l':
      return choose_level();
    case '/':
      return begin_typing(Typing::Search);
    case escape:
      return set_search("");
    default:
      return;
  }
}

void AttachedScreen::begin_typing(Typing what) {
  typing_ = what;
  typed_.clear();
  draw();
}

void AttachedScreen::type(char key) {
  if (key == '\r' || key == '\n') return take_typed();
  if (key == escape) {
    if (std::exchange(typing_, Typing::Nothing) == Typing::Search) set_search("");
  } else if (key == backspace || key == '\b') {
    // A whole character, of however many bytes.
    while (!typed_.empty() && (static_cast<unsigned char>(typed_.back()) & 0xc0) == 0x80)
      typed_.pop_back();
    if (!typed_.empty()) typed_.pop_back();
  } else if (key == erase_line) {
    typed_.clear();
  } else if (static_cast<unsigned char>(key) >= ' ' && typed_.size() < longest_typed) {
    typed_ += key;
  }
  draw();
}

void AttachedScreen::take_typed() {
  const Typing what = std::exchange(typing_, Typing::Nothing);
  if (what == Typing::Search) return set_search(typed_);
  restart(typed_);
  draw();
}

void AttachedScreen::set_search(const std::string& text) {
  search_ = text;
  console_.set_search(text);
  draw();
}

// By its name, or as much of it as no other node begins with; nothing: the only one.
void AttachedScreen::restart(const std::string& typed) {
  std::vector<std::string> meant;
  for (const std::string& node : news_.nodes) {
    if (node == typed) meant = {node};
    if (node == typed) break;
    if (node.starts_with(typed)) meant.push_back(node);
  }
  if (meant.size() == 1) return commands_.restart(meant.front());
  const std::string names = fmt::format("{}", fmt::join(news_.nodes, ", "));
  if (typed.empty()) return console_.print("  nothing was restarted; the nodes: " + names);
  console_.print(fmt::format("  {} node begins with `{}`: {}",
                             meant.empty() ? "no" : "more than one", terminal_safe(typed, false),
                             meant.empty() ? names : fmt::format("{}", fmt::join(meant, ", "))));
}

void AttachedScreen::show_top() {
  console_.print(top_table(commands_.nodes(), facts_.rates, news_.edges));
}

void AttachedScreen::show_page() {
  const auto page = write_graph_page(news_.file, news_.log_folders);
  console_.print(page ? fmt::format("  web    {}", *page) : "  no page: " + page.error().message);
}

void AttachedScreen::choose_level() {
  constexpr std::array levels = {LogLevel::Stdout, LogLevel::Info, LogLevel::Warn, LogLevel::Error};
  const auto* now =
      console_.shows_everything() ? levels.begin() : std::ranges::find(levels, console_.level());
  const LogLevel next = now == levels.end() || now + 1 == levels.end() ? levels.front() : now[1];
  console_.set_level(next);
  console_.print(next == LogLevel::Stdout
                     ? "  showing everything"
                     : fmt::format("  showing {} and worse", daemon::to_string(next)));
  draw();
}

}  // namespace dora::cli

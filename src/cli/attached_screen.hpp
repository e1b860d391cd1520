#pragma once
// SPDX-License-Identifier: Apache-2.0
// What somebody at a terminal has of a dataflow besides its lines: the status line at the bottom,
// and keys that choose what is shown. On the event loop's thread; whoever owns it brings the news
// and the keys.

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "cli/control_client.hpp"
#include "cli/log_console.hpp"
#include "cli/status_line.hpp"

namespace dora::cli {

/// What a node has to end in when it is restarted, as for `dora node restart`.
inline constexpr std::chrono::seconds node_restart_grace{5};
inline std::string restarting_text(const std::string& node) {
  return "  restarting " + node;
}

class AttachedScreen {
 public:
  /// What keys ask for.
  struct Commands {
    std::function<void()> quit;
    std::function<void(const std::string& node)> restart;
    /// What each node takes of the machine.
    std::function<std::vector<NodeLine>()> nodes;
  };
  struct News {
    std::string name;
    std::string file{};  ///< the YAML
    std::vector<std::string> log_folders{};
    std::string state;  ///< as the control interface calls it: "running", ...
    std::size_t nodes_up = 0;
    std::vector<std::string> nodes{};
    std::int64_t started_at_ns = 0;  ///< since the Unix epoch
    std::vector<daemon::EdgeTotals> edges{};
  };

  /// Whether there is a terminal for it on both sides: keys come from standard input.
  static bool is_wanted(const Terminal& terminal, LogFormat format, std::string_view term);

  /// `console` must outlive the object.
  AttachedScreen(LogConsole& console, Commands commands)
      : console_(console), commands_(std::move(commands)) {}
  ~AttachedScreen();
  AttachedScreen(const AttachedScreen&) = delete;
  AttachedScreen& operator=(const AttachedScreen&) = delete;

  /// To be called about once a second.
  void update(const News& news);
  /// What was typed.
  void press(std::string_view keys);

 private:
  /// What is being typed in the place of the status line.
  enum class Typing { Nothing, Search, NodeToRestart };

  void press_one(char key);
  void type(char key);
  void begin_typing(Typing what);
  void take_typed();
  void set_search(const std::string& text);
  void restart(const std::string& typed);
  void choose_level();
  void show_top();
  void show_page();
  void draw();

  LogConsole& console_;
  Commands commands_;
  News news_;
  RateMeter meter_;
  StatusFacts facts_;
  std::string search_;
  std::string typed_;
  Typing typing_ = Typing::Nothing;
};

}  // namespace dora::cli

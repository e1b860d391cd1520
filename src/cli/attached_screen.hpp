#pragma once
// SPDX-License-Identifier: Apache-2.0
// What somebody at a terminal has of a dataflow besides its lines: the status line at the bottom,
// and keys that choose what is shown. On the event loop's thread; whoever owns it brings the news
// and the keys.

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "cli/log_console.hpp"
#include "cli/status_line.hpp"

namespace dora::cli {

class AttachedScreen {
 public:
  struct News {
    std::string name;
    std::string state;  ///< as the control interface calls it: "running", ...
    std::size_t nodes_up = 0;
    std::size_t nodes = 0;
    std::int64_t started_at_ns = 0;  ///< since the Unix epoch
    std::vector<daemon::EdgeTotals> edges{};
  };

  /// Whether there is a terminal for it on both sides: keys come from standard input.
  static bool is_wanted(const Terminal& terminal, LogFormat format, std::string_view term);

  /// `console` must outlive the object; `on_quit`: the key for a stop was pressed.
  AttachedScreen(LogConsole& console, std::function<void()> on_quit)
      : console_(console), on_quit_(std::move(on_quit)) {}
  ~AttachedScreen();
  AttachedScreen(const AttachedScreen&) = delete;
  AttachedScreen& operator=(const AttachedScreen&) = delete;

  /// To be called about once a second.
  void update(const News& news);
  /// What was typed.
  void press(std::string_view keys);

 private:
  void press_one(char key);
  void type(char key);
  void choose_level();
  void draw();

  LogConsole& console_;
  std::function<void()> on_quit_;
  RateMeter meter_;
  StatusFacts facts_;
  std::string typed_;
  bool is_typing_ = false;
};

}  // namespace dora::cli

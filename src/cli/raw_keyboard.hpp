#pragma once
// SPDX-License-Identifier: Apache-2.0
// A terminal that hands over every key as it is typed, Ctrl-C and Ctrl-Z included, and prints none
// of them. As it was before when this object goes.

#include <termios.h>

namespace dora::cli {

class RawKeyboard {
 public:
  /// Which keys still do what they usually do.
  enum class Signals { AreKeys, AreSignals };

  /// Does nothing when `fd` is no terminal. Lines are still printed as lines.
  RawKeyboard(int fd, Signals signals);
  ~RawKeyboard();
  RawKeyboard(const RawKeyboard&) = delete;
  RawKeyboard& operator=(const RawKeyboard&) = delete;

  bool is_active() const { return is_active_; }
  /// As it was before, at once; also in a process that was forked since. Never waits.
  void restore() const;

 private:
  int fd_;
  bool is_active_ = false;
  termios before_{};
};

}  // namespace dora::cli

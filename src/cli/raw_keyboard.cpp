// SPDX-License-Identifier: Apache-2.0
#include "cli/raw_keyboard.hpp"

#include <unistd.h>

namespace dora::cli {

RawKeyboard::RawKeyboard(int fd, Signals signals) : fd_(fd) {
  if (::tcgetattr(fd_, &before_) != 0) return;
  termios raw = before_;
  raw.c_iflag &= ~static_cast<tcflag_t>(BRKINT | ICRNL | IGNCR | INLCR | ISTRIP | IXON);
  raw.c_lflag &= ~static_cast<tcflag_t>(ECHO | ECHONL | ICANON | IEXTEN);
  if (signals == Signals::AreKeys) raw.c_lflag &= ~static_cast<tcflag_t>(ISIG);
  raw.c_cc[VMIN] = 1;
  raw.c_cc[VTIME] = 0;
  is_active_ = ::tcsetattr(fd_, TCSANOW, &raw) == 0;
}

RawKeyboard::~RawKeyboard() {
  restore();
}

void RawKeyboard::restore() const {
  if (is_active_) ::tcsetattr(fd_, TCSANOW, &before_);
}

}  // namespace dora::cli

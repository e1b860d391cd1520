// SPDX-License-Identifier: Apache-2.0
#include "build/stop_signal.hpp"

#include <cstdint>

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/check.hpp"

namespace dora::build {

StopSignal::StopSignal() : event_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  CHECK(event_);
}

void StopSignal::raise() noexcept {
  const std::uint64_t one = 1;
  (void)!::write(event_.get(), &one, sizeof one);
}

bool StopSignal::is_raised() const {
  pollfd watched{event_.get(), POLLIN, 0};
  return ::poll(&watched, 1, 0) > 0;
}

}  // namespace dora::build

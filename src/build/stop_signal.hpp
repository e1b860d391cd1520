#pragma once
// SPDX-License-Identifier: Apache-2.0
// Tells blocking work, in whatever thread, that it shall end. Raised once, for good.

#include "base/file_descriptor.hpp"

namespace dora::build {

class StopSignal {
 public:
  StopSignal();

  /// From any thread.
  void raise() noexcept;
  bool is_raised() const;
  /// Readable once it is raised.
  int fd() const { return event_.get(); }

 private:
  FileDescriptor event_;
};

}  // namespace dora::build

#pragma once
// SPDX-License-Identifier: Apache-2.0
// Tells when something is taken away from a directory, or the directory itself: by a cleaner of
// /tmp, or a careless `rm -rf`. Costs nothing while nothing happens. On its owner's event loop.

#include <filesystem>
#include <functional>
#include <memory>

#include <boost/asio/io_context.hpp>

namespace dora::daemon {

class DirectoryWatch {
 public:
  /// Where the kernel has no watch left to give, nothing is ever told.
  DirectoryWatch(boost::asio::io_context& loop, const std::filesystem::path& directory,
                 std::function<void()> on_taken);
  ~DirectoryWatch();
  DirectoryWatch(const DirectoryWatch&) = delete;
  DirectoryWatch& operator=(const DirectoryWatch&) = delete;

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace dora::daemon

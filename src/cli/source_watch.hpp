#pragma once
// SPDX-License-Identifier: Apache-2.0
// Tells when the program of a node is saved, for `dora run --watch`. On its owner's event loop.

#include <filesystem>
#include <functional>
#include <memory>
#include <string>

#include <boost/asio/io_context.hpp>

#include "base/result.hpp"
#include "daemon/run_plan.hpp"

namespace dora::cli {

class SourceWatch {
 public:
  /// `on_saved` is told the name of the node, once for what an editor does in several steps.
  ///
  /// Fails where the kernel has no watch left to give.
  static Result<SourceWatch> start(boost::asio::io_context& loop, const daemon::RunPlan& plan,
                                   std::function<void(const std::string& node)> on_saved);
  ~SourceWatch();
  SourceWatch(SourceWatch&&) noexcept;
  SourceWatch& operator=(SourceWatch&&) noexcept;

 private:
  struct State;
  explicit SourceWatch(std::shared_ptr<State> state);
  std::shared_ptr<State> state_;
};

}  // namespace dora::cli

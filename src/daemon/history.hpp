#pragma once
// SPDX-License-Identifier: Apache-2.0
// What a dora in the background writes down of its dataflows, so that the next one can tell. The
// disk is waited for on a thread of its own; answers come on the event loop.

#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <boost/asio/io_context.hpp>
#include <boost/asio/thread_pool.hpp>

#include "base/result.hpp"
#include "daemon/control_target.hpp"
#include "store/run_store.hpp"

namespace dora::daemon {

/// Of dataflows that are over, so many are remembered.
inline constexpr std::size_t most_remembered = 200;

class History {
 public:
  using OnWritten = std::function<void(const Result<>&)>;

  /// `path` as RunStore::open(). Dataflows that ran when the last dora died are ended now. What
  /// cannot be written later is told to `on_trouble`.
  static Result<std::unique_ptr<History>> open(boost::asio::io_context& loop,
                                               const std::filesystem::path& path,
                                               std::function<void(const std::string&)> on_trouble);
  ~History();
  History(const History&) = delete;
  History& operator=(const History&) = delete;

  /// The dataflows of earlier doras that are over, the oldest first.
  std::vector<DataflowStatus> take_past() { return std::move(past_); }

  /// A dataflow is about to start. `on_written` comes when that is on the disk.
  void begin(const DataflowStatus& dataflow, OnWritten on_written);
  /// It is over. `on_written` comes when that is on the disk; that it could not be written has been
  /// told to `on_trouble`.
  void end(const DataflowStatus& dataflow, OnWritten on_written);
  void forget(const std::string& uuid, OnWritten on_written = {});
  void set_parameter(const std::string& uuid, const std::string& node, const std::string& key,
                     std::optional<std::string> value, OnWritten on_written);

 private:
  History(boost::asio::io_context& loop, store::RunStore opened,
          std::function<void(const std::string&)> on_trouble);
  void complain(const Result<>& written) const;
  void post(std::function<Result<>(store::RunStore&)> write, OnWritten on_written = {});

  boost::asio::io_context& loop_;
  store::RunStore store_;  ///< of the writer's thread
  std::function<void(const std::string&)> on_trouble_;
  std::vector<DataflowStatus> past_;
  /// Whether this object still lives, for what was posted to the loop.
  std::shared_ptr<bool> lives_ = std::make_shared<bool>(true);
  /// Last: waits for its thread before anything else goes.
  boost::asio::thread_pool writer_{1};
};

/// `~/.dora/<instance>.db`, in a folder that only its owner may enter.
Result<std::filesystem::path> store_path(const std::string& instance);

}  // namespace dora::daemon

// SPDX-License-Identifier: Apache-2.0
#include "daemon/history.hpp"

#include <algorithm>
#include <cstdlib>
#include <utility>

#include <boost/asio/post.hpp>
#include <fmt/format.h>
#include <sys/stat.h>

#include "base/clock.hpp"
#include "base/file_descriptor.hpp"

namespace dora::daemon {
namespace {

store::StoredRun to_stored(const DataflowStatus& dataflow) {
  store::StoredRun run;
  run.uuid = dataflow.run.id;
  run.name = dataflow.run.name;
  run.file = dataflow.run.file;
  run.log_folders = dataflow.run.log_folders;
  run.started_ns = dataflow.run.started_at_ns;
  run.ended_ns = dataflow.ended_at_ns;
  run.summary = dataflow.summary;
  if (dataflow.is_over()) {
    run.status = dataflow.run.status == RunStatus::Finished ? store::StoredRun::Status::Succeeded
                                                            : store::StoredRun::Status::Failed;
  }
  for (const NodeInfo& node : dataflow.run.nodes) {
    run.nodes.push_back({.node = node.node,
                         .failed = node.status == NodeStatus::Failed,
                         .restarts = node.restarts,
                         .cause = node.cause});
  }
  return run;
}

DataflowStatus to_status(store::StoredRun run, bool is_lost) {
  DataflowStatus status;
  status.run.id = std::move(run.uuid);
  status.run.name = std::move(run.name);
  status.run.file = std::move(run.file);
  status.run.log_folders = std::move(run.log_folders);
  status.run.started_at_ns = run.started_ns;
  status.run.status =
      run.status == store::StoredRun::Status::Succeeded ? RunStatus::Finished : RunStatus::Failed;
  status.ended_at_ns = run.ended_ns;
  status.summary = std::move(run.summary);
  status.is_lost = is_lost;
  for (store::StoredNode& node : run.nodes) {
    status.run.nodes.push_back({.node = std::move(node.node),
                                .status = node.failed ? NodeStatus::Failed : NodeStatus::Stopped,
                                .restarts = static_cast<std::uint32_t>(node.restarts),
                                .cause = std::move(node.cause)});
  }
  return status;
}

}  // namespace

Result<std::unique_ptr<History>> History::open(boost::asio::io_context& loop,
                                               const std::filesystem::path& path,
                                               std::function<void(const std::string&)> on_trouble) {
  auto opened = TRY(store::RunStore::open(path));
  const auto lost = TRY(opened.end_lost(
      realtime_ns(),
      "the dora daemon that ran it died without a word (killed, or the machine went down), and its "
      "nodes with it"));
  TRY(opened.prune(most_remembered));
  auto runs = TRY(opened.runs(most_remembered));
  std::unique_ptr<History> history(new History(loop, std::move(opened), std::move(on_trouble)));
  for (store::StoredRun& run : runs) {
    const bool is_lost = std::ranges::find(lost, run.uuid, &store::StoredRun::uuid) != lost.end();
    history->past_.push_back(to_status(std::move(run), is_lost));
  }
  return history;
}

History::History(boost::asio::io_context& loop, store::RunStore opened,
                 std::function<void(const std::string&)> on_trouble)
    : loop_(loop), store_(std::move(opened)), on_trouble_(std::move(on_trouble)) {}

History::~History() {
  *lives_ = false;
  writer_.join();
}

void History::complain(const Result<>& written) const {
  if (written) return;
  on_trouble_("the store could not be written, so the next `dora up` will not know of this: " +
              written.error().message);
}

void History::post(std::function<Result<>(store::RunStore&)> write, OnWritten on_written) {
  boost::asio::post(writer_, [this, lives = lives_, write = std::move(write),
                              on_written = std::move(on_written)]() mutable {
    Result<> written = write(store_);
    if (written && !on_written) return;
    boost::asio::post(
        loop_, [this, lives, written = std::move(written), on_written = std::move(on_written)] {
          if (!*lives) return;
          on_written ? on_written(written) : complain(written);
        });
  });
}

void History::begin(const DataflowStatus& dataflow, OnWritten on_written) {
  post([run = to_stored(dataflow)](store::RunStore& store) { return store.write(run); },
       std::move(on_written));
}

void History::end(const DataflowStatus& dataflow, OnWritten on_written) {
  post(
      [run = to_stored(dataflow)](store::RunStore& store) -> Result<> {
        TRY(store.write(run));
        return store.prune(most_remembered);
      },
      [this, on_written = std::move(on_written)](const Result<>& written) {
        complain(written);
        on_written(written);
      });
}

void History::forget(const std::string& uuid, OnWritten on_written) {
  post([uuid](store::RunStore& store) { return store.forget(uuid); }, std::move(on_written));
}

void History::set_parameter(const std::string& uuid, const std::string& node,
                            const std::string& key, std::optional<std::string> value,
                            OnWritten on_written) {
  post([uuid, node, key, value = std::move(value)](
           store::RunStore& store) { return store.set_parameter(uuid, node, key, value); },
       std::move(on_written));
}

Result<std::filesystem::path> store_path(const std::string& instance) {
  const char* home = std::getenv("HOME");
  if (home == nullptr || *home != '/')
    return fail(ErrorKind::Failed, "HOME is not set: dora keeps its store in ~/.dora");
  const std::filesystem::path folder = std::filesystem::path(home) / ".dora";
  if (::mkdir(folder.c_str(), 0700) != 0 && errno != EEXIST)
    return fail_errno("making " + folder.string());
  return folder / (instance + ".db");
}

}  // namespace dora::daemon

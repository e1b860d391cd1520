// SPDX-License-Identifier: Apache-2.0
#include "cli/source_watch.hpp"

#include <chrono>
#include <cstring>
#include <map>
#include <set>
#include <utility>

#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <fmt/format.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "base/file_descriptor.hpp"

namespace dora::cli {
namespace {

namespace fs = std::filesystem;

/// An editor may write a file in several steps, and a formatter after it.
constexpr std::chrono::milliseconds after_saving{150};

/// The file that the program of a node is; nothing when it is none.
std::optional<fs::path> source_of(const daemon::NodePlan& node) {
  if (node.is_dynamic() || node.program.path.empty()) return std::nullopt;
  std::error_code error;
  // What links lead to is what is edited.
  fs::path file = fs::canonical(node.working_directory / node.program.path, error);
  if (error || !fs::is_regular_file(file, error)) return std::nullopt;
  return file;
}

}  // namespace

struct SourceWatch::State : std::enable_shared_from_this<State> {
  explicit State(boost::asio::io_context& loop) : events(loop), quiet(loop) {}

  void wait();
  void take(const inotify_event& event);
  void tell_later();

  boost::asio::posix::stream_descriptor events;
  boost::asio::steady_timer quiet;
  /// The nodes by file, for each watched folder.
  std::map<int, std::multimap<std::string, std::string>> files;
  std::set<std::string> saved;
  std::function<void(const std::string&)> on_saved;
};

void SourceWatch::State::wait() {
  events.async_wait(boost::asio::posix::descriptor_base::wait_read,
                    [weak = weak_from_this()](const boost::system::error_code& error) {
                      const auto self = weak.lock();
                      if (!self || error) return;
                      alignas(inotify_event) char buffer[4096];
                      for (;;) {
                        const auto length =
                            ::read(self->events.native_handle(), buffer, sizeof buffer);
                        if (length <= 0) break;
                        for (const char* at = buffer; at < buffer + length;) {
                          const auto& event = *reinterpret_cast<const inotify_event*>(at);
                          self->take(event);
                          at += sizeof(inotify_event) + event.len;
                        }
                      }
                      self->wait();
                    });
}

void SourceWatch::State::take(const inotify_event& event) {
  const auto folder = files.find(event.wd);
  if (folder == files.end() || event.len == 0) return;
  const auto [first, last] = folder->second.equal_range(event.name);
  for (auto each = first; each != last; ++each)
    saved.insert(each->second);
  if (first != last) tell_later();
}

void SourceWatch::State::tell_later() {
  quiet.expires_after(after_saving);
  quiet.async_wait([weak = weak_from_this()](const boost::system::error_code& error) {
    const auto self = weak.lock();
    if (!self || error) return;
    for (const std::string& node : std::exchange(self->saved, {}))
      self->on_saved(node);
  });
}

Result<SourceWatch> SourceWatch::start(boost::asio::io_context& loop, const daemon::RunPlan& plan,
                                       std::function<void(const std::string& node)> on_saved) {
  FileDescriptor events(::inotify_init1(IN_CLOEXEC | IN_NONBLOCK));
  if (!events) return fail_errno("watching the programs of nodes");
  auto state = std::make_shared<State>(loop);
  state->on_saved = std::move(on_saved);
  for (const daemon::NodePlan& node : plan.nodes) {
    const auto file = source_of(node);
    if (!file) continue;
    // The folder, as editors put a new file in the place of the old one.
    const int folder = ::inotify_add_watch(events.get(), file->parent_path().c_str(),
                                           IN_CLOSE_WRITE | IN_MOVED_TO | IN_ONLYDIR);
    if (folder < 0) return fail_errno("watching " + file->parent_path().string());
    state->files[folder].emplace(file->filename().string(), node.id.text());
  }
  state->events.assign(events.release());
  state->wait();
  return SourceWatch(std::move(state));
}

SourceWatch::SourceWatch(std::shared_ptr<State> state) : state_(std::move(state)) {}
SourceWatch::SourceWatch(SourceWatch&&) noexcept = default;
SourceWatch& SourceWatch::operator=(SourceWatch&&) noexcept = default;
SourceWatch::~SourceWatch() {
  if (!state_) return;
  boost::system::error_code ignored;
  state_->events.close(ignored);
  state_->quiet.cancel();
}

}  // namespace dora::cli

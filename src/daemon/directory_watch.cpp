// SPDX-License-Identifier: Apache-2.0
#include "daemon/directory_watch.hpp"

#include <utility>

#include <boost/asio/posix/stream_descriptor.hpp>
#include <sys/inotify.h>
#include <unistd.h>

#include "base/file_descriptor.hpp"

namespace dora::daemon {

struct DirectoryWatch::State : std::enable_shared_from_this<State> {
  State(boost::asio::io_context& loop, std::function<void()> taken)
      : events(loop), on_taken(std::move(taken)) {}

  void wait() {
    events.async_wait(boost::asio::posix::descriptor_base::wait_read,
                      [weak = weak_from_this()](const boost::system::error_code& error) {
                        const auto self = weak.lock();
                        if (!self || error) return;
                        // What exactly happened does not matter.
                        char buffer[4096];
                        while (::read(self->events.native_handle(), buffer, sizeof buffer) > 0) {
                        }
                        self->wait();
                        self->on_taken();
                      });
  }

  boost::asio::posix::stream_descriptor events;
  std::function<void()> on_taken;
};

DirectoryWatch::DirectoryWatch(boost::asio::io_context& loop,
                               const std::filesystem::path& directory,
                               std::function<void()> on_taken)
    : state_(std::make_shared<State>(loop, std::move(on_taken))) {
  FileDescriptor events(::inotify_init1(IN_CLOEXEC | IN_NONBLOCK));
  if (!events) return;
  constexpr std::uint32_t taken =
      IN_DELETE | IN_DELETE_SELF | IN_MOVED_FROM | IN_MOVE_SELF | IN_ONLYDIR | IN_DONT_FOLLOW;
  if (::inotify_add_watch(events.get(), directory.c_str(), taken) < 0) return;
  state_->events.assign(events.release());
  state_->wait();
}

DirectoryWatch::~DirectoryWatch() {
  boost::system::error_code ignored;
  if (state_->events.is_open()) state_->events.close(ignored);
}

}  // namespace dora::daemon

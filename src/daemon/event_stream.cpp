// SPDX-License-Identifier: Apache-2.0
#include "daemon/event_stream.hpp"

#include <utility>

#include "daemon/watch_event.hpp"

namespace dora::daemon {

EventStream::EventStream() {
  watcher_->on_log = [this](const LogEntry& entry) {
    // What is missing is told where it is missing.
    if (lost_ > 0 && send(to_text(LostLines{lost_}))) lost_ = 0;
    if (lost_ > 0 || !send(to_text(entry))) ++lost_;
  };
  watcher_->on_status = [this](RunStatus status) { send(to_text(status)); };
  watcher_->on_finished = [this](const RunResult& result, const std::string& next) {
    if (lost_ > 0) send(to_text(LostLines{std::exchange(lost_, 0)}));
    send(to_text(RunFinished{result, failure_summary(result), next}));
    if (!next.empty() || !socket_) return;
    // The connection keeps this object: it may be gone after the last line.
    const auto socket = std::move(socket_);
    socket->close();
  };
}

bool EventStream::send(std::string text) {
  return !socket_ || socket_->send(transport::WebSocket::Kind::Text, std::move(text));
}

}  // namespace dora::daemon

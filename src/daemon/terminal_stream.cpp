// SPDX-License-Identifier: Apache-2.0
#include "daemon/terminal_stream.hpp"

#include <utility>

#include <boost/json.hpp>

namespace dora::daemon {
namespace {

namespace json = boost::json;
using Kind = transport::WebSocket::Kind;

std::uint16_t size_at(const json::object& object, std::string_view key) {
  const json::value* value = object.if_contains(key);
  if (value == nullptr || !value->is_number()) return 0;
  boost::system::error_code error;
  const auto number = value->to_number<std::uint16_t>(error);
  return error ? std::uint16_t{0} : number;
}

}  // namespace

void TerminalStream::open(std::shared_ptr<transport::WebSocket> socket) {
  socket_ = std::move(socket);
  viewer_ = std::make_shared<TerminalViewer>();
  viewer_->on_output = [this](std::string_view bytes) { show(bytes); };
  viewer_->on_ended = [this](const std::string& why) { end(why); };
  if (const auto terminal = terminal_.lock()) terminal->attach(viewer_);
}

void TerminalStream::on_message(Kind kind, std::string_view message) {
  const auto terminal = terminal_.lock();
  if (!terminal) return;
  if (kind == Kind::Bytes) return terminal->type(message);
  boost::system::error_code error;
  const json::value parsed = json::parse(json::string_view(message.data(), message.size()), error);
  // What is no size changes none.
  if (error || !parsed.is_object()) return;
  terminal->resize({size_at(parsed.get_object(), "columns"), size_at(parsed.get_object(), "rows")});
}

void TerminalStream::show(std::string_view bytes) {
  if (!socket_) return;
  if (misses_output_ && !socket_->send(Kind::Bytes, "\r\n[some output is missing here]\r\n"))
    return;
  misses_output_ = !socket_->send(Kind::Bytes, std::string(bytes));
}

void TerminalStream::end(const std::string& why) {
  if (!socket_) return;
  (void)socket_->send(Kind::Text, json::serialize(json::object{{"ended", why}}));
  // The connection keeps this object: it may be gone after the last line.
  const auto socket = std::move(socket_);
  socket->close();
}

}  // namespace dora::daemon

// SPDX-License-Identifier: Apache-2.0
// Where a host is found: its directory and its sockets, as long as it serves.
#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "daemon/host.hpp"
#include "transport/unix_socket.hpp"

namespace dora::daemon {
namespace {

constexpr std::chrono::seconds between_renewals{5};

}  // namespace

Result<> Host::open() {
  if (options_.store) {
    history_ = TRY(History::open(loop_, *options_.store,
                                 [this](const std::string& text) { say(LogLevel::Warn, text); }));
    std::ranges::move(history_->take_past(), std::back_inserter(over_));
  }
  // Others that died may have left something behind.
  (void)list_instances();
  directory_.emplace(TRY(
      InstanceDirectory::create(options_.name, options_.kind, options_.project, options_.file)));
  if (auto listening = listen(); !listening) {
    directory_.reset();
    return listening;
  }
  return {};
}

Result<> Host::listen() {
  TRY(engine_.listen_for_nodes(directory_->instance().node_socket())
          .while_doing("listening for dynamic nodes"));
  auto listener = TRY(transport::listen_on_unix_socket(directory_->control_socket()));
  // Whoever is connected still gets the answer.
  if (server_) earlier_servers_.push_back(*std::exchange(server_, std::nullopt));
  server_.emplace(
      loop_, std::move(listener),
      [this](const transport::HttpRequest& request, transport::HttpServer::Reply reply) {
        control_.answer(request, std::move(reply));
      },
      transport::HttpServer::Options{},
      [this](const transport::HttpRequest& request, transport::HttpServer::Accept accept,
             transport::HttpServer::Reply reply) {
        control_.answer(request, std::move(reply), std::move(accept));
      });
  watch_.emplace(loop_, directory_->instance().directory, [this] { look_after_directory(); });
  // It may have gone before it was watched.
  if (!directory_->is_there()) look_later();
  return {};
}

void Host::look_later() {
  renewal_.expires_after(between_renewals);
  renewal_.async_wait([self = self_](const boost::system::error_code& error) {
    if (*self != nullptr && !error) (*self)->look_after_directory();
  });
}

void Host::look_after_directory() {
  if (!directory_ || directory_->is_there()) return;
  auto renewed = directory_->renew();
  if (renewed) renewed = listen();
  if (renewed) {
    is_missing_told_ = false;
    std::erase_if(earlier_servers_, [](const auto& each) { return each.connections() == 0; });
    return say(LogLevel::Warn,
               fmt::format("{} was removed while dora uses it, and has been made anew: what cleans "
                           "up there should leave it alone",
                           directory_->instance().directory.string()));
  }
  if (!std::exchange(is_missing_told_, true)) {
    say(LogLevel::Warn,
        fmt::format("{} was removed while dora uses it, and cannot be made anew yet ({}): other "
                    "terminals do not see what runs here",
                    directory_->instance().directory.string(), renewed.error().message));
  }
  look_later();
}

void Host::close() {
  renewal_.cancel();
  watch_.reset();
  server_.reset();
  earlier_servers_.clear();
  directory_.reset();
}

}  // namespace dora::daemon

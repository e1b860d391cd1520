#pragma once
// SPDX-License-Identifier: Apache-2.0
// The control interface of a running dora: turns HTTP requests into questions to it, and the
// answers into JSON. docs/control-api.md is its manual. Holds no connections and no state: the
// server is transport/http_server.hpp, the dataflows are behind ControlTarget.

#include <functional>
#include <string_view>
#include <vector>

#include "daemon/control_target.hpp"
#include "transport/http_server.hpp"

namespace dora::daemon {

/// Changes when a client of an older daemon would misunderstand it. History: 1 ping, list, stop.
inline constexpr int control_protocol = 1;

class ControlApi {
 public:
  using Reply = transport::HttpServer::Reply;
  using Accept = transport::HttpServer::Accept;

  /// `target` must outlive the object and every reply.
  explicit ControlApi(ControlTarget& target) : target_(target) {}

  /// Answers `request` through `reply`, at once or when what it asks for has happened. One that
  /// asks for a WebSocket comes with `accept`, which is called instead where there is one.
  void answer(const transport::HttpRequest& request, Reply reply, Accept accept = {}) const;

 private:
  /// The parts of the path where the pattern of its route has a `*`, decoded.
  using Names = std::vector<std::string>;
  struct Call {
    Names names;
    std::string_view query;  ///< behind the `?`
    std::string_view body;
    Reply reply;
    Accept accept;  ///< of a request for a WebSocket
  };
  struct Route {
    std::string_view method;
    std::string_view pattern;
    void (ControlApi::*handler)(Call&) const;
  };
  static const Route routes[];

  void ping(Call& call) const;
  void list(Call& call) const;
  void show(Call& call) const;
  void start(Call& call) const;
  void stop(Call& call) const;
  void restart(Call& call) const;
  void forget(Call& call) const;
  void list_nodes(Call& call) const;
  void show_node(Call& call) const;
  void stop_node(Call& call) const;
  void restart_node(Call& call) const;
  void add_node(Call& call) const;
  void remove_node(Call& call) const;
  void replace_node(Call& call) const;
  void connect(Call& call) const;
  void disconnect(Call& call) const;
  void list_parameters(Call& call) const;
  void show_parameter(Call& call) const;
  void set_parameter(Call& call) const;
  void delete_parameter(Call& call) const;
  void shut_down(Call& call) const;
  void watch(Call& call) const;
  void sit_down(Call& call) const;
  void show_surroundings(Call& call) const;

  /// The UUID of the dataflow that `name` means: one that runs before one that is over.
  Result<std::string> find(const std::string& name) const;
  /// Whether the call asks for a WebSocket; otherwise it is told so.
  static bool wants_web_socket(const Call& call);

  ControlTarget& target_;
};

/// The answer that tells `error`, with the HTTP status of its kind.
transport::HttpResponse error_response(const Error& error);

}  // namespace dora::daemon

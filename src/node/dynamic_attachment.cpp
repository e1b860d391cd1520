// SPDX-License-Identifier: Apache-2.0
#include "node/dynamic_attachment.hpp"

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <vector>

#include <fmt/format.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.hpp"
#include "base/spelling.hpp"
#include "message/daemon_to_node.hpp"
#include "message/node_to_daemon.hpp"
#include "transport/unix_socket.hpp"

namespace dora::node {
namespace {

namespace fs = std::filesystem;
using message::DatagramSocket;
using message::Place;

/// A daemon that is stopped or stuck is passed over.
constexpr std::int64_t patience_ns = 5'000'000'000;

bool is_own_directory(const fs::path& path) {
  struct stat status{};
  return ::lstat(path.c_str(), &status) == 0 && S_ISDIR(status.st_mode) &&
         status.st_uid == ::geteuid() && (status.st_mode & 077) == 0;
}

/// Where daemon/instance_directory.hpp puts them. The daemon may have had another environment than
/// we have: so all places are looked at.
std::vector<fs::path> node_sockets() {
  if (const char* socket = std::getenv("DORA_DAEMON_SOCKET"); socket != nullptr && *socket != '\0')
    return {socket};
  std::vector<fs::path> roots;
  const auto add = [&](const fs::path& root) {
    if (is_own_directory(root) && std::ranges::find(roots, root) == roots.end())
      roots.push_back(root);
  };
  if (const char* runtime = std::getenv("XDG_RUNTIME_DIR"); runtime != nullptr && *runtime == '/')
    add(fs::path(runtime) / "dora");
  add(fmt::format("/run/user/{}/dora", ::geteuid()));
  add(fmt::format("/tmp/dora-{}", ::geteuid()));
  std::vector<fs::path> sockets;
  for (const fs::path& root : roots) {
    std::error_code error;
    for (const auto& entry : fs::directory_iterator(root, error)) {
      const fs::path socket = entry.path() / "nodes.sock";
      if (is_own_directory(entry.path()) && fs::exists(socket, error)) sockets.push_back(socket);
    }
  }
  std::ranges::sort(sockets);
  return sockets;
}

/// What runs at the other end of a connection.
Result<std::vector<Place>> places_of(DatagramSocket& connection) {
  const std::int64_t deadline_ns = monotonic_ns() + patience_ns;
  TRY(connection.send(message::encode(message::ListPlaces{}), {}, DatagramSocket::Wait::Yes));
  std::vector<Place> places;
  for (;;) {
    const std::int64_t left_ns = deadline_ns - monotonic_ns();
    if (left_ns <= 0) return fail(ErrorKind::TimedOut, "the daemon does not answer");
    pollfd answer{.fd = connection.fd(), .events = POLLIN, .revents = 0};
    ::poll(&answer, 1, static_cast<int>(left_ns / 1'000'000) + 1);
    auto datagram = TRY(connection.receive(DatagramSocket::Wait::No));
    if (!datagram) continue;
    auto order = TRY(message::decode_daemon_to_node(datagram->text));
    auto* told = std::get_if<message::Places>(&order);
    if (told == nullptr) return fail(ErrorKind::InvalidInput, "the daemon answered nonsense");
    std::ranges::move(told->places, std::back_inserter(places));
    if (told->is_last) return places;
  }
}

std::string shown(const Place& place) {
  const std::string& name = place.dataflow_name.empty() ? place.dataflow_id : place.dataflow_name;
  return place.file.empty() ? name : fmt::format("{} ({})", name, place.file);
}

struct Found {
  DatagramSocket connection;
  Place place;
};

Error no_such_node(const NodeId& id, const std::vector<Place>& places, std::size_t daemons) {
  if (daemons == 0 || places.empty()) {
    return {ErrorKind::NotFound,
            fmt::format("cannot attach as node '{}': no dataflow is running; start the one that "
                        "has this node with `dora run dataflow.yml`",
                        id.text())};
  }
  std::vector<std::string> names;
  std::string known;
  for (const Place& place : places) {
    if (place.node == id) {
      return {ErrorKind::InvalidInput,
              fmt::format("cannot attach as node '{}': dataflow {} starts it itself; write `path: "
                          "dynamic` for a node that is started by hand",
                          id.text(), shown(place))};
    }
    if (!place.is_dynamic) continue;
    names.push_back(place.node.text());
    known += fmt::format("{}'{}' of dataflow {}", known.empty() ? "" : ", ", place.node.text(),
                         shown(place));
  }
  const auto similar = closest_match(id.text(), names);
  return {ErrorKind::NotFound,
          fmt::format("cannot attach as node '{}': no running dataflow has such a node{}; {}",
                      id.text(), similar ? fmt::format(" (did you mean '{}'?)", *similar) : "",
                      known.empty() ? "none of them has a node with `path: dynamic`"
                                    : "the dynamic nodes are " + known)};
}

}  // namespace

Result<DynamicPlace> find_dynamic_place(const NodeId& id) {
  std::vector<Found> found;
  std::vector<Place> all;
  std::size_t daemons = 0;
  const char* chosen = std::getenv("DORA_DATAFLOW");
  for (const fs::path& path : node_sockets()) {
    // What a dead daemon left behind refuses the connection.
    auto socket = transport::connect_to_unix_socket(path, transport::SocketKind::Datagrams);
    if (!socket) continue;
    DatagramSocket connection = DatagramSocket::adopt(*std::move(socket));
    auto places = places_of(connection);
    if (!places) continue;
    ++daemons;
    for (Place& place : *places) {
      const bool is_chosen = chosen == nullptr || *chosen == '\0' || place.dataflow_id == chosen ||
                             place.dataflow_name == chosen;
      if (!is_chosen) continue;
      if (place.node == id && place.is_dynamic) found.push_back({{}, place});
      all.push_back(std::move(place));
    }
    if (!found.empty() && !found.back().connection) found.back().connection = std::move(connection);
  }
  if (found.empty()) return std::unexpected(no_such_node(id, all, daemons));
  if (found.size() > 1) {
    std::string dataflows;
    for (const Found& each : found)
      dataflows += fmt::format("{}{}", dataflows.empty() ? "" : ", ", shown(each.place));
    return fail(ErrorKind::InvalidInput,
                fmt::format("cannot attach as node '{}': {} running dataflows have it: {}; choose "
                            "one with the environment variable DORA_DATAFLOW=<id or name>, or stop "
                            "the others",
                            id.text(), found.size(), dataflows));
  }
  return DynamicPlace{std::move(found.front().connection), found.front().place.dataflow_id};
}

}  // namespace dora::node

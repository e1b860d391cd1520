// SPDX-License-Identifier: Apache-2.0
// A node for the tests of the engine: speaks the control protocol, moves no messages, and does what
// its arguments say, one after the other:
//
//   attach            join, up to and including Start ("refused: <reason>" and exit 1 when refused)
//   wait              until Stop, or until every input is closed; prints what it is told
//   wait-restart ID   until NodeRestarted comes for ID
//   ignore-stop       until it is killed; SIGTERM is blocked
//   sleep             until a signal
//   print TEXT, error TEXT
//   close OUTPUT      CloseOutputs
//   detach            Detach
//   hide              start a process in a session of its own, whose parent dies; prints its pid
//   exit-first CODE   exit with CODE unless this is a restarted incarnation
//   exit CODE, signal NUMBER
//   environment NAME, descriptors, directory, terminal
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <optional>
#include <set>
#include <string>

#include <dirent.h>
#include <fmt/format.h>
#include <sys/wait.h>
#include <unistd.h>

#include "message/daemon_to_node.hpp"
#include "message/datagram_socket.hpp"
#include "message/node_config.hpp"
#include "message/node_to_daemon.hpp"

namespace {

using namespace dora;
using message::DatagramSocket;

struct FakeNode {
  DatagramSocket socket;
  message::Setup setup;
  std::set<std::string> open_inputs;

  message::DaemonToNode receive() {
    auto datagram = socket.receive(DatagramSocket::Wait::Yes);
    if (!datagram || !*datagram) std::exit(90);
    auto order = message::decode_daemon_to_node((*datagram)->text);
    if (!order) std::exit(91);
    if (const auto* refused = std::get_if<message::AttachRefused>(&*order)) {
      std::printf("refused: %s\n", refused->reason.c_str());
      std::exit(1);
    }
    return *std::move(order);
  }

  void send(const message::NodeToDaemon& order) {
    if (!socket.send(message::encode(order), {}, DatagramSocket::Wait::Yes)) std::exit(92);
  }

  void attach() {
    const char* text = std::getenv(message::node_config_variable);
    const auto config = message::decode_node_config(text == nullptr ? "" : text);
    if (!config) std::exit(93);
    socket = DatagramSocket(FileDescriptor(config->socket_fd));
    send(message::Attach{message::protocol_version, "test", ::getpid()});
    std::size_t outputs = 0;
    std::size_t inputs = 0;
    for (;;) {
      auto order = receive();
      if (auto* given = std::get_if<message::Setup>(&order)) setup = std::move(*given);
      outputs += std::holds_alternative<message::ConnectOutput>(order);
      inputs += std::holds_alternative<message::ConnectInput>(order);
      if (std::holds_alternative<message::SetupDone>(order)) break;
    }
    for (const auto& input : setup.inputs)
      open_inputs.insert(input.input.text());
    send(message::Ready{});
    while (!std::holds_alternative<message::Start>(receive())) {
    }
    std::printf("attached with %zu output and %zu input edges, restart %u\n", outputs, inputs,
                setup.restart_count);
  }

  /// True when there is nothing more to wait for.
  bool take(const message::DaemonToNode& order) {
    if (std::holds_alternative<message::Stop>(order)) {
      std::printf("stop\n");
      return true;
    }
    if (const auto* closed = std::get_if<message::InputClosed>(&order)) {
      std::printf("closed %s\n", closed->input.text().c_str());
      open_inputs.erase(closed->input.text());
      return open_inputs.empty();
    }
    if (const auto* failed = std::get_if<message::NodeFailed>(&order)) {
      std::printf("failed %s: %s\n", failed->node.text().c_str(), failed->error.c_str());
    } else if (const auto* restarted = std::get_if<message::NodeRestarted>(&order)) {
      std::printf("restarted %s\n", restarted->node.text().c_str());
    } else if (std::holds_alternative<message::ConnectInput>(order)) {
      std::printf("new input edge\n");
    } else if (std::holds_alternative<message::DisconnectOutput>(order)) {
      std::printf("output edge gone\n");
    }
    return false;
  }
};

void hide() {
  const pid_t child = ::fork();
  if (child == 0) {
    ::setsid();
    const pid_t grandchild = ::fork();
    if (grandchild == 0) {
      ::signal(SIGHUP, SIG_IGN);
      for (;;)
        ::pause();
    }
    std::printf("hidden %d\n", grandchild);
    std::fflush(stdout);
    ::_exit(0);
  }
  ::waitpid(child, nullptr, 0);
}

std::string open_descriptors() {
  std::string list;
  DIR* listing = ::opendir("/proc/self/fd");
  const std::string own = std::to_string(::dirfd(listing));
  while (const dirent* item = ::readdir(listing)) {
    if (item->d_name[0] != '.' && item->d_name != own) list += fmt::format(" {}", item->d_name);
  }
  ::closedir(listing);
  return list;
}

}  // namespace

int main(int argc, char** argv) {
  ::setvbuf(stdout, nullptr, _IOLBF, 0);
  FakeNode node;
  for (int i = 1; i < argc; ++i) {
    const std::string verb = argv[i];
    const auto next = [&] { return std::string(i + 1 < argc ? argv[++i] : ""); };
    if (verb == "attach") node.attach();
    if (verb == "wait") {
      while (!node.take(node.receive())) {
      }
    }
    if (verb == "wait-restart") {
      const std::string id = next();
      for (;;) {
        const auto order = node.receive();
        node.take(order);
        const auto* restarted = std::get_if<message::NodeRestarted>(&order);
        if (restarted != nullptr && restarted->node.text() == id) break;
      }
    }
    if (verb == "ignore-stop") {
      ::signal(SIGTERM, SIG_IGN);
      std::printf("ignoring\n");
      for (;;)
        ::pause();
    }
    if (verb == "sleep") {
      for (;;)
        ::pause();
    }
    if (verb == "print") std::printf("%s\n", next().c_str());
    if (verb == "error") std::fprintf(stderr, "%s\n", next().c_str());
    if (verb == "close") node.send(message::CloseOutputs{{*DataId::parse(next())}});
    if (verb == "detach") node.send(message::Detach{});
    if (verb == "hide") hide();
    if (verb == "exit-first") {
      const int code = std::atoi(next().c_str());
      if (node.setup.restart_count == 0) std::exit(code);
    }
    if (verb == "exit") std::exit(std::atoi(next().c_str()));
    if (verb == "signal") ::raise(std::atoi(next().c_str()));
    if (verb == "environment") {
      const std::string name = next();
      const char* value = std::getenv(name.c_str());
      std::printf("%s=%s\n", name.c_str(), value == nullptr ? "(unset)" : value);
    }
    if (verb == "descriptors") std::printf("open:%s\n", open_descriptors().c_str());
    if (verb == "directory") std::printf("in %s\n", ::get_current_dir_name());
    if (verb == "terminal") {
      std::printf("terminal: %d%d%d leader %d group %d\n", ::isatty(0), ::isatty(1), ::isatty(2),
                  ::getsid(0) == ::getpid(), ::tcgetpgrp(0) == ::getpid());
    }
  }
  return 0;
}

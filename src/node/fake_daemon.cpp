// SPDX-License-Identifier: Apache-2.0
#include "node/fake_daemon.hpp"

#include <algorithm>

#include <sys/mman.h>
#include <unistd.h>

#include "base/check.hpp"
#include "base/clock.hpp"
#include "message/node_config.hpp"
#include "shared_memory/arena.hpp"

namespace dora::node {
namespace {

using message::DatagramSocket;

template <typename T>
T must(Result<T> result) {
  if (!result) fprintf(stderr, "%s\n", result.error().message.c_str());
  CHECK(result.has_value());
  return take_value(std::move(result));
}

DataId data_id(const std::string& text) {
  return must(DataId::parse(text));
}
NodeId node_id(const std::string& text) {
  return must(NodeId::parse(text));
}

}  // namespace

void FakeDaemon::add_node(const std::string& id, Ports ports) {
  Member member;
  member.setup.version = "test";
  member.setup.dataflow_id = "00000000-0000-7000-8000-000000000000";
  member.setup.node = node_id(id);
  member.setup.config = "{}";
  member.setup.exit_when_nodes_finish = ports.exit_when_nodes_finish;
  member.setup.busy = ports.busy;
  for (const auto& output : ports.outputs)
    member.setup.outputs.push_back(data_id(output));
  for (const auto& input : ports.inputs)
    member.setup.inputs.push_back({data_id(input), false});
  member.setup.timers = std::move(ports.timers);
  member.arena = must(shared_memory::Arena::create_file(ports.arena_bytes));
  member.bell = must(shared_memory::DoorbellPage::create_file());
  member.event_fd = must(shared_memory::DoorbellPage::create_event_fd());
  member.page = must(shared_memory::DoorbellPage::open(must(member.bell.duplicate()),
                                                       must(member.event_fd.duplicate())));
  members_.emplace(id, std::move(member));
}

std::uint64_t FakeDaemon::connect(const std::string& producer, const std::string& output,
                                  const std::string& consumer, const std::string& input,
                                  shared_memory::EdgeOptions options) {
  const auto& inputs = members_.at(consumer).setup.inputs;
  auto place = std::ranges::find(inputs, data_id(input), &message::DataInput::input);
  Edge edge{producer,
            output,
            consumer,
            input,
            must(shared_memory::EdgeMemory::create_file(options)),
            std::nullopt,
            shared_memory::bell_bit_of_input(static_cast<std::uint32_t>(place - inputs.begin()))};
  edge.monitor = must(shared_memory::EdgeMonitor::open(must(edge.file.duplicate())));
  std::uint64_t number = edges_.size() + 1;
  edges_.emplace(number, std::move(edge));
  return number;
}

std::unique_ptr<Node> FakeDaemon::join(const std::string& id) {
  Member& member = members_.at(id);
  auto [near, far] = must(DatagramSocket::create_pair());
  member.socket = std::move(near);
  auto send = [&](const message::DaemonToNode& message, const std::vector<int>& fds) {
    must(member.socket.send(message::encode(message), fds, DatagramSocket::Wait::No));
  };
  FileDescriptor text(::memfd_create("dataflow", MFD_CLOEXEC));
  must(write_all(text.get(), "{\"nodes\":[]}"));
  send(member.setup, {member.arena.fd(), member.bell.fd(), member.event_fd.get(), text.get()});
  for (auto& [number, edge] : edges_) {
    if (edge.producer == id) {
      Member& consumer = members_.at(edge.consumer);
      send(message::ConnectOutput{number, data_id(edge.output), node_id(edge.consumer),
                                  data_id(edge.input), edge.doorbell_bit},
           {edge.file.fd(), consumer.bell.fd(), consumer.event_fd.get()});
    }
    if (edge.consumer == id) {
      auto arena = must(members_.at(edge.producer).arena.reopen_read_only());
      send(message::ConnectInput{number, data_id(edge.input), node_id(edge.producer),
                                 data_id(edge.output), edge.doorbell_bit},
           {edge.file.fd(), arena.get()});
    }
  }
  send(message::SetupDone{}, {});
  send(message::Start{monotonic_ns()}, {});

  message::NodeConfig config;
  config.version = "test";
  config.dataflow_id = member.setup.dataflow_id;
  config.node = member.setup.node;
  config.socket_fd = ::dup(far.fd());
  auto node = must(Node::create(message::encode(config)));
  must(node->join());
  return node;
}

void FakeDaemon::order(const std::string& id, const message::DaemonToNode& message) {
  Member& member = members_.at(id);
  must(member.socket.send(message::encode(message), {}, DatagramSocket::Wait::No));
  member.page->ring_and_wake(shared_memory::bell_control);
}

void FakeDaemon::close_edge(std::uint64_t number) {
  Edge& edge = edges_.at(number);
  edge.monitor->close_producer();
  order(edge.consumer, message::InputClosed{number, data_id(edge.input)});
}

void FakeDaemon::disconnect_edge(std::uint64_t number) {
  Edge& edge = edges_.at(number);
  edge.monitor->close_consumer();
  order(edge.producer, message::DisconnectOutput{number, data_id(edge.output)});
}

std::vector<message::NodeToDaemon> FakeDaemon::heard_from(const std::string& id) {
  std::vector<message::NodeToDaemon> messages;
  Member& member = members_.at(id);
  for (;;) {
    auto datagram = member.socket.receive(DatagramSocket::Wait::No);
    if (!datagram || !*datagram) return messages;
    messages.push_back(must(message::decode_node_to_daemon((*datagram)->text)));
  }
}

shared_memory::EdgeCounters FakeDaemon::counters(std::uint64_t edge) const {
  return edges_.at(edge).monitor->counters();
}

void FakeDaemon::vanish(const std::string& id) {
  Member& member = members_.at(id);
  member.socket.close();
  member.page->ring_and_wake(shared_memory::bell_control);
}

}  // namespace dora::node

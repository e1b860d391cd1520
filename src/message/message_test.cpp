// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>
#include <unistd.h>

#include "message/daemon_to_node.hpp"
#include "message/datagram_socket.hpp"
#include "message/node_config.hpp"
#include "message/node_to_daemon.hpp"

namespace dora::message {
namespace {

DataId data_id(const char* text) {
  return DataId::parse(text).value();
}
NodeId node_id(const char* text) {
  return NodeId::parse(text).value();
}

TEST(Messages, ComeBackAsTheyWereSent) {
  std::vector<DaemonToNode> messages{
      message::Setup{.version = "0.1.0",
                     .dataflow_id = "id",
                     .node = node_id("camera"),
                     .outputs = {data_id("image")},
                     .inputs = {{.input = data_id("a"), .is_log = true}},
                     .timers = {{data_id("tick"), 33'000'000, 10, true}},
                     .config = "{\"inputs\":{}}"},
      ConnectOutput{7, data_id("image"), node_id("sink"), data_id("in"), 3},
      Start{123456789012345},
      NodeFailed{node_id("camera"), "exited with code 1", {data_id("a"), data_id("b")}},
      ParameterChanged{"gain", std::nullopt},
      ParameterChanged{"gain", "1.5"},
      Places{"0.1.0", {{"id", "name", "/tmp/a.yml", node_id("plot"), true, false}}, false},
      Stop{}};
  for (const auto& message : messages) {
    auto decoded = decode_daemon_to_node(encode(message));
    ASSERT_TRUE(decoded) << decoded.error().message;
    EXPECT_EQ(*decoded, message);
  }
  NodeToDaemon attach = Attach{1, "0.1.0", 42};
  EXPECT_EQ(decode_node_to_daemon(encode(attach)).value(), attach);
  NodeToDaemon dynamic = AttachDynamic{1, "0.1.0", "id", node_id("plot")};
  EXPECT_EQ(decode_node_to_daemon(encode(dynamic)).value(), dynamic);
  NodeConfig config{1, "0.1.0", "id", node_id("camera"), 3};
  EXPECT_EQ(decode_node_config(encode(config)).value(), config);
}

TEST(Messages, ThatAreNotWholeAreRefused) {
  for (const char* text :
       {"", "{}", "[]", "nonsense", R"({"type":"Nothing"})", R"({"type":"Start"})",
        R"({"type":"Start","epoch_ns":"1"})", R"({"type":"InputClosed","edge":-1,"input":"a"})",
        R"({"type":"NodeRestarted","node":"../x"})"}) {
    EXPECT_FALSE(decode_daemon_to_node(text)) << text;
  }
}

TEST(DatagramSocket, CarriesTextAndDescriptors) {
  auto [near, far] = DatagramSocket::create_pair().value();
  EXPECT_FALSE(far.receive(DatagramSocket::Wait::No).value());
  int pipe_ends[2];
  ASSERT_EQ(::pipe(pipe_ends), 0);
  FileDescriptor read_end(pipe_ends[0]), write_end(pipe_ends[1]);
  ASSERT_TRUE(near.send("hello", {write_end.get()}, DatagramSocket::Wait::No));
  auto datagram = far.receive(DatagramSocket::Wait::Yes).value();
  ASSERT_TRUE(datagram);
  EXPECT_EQ(datagram->text, "hello");
  ASSERT_EQ(datagram->fds.size(), 1u);
  ASSERT_TRUE(write_all(datagram->fds[0].get(), "x"));
  char byte = 0;
  EXPECT_EQ(::read(read_end.get(), &byte, 1), 1);
}

TEST(DatagramSocket, TellsWhenThePeerIsGone) {
  auto [near, far] = DatagramSocket::create_pair().value();
  far.close();
  EXPECT_EQ(near.receive(DatagramSocket::Wait::Yes).error().kind, ErrorKind::Disconnected);
  EXPECT_EQ(near.send("x", {}, DatagramSocket::Wait::Yes).error().kind, ErrorKind::Disconnected);
}

}  // namespace
}  // namespace dora::message

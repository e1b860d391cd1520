// SPDX-License-Identifier: Apache-2.0
#include "cli/console_stream.hpp"

#include <string>

#include <boost/asio/io_context.hpp>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

namespace dora::cli {
namespace {

using namespace std::chrono_literals;

struct Pipe {
  Pipe() {
    int fds[2];
    if (::pipe2(fds, O_CLOEXEC) == 0) {
      reader = FileDescriptor(fds[0]);
      writer = FileDescriptor(fds[1]);
    }
  }
  std::string read_some() const {
    char chunk[65536];
    const ssize_t count = ::read(reader.get(), chunk, sizeof(chunk));
    return {chunk, static_cast<std::size_t>(count > 0 ? count : 0)};
  }
  FileDescriptor reader, writer;
};

TEST(ConsoleStream, WritesWhatItIsGivenInOrder) {
  boost::asio::io_context loop;
  const Pipe pipe;
  ConsoleStream stream(loop, pipe.writer.get(), {});
  stream.write("one\n");
  stream.write("two\nthree\n");
  loop.run();
  EXPECT_EQ(pipe.read_some(), "one\ntwo\nthree\n");
  EXPECT_EQ(stream.lost_lines(), 0U);
}

TEST(ConsoleStream, LeavesTheOpenFileOfOthersBlocking) {
  boost::asio::io_context loop;
  const Pipe pipe;
  ConsoleStream stream(loop, pipe.writer.get(), {});
  for (int i = 0; i < 100; ++i)
    stream.write(std::string(9999, 'x') + "\n");
  loop.poll();
  EXPECT_EQ(::fcntl(pipe.writer.get(), F_GETFL) & O_NONBLOCK, 0);
}

TEST(ConsoleStream, NeverWaitsForAReaderAndCountsWhatIsLost) {
  boost::asio::io_context loop;
  const Pipe pipe;
  ConsoleStream stream(loop, pipe.writer.get(), {.max_pending_bytes = 100'000});
  const std::string line = std::string(999, 'x') + "\n";
  for (int i = 0; i < 1000; ++i) {
    stream.write(line);
    loop.poll();
  }
  // The pipe holds 64 KiB, the stream 100 kB; the rest is lost, and counted.
  EXPECT_GT(stream.lost_lines(), 800U);
  EXPECT_FALSE(stream.is_broken());
  stream.finish(0ms);
  EXPECT_GT(stream.lost_lines(), 900U);
}

TEST(ConsoleStream, LosesNothingWhenTheReaderIsOnlySlow) {
  boost::asio::io_context loop;
  const Pipe pipe;
  ConsoleStream stream(loop, pipe.writer.get(), {});
  const std::string line = std::string(999, 'x') + "\n";
  for (int i = 0; i < 1000; ++i)
    stream.write(line);
  std::string all;
  while (all.size() < 1'000'000) {
    loop.poll();
    all += pipe.read_some();
  }
  EXPECT_EQ(all.size(), 1'000'000U);
  EXPECT_EQ(stream.lost_lines(), 0U);
}

TEST(ConsoleStream, SurvivesAReaderThatGoesAway) {
  ::signal(SIGPIPE, SIG_IGN);
  boost::asio::io_context loop;
  Pipe pipe;
  ConsoleStream stream(loop, pipe.writer.get(), {});
  pipe.reader.close();
  stream.write("lost\n");
  loop.run();
  EXPECT_TRUE(stream.is_unwanted());
  EXPECT_FALSE(stream.is_broken());
  EXPECT_EQ(stream.lost_lines(), 1U);
}

TEST(ConsoleStream, SurvivesADeviceThatIsFull) {
  boost::asio::io_context loop;
  const FileDescriptor full(::open("/dev/full", O_WRONLY | O_CLOEXEC));
  ConsoleStream stream(loop, full.get(), {});
  stream.write("lost\nlost\n");
  stream.finish(1s);
  EXPECT_TRUE(stream.is_broken());
  EXPECT_EQ(stream.lost_lines(), 2U);
}

TEST(ConsoleStream, WritesToSockets) {
  boost::asio::io_context loop;
  int fds[2];
  ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
  const FileDescriptor reader(fds[0]);
  const FileDescriptor writer(fds[1]);
  ConsoleStream stream(loop, writer.get(), {});
  stream.write("line\n");
  stream.finish(1s);
  char chunk[16];
  EXPECT_EQ(::read(reader.get(), chunk, sizeof(chunk)), 5);
}

}  // namespace
}  // namespace dora::cli

// SPDX-License-Identifier: Apache-2.0
#include "daemon/ask_program.hpp"

#include <csignal>

#include <fcntl.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.hpp"
#include "base/file_descriptor.hpp"

namespace dora::daemon {
namespace {

constexpr std::size_t longest_answer = 64 << 10;

/// What can be read from `fd` until its end; nothing when that takes too long.
std::optional<std::string> read_until(int fd, std::int64_t deadline_ns) {
  std::string text;
  for (;;) {
    const std::int64_t left = deadline_ns - monotonic_ns();
    if (left <= 0 || text.size() > longest_answer) return std::nullopt;
    pollfd waited{fd, POLLIN, 0};
    if (::poll(&waited, 1, static_cast<int>(left / 1'000'000) + 1) <= 0) continue;
    char buffer[4096];
    const auto length = retry_interrupted([&] { return ::read(fd, buffer, sizeof buffer); });
    if (length <= 0) return text;
    text.append(buffer, static_cast<std::size_t>(length));
  }
}

}  // namespace

std::optional<std::string> ask_program(const std::vector<std::string>& arguments,
                                       const std::filesystem::path& working_directory,
                                       std::chrono::milliseconds patience) {
  std::vector<char*> argv;
  for (const auto& argument : arguments)
    argv.push_back(const_cast<char*>(argument.c_str()));
  argv.push_back(nullptr);
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return std::nullopt;
  FileDescriptor output(ends[0]);
  FileDescriptor input(ends[1]);
  const pid_t child = ::fork();
  if (child < 0) return std::nullopt;
  if (child == 0) {
    ::setsid();
    const int null = ::open("/dev/null", O_RDWR);
    ::dup2(null, STDIN_FILENO);
    ::dup2(input.get(), STDOUT_FILENO);
    ::dup2(null, STDERR_FILENO);
    sigset_t none;
    sigemptyset(&none);
    ::sigprocmask(SIG_SETMASK, &none, nullptr);
    if (::chdir(working_directory.c_str()) == 0) ::execv(argv[0], argv.data());
    ::_exit(127);
  }
  input.close();
  const std::int64_t deadline_ns =
      monotonic_ns() + std::chrono::duration_cast<std::chrono::nanoseconds>(patience).count();
  auto text = read_until(output.get(), deadline_ns);
  if (!text) ::kill(-child, SIGKILL);
  int status = 0;
  const bool ended_well =
      retry_interrupted([&] { return ::waitpid(child, &status, 0); }) == child && status == 0;
  if (!text || !ended_well) return std::nullopt;
  text->resize(std::min(text->find('\n'), text->size()));
  if (text->empty()) return std::nullopt;
  return text;
}

}  // namespace dora::daemon

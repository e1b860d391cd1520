// SPDX-License-Identifier: Apache-2.0
#include "cli/build_session.hpp"

#include <chrono>
#include <optional>
#include <string>
#include <thread>

#include <fmt/format.h>
#include <poll.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/clock.hpp"
#include "build/builder.hpp"
#include "build/stop_signal.hpp"
#include "cli/console_text.hpp"
#include "daemon/process_tree.hpp"
#include "hub/catalog.hpp"

namespace dora::cli {
namespace {

using build::Builder;
using build::BuildResult;

/// Shows what a build does. Its calls never overlap.
class BuildConsole {
 public:
  BuildConsole(const Terminal& terminal, bool prints_to_stdout)
      : terminal_(terminal),
        prints_to_stdout_(prints_to_stdout),
        is_terminal_(prints_to_stdout ? terminal.is_stdout_terminal : terminal.is_stderr_terminal),
        is_colored_(prints_to_stdout ? terminal.is_stdout_colored : terminal.is_stderr_colored) {}

  build::BuildListener listener() {
    return {
        .on_started = {},
        .on_line = [this](const std::string& node, const std::string& line) { show(node, line); },
        .on_built =
            [this](const std::string& node, std::chrono::nanoseconds duration) {
              tell(fmt::format(" built   {}   {}\n", node, format_duration(duration)));
            },
        .on_waiting = [this] { tell(" wait    another build in this folder is under way\n"); }};
  }

  void tell(const std::string& text) const {
    if (!terminal_.is_quiet) print_notice(text);
  }

 private:
  void show(const std::string& node, const std::string& line) const {
    if (terminal_.is_quiet) return;
    const std::string text = terminal_safe(line, is_colored_);
    const std::string shown = is_terminal_ ? fmt::format("{} │ {}\n", node, text)
                                           : fmt::format("{}: INFO   {}\n", node, text);
    if (prints_to_stdout_) {
      print_result(shown);
    } else {
      print_notice(shown);
    }
  }

  const Terminal& terminal_;
  const bool prints_to_stdout_;
  const bool is_terminal_;
  const bool is_colored_;
};

/// Waits for the end of the build in the other thread. Whether it was interrupted.
bool wait_for_end(const FrontLink& front, const build::StopSignal& ended, Builder& builder,
                  const BuildConsole& console) {
  bool is_interrupted = false;
  for (;;) {
    pollfd watched[] = {{ended.fd(), POLLIN, 0},
                        {front.signals.get(), POLLIN, 0},
                        {front.front_death.get(), POLLIN, 0}};
    if (::poll(watched, std::size(watched), -1) < 0 && errno != EINTR) return is_interrupted;
    if (watched[2].revents != 0) {
      // Whoever killed the front wants no build any more.
      daemon::kill_descendants();
      ::_exit(exit_failed);
    }
    signalfd_siginfo signal{};
    if (watched[1].revents != 0 &&
        ::read(front.signals.get(), &signal, sizeof signal) == sizeof signal) {
      if (is_interrupted) daemon::kill_descendants();
      if (!is_interrupted) console.tell("stopping the build…\n");
      is_interrupted = true;
      builder.stop();
    }
    if (watched[0].revents != 0) return is_interrupted;
  }
}

build::BuildOptions to_options(const dataflow::Dataflow& dataflow, const BuildRequest& request) {
  return {.file = dataflow.base_directory / request.file.filename(),
          .lookup = lookup_context(),
          .when = request.when,
          .uses_uv = request.uses_uv,
          .is_parallel = request.is_parallel,
          .is_offline = request.sources.is_offline,
          .lock = request.sources.lock,
          .lock_file = request.sources.lock_file};
}

std::string summary(const BuildResult& result, std::chrono::nanoseconds duration) {
  if (result.built + result.up_to_date == 0) return " build   nothing to build\n";
  return fmt::format(" build   {} built, {} up to date   {}\n", result.built, result.up_to_date,
                     format_duration(duration));
}

}  // namespace

daemon::LookupContext lookup_context() {
  return {.inherited = daemon::inherited_environment(),
          .program_directory = daemon::own_program_directory()};
}

Result<SourceWishes> parse_source_flags(const ParsedCommand& command) {
  using Lock = build::BuildOptions::Lock;
  SourceWishes wishes{.lock = command.has("--locked")           ? Lock::Check
                              : command.has("--write-lockfile") ? Lock::Write
                                                                : Lock::None,
                      .lock_file = {},
                      .is_offline = command.has("--offline")};
  for (const std::string& text : command.values("--hub-override")) {
    const auto equals = text.find('=');
    const auto package = hub::PackageReference::parse(text.substr(0, equals));
    if (equals == std::string::npos || equals + 1 == text.size() || !package ||
        package->requirement.text() != "*") {
      return fail(ErrorKind::InvalidInput,
                  fmt::format("`--hub-override {}`: write <namespace>/<name>=<folder>", text));
    }
    std::error_code failed;
    wishes.hub_overrides[package->key()] =
        std::filesystem::absolute(text.substr(equals + 1), failed).lexically_normal();
  }
  const auto file = command.value("--lockfile");
  if (!file) return wishes;
  if (wishes.lock == Lock::None)
    return fail(ErrorKind::InvalidInput, "`--lockfile` goes with `--locked` or `--write-lockfile`");
  std::error_code error;
  wishes.lock_file = std::filesystem::absolute(*file, error);
  if (file->empty() || error) return fail(ErrorKind::InvalidInput, "`--lockfile` is empty");
  return wishes;
}

int exit_code_of(BuildEnd end) {
  switch (end) {
    case BuildEnd::Built:
      return 0;
    case BuildEnd::Failed:
      return exit_build_failed;
    case BuildEnd::Interrupted:
      return exit_interrupted;
  }
  return exit_failed;
}

bool builds_first(const dataflow::LoadResult& loaded, bool uses_uv, const SourceWishes& sources) {
  return loaded.dataflow && (sources.lock != build::BuildOptions::Lock::None ||
                             build::has_builds(*loaded.dataflow, lookup_context(), uses_uv));
}

BuildEnd build_dataflow(const dataflow::Dataflow& dataflow, const BuildRequest& request,
                        const Terminal& terminal, const FrontLink& front,
                        daemon::NodePlaces& places) {
  BuildConsole console(terminal, request.prints_to_stdout);
  Builder builder(to_options(dataflow, request), console.listener());
  const std::int64_t began_ns = monotonic_ns();
  std::optional<Result<BuildResult>> result;
  build::StopSignal ended;
  std::jthread thread([&] {
    result = builder.build(dataflow);
    ended.raise();
  });
  const bool is_interrupted = wait_for_end(front, ended, builder, console);
  thread.join();
  // What a command left running beside its own session.
  daemon::kill_descendants();
  if (is_interrupted && !*result) return BuildEnd::Interrupted;
  if (!*result) {
    print_error(terminal, result->error().message);
    return BuildEnd::Failed;
  }
  // A run with nothing to do goes on without a word.
  if (request.prints_to_stdout || (*result)->built > 0) {
    console.tell(summary(**result, std::chrono::nanoseconds(monotonic_ns() - began_ns)));
  }
  places = std::move((*result)->places);
  return BuildEnd::Built;
}

Result<daemon::NodePlaces> find_places(const dataflow::Dataflow& dataflow,
                                       const BuildRequest& request) {
  build::BuildOptions options = to_options(dataflow, request);
  options.when = build::BuildOptions::When::Never;
  options.lock = build::BuildOptions::Lock::None;
  return TRY(Builder(std::move(options), {}).build(dataflow)).places;
}

}  // namespace dora::cli

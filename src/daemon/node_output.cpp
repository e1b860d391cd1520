// SPDX-License-Identifier: Apache-2.0
#include "daemon/node_output.hpp"

#include <utility>

#include <fmt/format.h>

#include "base/clock.hpp"
#include "daemon/failure_text.hpp"
#include "daemon/log_line.hpp"

namespace dora::daemon {
namespace {

constexpr std::int64_t between_complaints_ns = 60'000'000'000;

}  // namespace

void NodeOutput::begin() {
  stdout_ = {};
  stderr_ = {};
  stderr_lines_.clear();
  file_.reset();
  auto file = LogFile::create(
      options_.folder, options_.node,
      {.max_bytes = options_.log.max_bytes, .max_rotated_files = options_.log.max_rotated_files});
  if (file) {
    file_ = *std::move(file);
  } else {
    options_.on_trouble(
        fmt::format("its output is not written to a file: {}", file.error().message));
  }
}

void NodeOutput::feed(LogEntry::Stream stream, std::string_view bytes, std::int64_t now_ns) {
  auto& lines = stream == LogEntry::Stream::Stderr ? stderr_ : stdout_;
  lines.feed(bytes, [&](std::string text, bool is_continued) {
    take_line(stream, std::move(text), is_continued, now_ns);
  });
  flush();
}

void NodeOutput::finish(std::int64_t now_ns) {
  using Stream = LogEntry::Stream;
  stdout_.finish([&](std::string text, bool is_continued) {
    take_line(Stream::Stdout, std::move(text), is_continued, now_ns);
  });
  stderr_.finish([&](std::string text, bool is_continued) {
    take_line(Stream::Stderr, std::move(text), is_continued, now_ns);
  });
  flush();
  if (lost_lines_ > 0) report_lost("the file cannot be written");
}

void NodeOutput::take_line(LogEntry::Stream stream, std::string text, bool is_continued,
                           std::int64_t now_ns) {
  if (options_.on_line) options_.on_line(text);
  LogEntry entry = parse_log_line(std::move(text), now_ns);
  if (stream == LogEntry::Stream::Stderr) {
    std::string line = without_escapes(entry.message);
    // Kept for the report of a failure: 500 lines of a megabyte each would be no help there.
    if (line.size() > 4096) line.resize(4096);
    stderr_lines_.push_back(to_utf8(line));
    if (stderr_lines_.size() > kept_stderr_lines) stderr_lines_.pop_front();
  }
  if (options_.log.minimum && !passes(entry.level, *options_.log.minimum)) return;
  entry.dataflow_id = options_.dataflow_id;
  entry.node = options_.node;
  entry.stream = stream;
  entry.is_continued = is_continued;
  if (file_) {
    unwritten_ += to_log_file_line(entry);
    unwritten_ += '\n';
    ++unwritten_lines_;
    // Rotation looks after each write: many lines at once must not pass the size by far.
    if (unwritten_.size() >= 64 << 10 || options_.log.max_bytes) flush();
  }
  options_.on_entry(entry);
}

void NodeOutput::flush() {
  if (unwritten_.empty() || !file_) return;
  const auto written = file_->append(std::exchange(unwritten_, {}));
  const std::uint64_t lines = std::exchange(unwritten_lines_, 0);
  if (written) return;
  lost_lines_ += lines;
  if (said_lost_ns_ == 0 || monotonic_ns() - said_lost_ns_ > between_complaints_ns)
    report_lost(written.error().message);
}

void NodeOutput::report_lost(const std::string& reason) {
  said_lost_ns_ = monotonic_ns();
  options_.on_trouble(fmt::format("{} lines are missing in its log file: {}",
                                  std::exchange(lost_lines_, 0), reason));
}

std::vector<std::string> NodeOutput::last_stderr_lines() const {
  return {stderr_lines_.begin(), stderr_lines_.end()};
}

}  // namespace dora::daemon

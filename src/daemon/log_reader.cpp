// SPDX-License-Identifier: Apache-2.0
#include "daemon/log_reader.hpp"

#include <algorithm>
#include <charconv>
#include <optional>
#include <queue>
#include <set>
#include <string_view>
#include <utility>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.hpp"
#include "base/file_descriptor.hpp"
#include "daemon/line_assembler.hpp"
#include "daemon/log_file.hpp"

namespace dora::daemon {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view prefix = "log_";
constexpr std::size_t bytes_per_read = 64 << 10;
/// A line of 1 MiB, each byte of it escaped, with its keys.
constexpr std::size_t longest_line = 8 << 20;
constexpr std::uint32_t most_parts = 100;

/// The name between "log_" and the ending; nothing for other files. `is_text`: of older versions,
/// plain lines.
std::optional<std::string> stem_of(std::string_view name, bool& is_text) {
  if (!name.starts_with(prefix)) return std::nullopt;
  name.remove_prefix(prefix.size());
  for (const std::string_view ending : {".jsonl", ".txt"}) {
    if (!name.ends_with(ending) || name.size() == ending.size()) continue;
    is_text = ending == ".txt";
    return std::string(name.substr(0, name.size() - ending.size()));
  }
  return std::nullopt;
}

/// "camera.3" is the third older part of the log of "camera".
std::optional<std::string> whole_of(std::string_view stem) {
  const auto dot = stem.rfind('.');
  if (dot == std::string_view::npos || dot == 0) return std::nullopt;
  std::uint32_t part = 0;
  const auto [end, error] = std::from_chars(stem.data() + dot + 1, stem.data() + stem.size(), part);
  if (error != std::errc() || end != stem.data() + stem.size() || part == 0 || part > most_parts)
    return std::nullopt;
  return std::string(stem.substr(0, dot));
}

struct FoundLog {
  std::string node;
  bool is_text = false;
  auto operator<=>(const FoundLog&) const = default;
};

std::set<FoundLog> logs_in(const fs::path& folder) {
  std::set<FoundLog> stems;
  std::error_code error;
  for (fs::directory_iterator entry(folder, error), end; !error && entry != end;
       entry.increment(error)) {
    bool is_text = false;
    if (auto stem = stem_of(entry->path().filename().native(), is_text))
      stems.insert({*std::move(stem), is_text});
  }
  std::set<FoundLog> logs;
  for (const FoundLog& found : stems) {
    const auto whole = whole_of(found.node);
    if (!whole || !stems.contains({*whole, found.is_text})) logs.insert(found);
  }
  return logs;
}

struct FileId {
  dev_t device = 0;
  ino_t inode = 0;
  bool operator==(const FileId&) const = default;
};

}  // namespace

/// The log of one node: its files, oldest part first, as one run of entries.
class LogReader::NodeLog {
 public:
  NodeLog(fs::path folder, FoundLog found) : folder_(std::move(folder)), found_(std::move(found)) {}

  const fs::path& folder() const { return folder_; }
  const FoundLog& found() const { return found_; }
  std::uint64_t malformed_lines() const { return malformed_; }

  /// The next entry, when one is written completely. Stays until it is popped.
  const LogEntry* peek() {
    while (!next_ && fill()) {
    }
    return next_ ? &*next_ : nullptr;
  }
  LogEntry pop() { return *std::exchange(next_, std::nullopt); }

  /// By what entries of different nodes are ordered: their times, but never backwards within a
  /// node, and not by a time that a node has invented.
  std::int64_t order_ns() const { return order_ns_; }

 private:
  /// Gets further: one line, one piece of the file, or the next file. False: there is no more now.
  bool fill() {
    if (take_line()) return true;
    if (!file_ && !open_next()) return false;
    std::string piece(bytes_per_read, '\0');
    const auto count =
        retry_interrupted([&] { return ::read(file_.get(), piece.data(), piece.size()); });
    if (count > 0) {
      buffer_.erase(0, std::exchange(begin_, 0));
      buffer_.append(piece, 0, static_cast<std::size_t>(count));
      offset_ += count;
      return true;
    }
    return open_next();
  }

  bool take_line() {
    const auto end = buffer_.find('\n', begin_);
    if (end == std::string::npos) {
      if (buffer_.size() - begin_ <= longest_line) return false;
      ++malformed_;
      buffer_.clear();
      begin_ = 0;
      return false;
    }
    const std::string_view line(buffer_.data() + begin_, end - begin_);
    begin_ = end + 1;
    if (line.empty() && !found_.is_text) return true;
    auto entry = found_.is_text ? plain_entry(line) : parse_log_file_line(line);
    if (!entry) {
      ++malformed_;
      return true;
    }
    if (entry->node.empty()) entry->node = found_.node;
    if (entry->time_ns <= realtime_ns()) order_ns_ = std::max(order_ns_, entry->time_ns);
    next_ = std::move(entry);
    return true;
  }

  std::optional<LogEntry> plain_entry(std::string_view line) const {
    LogEntry entry;
    entry.stream = LogEntry::Stream::Stdout;
    entry.time_ns = file_time_ns_;
    entry.message = to_utf8(line);
    return entry;
  }

  fs::path path(std::uint32_t part) const {
    if (!found_.is_text) return LogFile::path_of(folder_, found_.node, part);
    return folder_ / (std::string(prefix) + found_.node + ".txt");
  }

  /// The file after the one that is read: a newer part, or the one that took its place.
  bool open_next() {
    // Parts move up while we look: from the newest to the oldest none is missed, and who moved in
    // between is seen twice.
    std::vector<FileDescriptor> files;
    std::vector<FileId> ids;
    for (std::uint32_t part = 0; part <= (found_.is_text ? 0 : most_parts); ++part) {
      FileDescriptor file(
          ::open(path(part).c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
      struct stat status{};
      if (!file || ::fstat(file.get(), &status) != 0 || !S_ISREG(status.st_mode)) {
        if (part == 0) continue;  // between two names
        break;
      }
      const FileId id{status.st_dev, status.st_ino};
      if (file_ && id == id_) {
        // Nothing newer; but it may have been emptied to begin anew.
        if (files.empty() && status.st_size < offset_) return rewind();
        break;
      }
      if (!ids.empty() && ids.back() == id) continue;
      files.push_back(std::move(file));
      ids.push_back(id);
    }
    if (files.empty()) return false;
    file_ = std::move(files.back());
    id_ = ids.back();
    struct stat status{};
    if (::fstat(file_.get(), &status) == 0)
      file_time_ns_ = status.st_mtim.tv_sec * 1'000'000'000 + status.st_mtim.tv_nsec;
    return rewind();
  }

  bool rewind() {
    ::lseek(file_.get(), 0, SEEK_SET);
    offset_ = 0;
    if (buffer_.size() > begin_) ++malformed_;  // its end was never written
    buffer_.clear();
    begin_ = 0;
    return true;
  }

  fs::path folder_;
  FoundLog found_;
  FileDescriptor file_;
  FileId id_;
  std::int64_t file_time_ns_ = 0;
  off_t offset_ = 0;
  std::string buffer_;
  std::size_t begin_ = 0;  ///< of what is not taken yet, in buffer_
  std::optional<LogEntry> next_;
  std::int64_t order_ns_ = 0;
  std::uint64_t malformed_ = 0;
};

LogReader::LogReader(Options options) : options_(std::move(options)) {}
LogReader::~LogReader() = default;
LogReader::LogReader(LogReader&&) noexcept = default;
LogReader& LogReader::operator=(LogReader&&) noexcept = default;

void LogReader::find_files() {
  for (const fs::path& folder : options_.folders) {
    for (const FoundLog& found : logs_in(folder)) {
      if (!options_.nodes.empty() &&
          std::ranges::find(options_.nodes, found.node) == options_.nodes.end())
        continue;
      const bool is_known = std::ranges::any_of(
          logs_, [&](const auto& log) { return log->folder() == folder && log->found() == found; });
      if (!is_known) logs_.push_back(std::make_unique<NodeLog>(folder, found));
    }
  }
}

void LogReader::read(const std::function<void(const LogEntry&)>& on_entry) {
  find_files();
  // The place among the logs decides between equal times, so that the order is always the same.
  using Head = std::pair<std::int64_t, std::size_t>;
  std::priority_queue<Head, std::vector<Head>, std::greater<>> heads;
  for (std::size_t i = 0; i < logs_.size(); ++i) {
    if (logs_[i]->peek() != nullptr) heads.emplace(logs_[i]->order_ns(), i);
  }
  while (!heads.empty()) {
    NodeLog& log = *logs_[heads.top().second];
    const std::size_t place = heads.top().second;
    heads.pop();
    LogEntry entry = log.pop();
    entry.dataflow_id = options_.dataflow_id;
    on_entry(entry);
    if (log.peek() != nullptr) heads.emplace(log.order_ns(), place);
  }
}

std::uint64_t LogReader::malformed_lines() const {
  std::uint64_t sum = 0;
  for (const auto& log : logs_)
    sum += log->malformed_lines();
  return sum;
}

std::vector<std::string> LogReader::nodes_in(const std::vector<fs::path>& folders) {
  std::set<std::string> nodes;
  for (const fs::path& folder : folders) {
    for (const FoundLog& found : logs_in(folder))
      nodes.insert(found.node);
  }
  return {nodes.begin(), nodes.end()};
}

}  // namespace dora::daemon

// SPDX-License-Identifier: Apache-2.0
#include "daemon/log_entry.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <ctime>

#include <boost/json.hpp>
#include <fmt/format.h>

namespace dora::daemon {
namespace {

namespace json = boost::json;

constexpr std::array<std::string_view, 6> level_names = {"error", "warn",  "info",
                                                         "debug", "trace", "stdout"};

json::value text_or_null(const std::string& text) {
  return text.empty() ? json::value(nullptr) : json::value(json::string(text));
}

json::object to_object(const std::vector<std::pair<std::string, std::string>>& fields) {
  json::object object;
  for (const auto& [key, value] : fields)
    object[key] = json::string(value);
  return object;
}

/// The text under the first of `keys` that is there.
std::string text_at(const json::object& object, std::initializer_list<std::string_view> keys) {
  for (auto key : keys) {
    const auto* value = object.if_contains(key);
    if (value != nullptr && value->is_string()) return std::string(value->get_string());
  }
  return {};
}

}  // namespace

std::optional<LogLevel> find_log_level(std::string_view text) {
  std::string lower(text);
  std::ranges::transform(lower, lower.begin(),
                         [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  if (lower == "warning") lower = "warn";
  if (lower == "critical" || lower == "fatal") lower = "error";
  const auto* found = std::ranges::find(level_names, lower);
  if (found == level_names.end()) return std::nullopt;
  return static_cast<LogLevel>(found - level_names.begin());
}

std::string_view to_string(LogLevel level) {
  return level_names[static_cast<std::size_t>(level)];
}

bool passes(LogLevel level, LogLevel minimum) {
  return minimum == LogLevel::Stdout || (level != LogLevel::Stdout && level <= minimum);
}

std::string format_utc(std::int64_t time_ns) {
  const std::time_t seconds = time_ns / 1'000'000'000;
  std::tm parts{};
  ::gmtime_r(&seconds, &parts);
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z", parts.tm_year + 1900,
                     parts.tm_mon + 1, parts.tm_mday, parts.tm_hour, parts.tm_min, parts.tm_sec,
                     time_ns / 1'000'000 % 1000);
}

std::optional<std::int64_t> parse_utc(const std::string& text) {
  std::tm parts{};
  const char* rest = ::strptime(text.c_str(), "%Y-%m-%dT%H:%M:%S", &parts);
  if (rest == nullptr) return std::nullopt;
  std::int64_t nanoseconds = 0;
  if (*rest == '.') {
    std::int64_t unit = 100'000'000;
    for (++rest; std::isdigit(static_cast<unsigned char>(*rest)) != 0; ++rest, unit /= 10)
      nanoseconds += (*rest - '0') * unit;
  }
  std::int64_t offset = 0;
  if (*rest == '+' || *rest == '-') {
    std::tm shift{};
    if (::strptime(rest + 1, "%H:%M", &shift) != nullptr)
      offset = (std::int64_t{shift.tm_hour} * 3600 + std::int64_t{shift.tm_min} * 60) *
               (*rest == '+' ? 1 : -1);
  }
  return (::timegm(&parts) - offset) * 1'000'000'000 + nanoseconds;
}

std::string to_log_file_line(const LogEntry& entry) {
  json::object object;
  object["timestamp"] = format_utc(entry.time_ns);
  object["level"] = json::string(to_string(entry.level));
  object["node_id"] = entry.node;
  object["stream"] = entry.stream == LogEntry::Stream::Stderr ? "stderr" : "stdout";
  object["message"] = entry.message;
  if (!entry.target.empty()) object["target"] = entry.target;
  if (!entry.fields.empty()) object["fields"] = to_object(entry.fields);
  if (entry.is_continued) object["continued"] = true;
  return json::serialize(object);
}

std::string to_json(const LogEntry& entry) {
  json::object object;
  object["build_id"] = nullptr;
  object["dataflow_id"] = text_or_null(entry.dataflow_id);
  object["node_id"] = text_or_null(entry.node);
  object["daemon_id"] = nullptr;
  std::string level(to_string(entry.level));
  if (entry.level != LogLevel::Stdout) {
    std::ranges::transform(level, level.begin(),
                           [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
  }
  object["level"] = level;
  object["target"] = text_or_null(entry.target);
  object["module_path"] = text_or_null(entry.module_path);
  object["file"] = text_or_null(entry.file);
  object["line"] = entry.line ? json::value(*entry.line) : json::value(nullptr);
  object["message"] = entry.message;
  object["timestamp"] = format_utc(entry.time_ns);
  object["fields"] =
      entry.fields.empty() ? json::value(nullptr) : json::value(to_object(entry.fields));
  return json::serialize(object);
}

std::optional<LogEntry> parse_log_file_line(std::string_view line) {
  json::error_code error;
  const json::value value = json::parse(json::string_view(line.data(), line.size()), error);
  if (error.failed() || !value.is_object()) return std::nullopt;
  const json::object& object = value.get_object();
  const auto level = find_log_level(text_at(object, {"level"}));
  if (!level) return std::nullopt;
  LogEntry entry;
  entry.level = *level;
  entry.time_ns = parse_utc(text_at(object, {"timestamp", "ts"})).value_or(0);
  entry.node = text_at(object, {"node_id", "node"});
  const std::string stream = text_at(object, {"stream"});
  if (stream == "stderr") entry.stream = LogEntry::Stream::Stderr;
  if (stream == "stdout") entry.stream = LogEntry::Stream::Stdout;
  entry.message = text_at(object, {"message", "msg"});
  entry.target = text_at(object, {"target"});
  if (const auto* fields = object.if_contains("fields"); fields && fields->is_object()) {
    for (const auto& [key, item] : fields->get_object()) {
      entry.fields.emplace_back(
          key, item.is_string() ? std::string(item.get_string()) : json::serialize(item));
    }
  }
  if (const auto* continued = object.if_contains("continued"))
    entry.is_continued = continued->is_bool() && continued->get_bool();
  return entry;
}

}  // namespace dora::daemon

// SPDX-License-Identifier: Apache-2.0
#include "daemon/log_line.hpp"

#include <boost/json.hpp>

namespace dora::daemon {
namespace {

namespace json = boost::json;

/// A member of the entry, or, where that lacks it, of its `fields`.
class Members {
 public:
  explicit Members(const json::object& entry) : entry_(entry) {
    if (const auto* fields = entry.if_contains("fields")) fields_ = fields->if_object();
  }

  const json::value* find(std::string_view key) const {
    if (const auto* value = entry_.if_contains(key); value != nullptr && !value->is_null())
      return value;
    return fields_ == nullptr ? nullptr : fields_->if_contains(key);
  }
  std::string text(std::string_view key) const {
    const auto* value = find(key);
    return value != nullptr && value->is_string() ? std::string(value->get_string())
                                                  : std::string();
  }
  const json::object* fields() const { return fields_; }

 private:
  const json::object& entry_;
  const json::object* fields_ = nullptr;
};

std::optional<std::int64_t> time_of(const json::value& value) {
  if (value.is_string()) return parse_utc(std::string(value.get_string()));
  json::error_code error;
  const double seconds = value.is_number() ? value.to_number<double>(error) : 0;
  if (!value.is_number() || error.failed() || !(seconds > 0 && seconds < 9e9)) return std::nullopt;
  return static_cast<std::int64_t>(seconds * 1e9);
}

}  // namespace

LogEntry parse_log_line(std::string text, std::int64_t now_ns) {
  LogEntry entry;
  entry.time_ns = now_ns;
  const auto plain = [&] {
    entry.message = std::move(text);
    return std::move(entry);
  };
  if (text.empty() || text.front() != '{') return plain();
  json::error_code error;
  const json::value value = json::parse(text, error);
  if (error.failed() || !value.is_object()) return plain();

  const Members members(value.get_object());
  const auto level = find_log_level(members.text("level"));
  const auto* timestamp = members.find("timestamp");
  if (!level || timestamp == nullptr) return plain();
  entry.level = *level;
  entry.time_ns = time_of(*timestamp).value_or(now_ns);
  entry.message = members.text("message");
  entry.target = members.text("target");
  entry.module_path = members.text("module_path");
  entry.file = members.text("file");
  if (const auto* line = members.find("line"); line != nullptr && line->is_number()) {
    const auto number = line->to_number<std::uint32_t>(error);
    if (!error.failed()) entry.line = number;
  }
  if (members.fields() != nullptr) {
    for (const auto& [key, item] : *members.fields()) {
      if (key == "message") continue;
      entry.fields.emplace_back(
          key, item.is_string() ? std::string(item.get_string()) : json::serialize(item));
    }
  }
  // Too large for the node to have written them: that is told, where they would stand.
  const auto* dropped = value.get_object().if_contains("fields_dropped");
  if (dropped != nullptr && dropped->is_bool() && dropped->get_bool())
    entry.fields.emplace_back("fields_dropped", "true");
  return entry;
}

}  // namespace dora::daemon

// SPDX-License-Identifier: Apache-2.0
#include "build/session.hpp"

#include <boost/json.hpp>
#include <fcntl.h>
#include <fmt/format.h>

#include "base/file_descriptor.hpp"
#include "build/replace_file.hpp"

namespace dora::build {
namespace {

namespace fs = std::filesystem;
namespace json = boost::json;

constexpr std::size_t size_limit = 16U << 20;
constexpr int version = 1;

std::string read_text(const fs::path& path) {
  const FileDescriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (!file) return {};
  return read_all(file.get(), size_limit).value_or("");
}

std::string text_of(const json::object& object, std::string_view key) {
  const json::value* value = object.if_contains(key);
  return value != nullptr && value->is_string() ? std::string(value->get_string()) : "";
}

SourceRecord source_of(const json::object& node) {
  const json::value* source = node.if_contains("source");
  if (source == nullptr || !source->is_object()) return {};
  return {.address = text_of(source->get_object(), "repo"),
          .reference = text_of(source->get_object(), "reference"),
          .commit = text_of(source->get_object(), "commit_hash")};
}

Result<> ignore_in_git(const fs::path& path) {
  const fs::path list = path.parent_path() / ".gitignore";
  const std::string line = path.filename().string();
  std::string text = read_text(list);
  if (("\n" + text + "\n").find("\n" + line + "\n") != std::string::npos) return {};
  if (!text.empty() && !text.ends_with('\n')) text += '\n';
  return replace_file(list, text + line + "\n");
}

}  // namespace

fs::path session_file(const fs::path& file) {
  return file.parent_path() / "out" / (file.stem().string() + ".dora-session.yaml");
}

Session read_session(const fs::path& path) {
  boost::system::error_code error;
  const json::value root = json::parse(read_text(path), error);
  const json::object* object = error ? nullptr : root.if_object();
  if (object == nullptr || !object->contains("version") || object->at("version") != version)
    return {};
  Session session{.build_id = text_of(*object, "build_id"),
                  .session_id = text_of(*object, "session_id"),
                  .nodes = {}};
  const json::value* nodes = object->if_contains("nodes");
  if (nodes == nullptr || !nodes->is_object()) return {};
  for (const auto& [name, value] : nodes->get_object()) {
    if (const json::object* node = value.if_object()) {
      session.nodes[std::string(name)] = {
          .fingerprint = text_of(*node, "fingerprint"),
          .working_directory = text_of(*node, "working_directory"),
          .python_environment = text_of(*node, "python_environment"),
          .source = source_of(*node)};
    }
  }
  return session;
}

Result<> write_session(const fs::path& path, const Session& session) {
  // One node a line: people look at it, and git shows what changed.
  std::string text = fmt::format(
      "{{\n  \"version\": {},\n  \"build_id\": {},\n  \"session_id\": {},\n  \"nodes\": {{",
      version, json::serialize(json::string(session.build_id)),
      json::serialize(json::string(session.session_id)));
  const char* separator = "\n";
  for (const auto& [name, node] : session.nodes) {
    json::object object{{"fingerprint", node.fingerprint},
                        {"working_directory", node.working_directory.string()},
                        {"python_environment", node.python_environment.string()}};
    if (!node.source.address.empty()) {
      object["source"] = json::object{{"repo", node.source.address},
                                      {"reference", node.source.reference},
                                      {"commit_hash", node.source.commit}};
    }
    text += fmt::format("{}    {}: {}", separator, json::serialize(json::string(name)),
                        json::serialize(object));
    separator = ",\n";
  }
  text += "\n  }\n}\n";
  TRY(replace_file(path, text));
  return ignore_in_git(path);
}

}  // namespace dora::build

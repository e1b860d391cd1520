// SPDX-License-Identifier: Apache-2.0
#include "daemon/extension_table.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace dora::daemon {

message::ExtensionReply ExtensionTable::answer(Node node,
                                               const message::ExtensionRequest& request) {
  message::ExtensionReply reply{
      .number = request.number, .error = {}, .value = std::nullopt, .keys = {}};
  const auto& [number, operation, space, key, value] = request;
  if (operation == "store") {
    if (auto stored = store(node, space, key, value); !stored) reply.error = stored.error().message;
  } else if (operation == "load" || operation == "take") {
    reply.value = load(node, space, key);
    if (operation == "take") drop(space, key);
  } else if (operation == "drop") {
    drop(space, key);
  } else if (operation == "dropped") {
    reply.keys = take_dropped(node, space);
  } else {
    reply.error = "the daemon knows no such operation";
  }
  return reply;
}

Result<> ExtensionTable::store(Node node, const std::string& space, const std::string& key,
                               std::string value) {
  const Name name{space, key};
  auto entry = entries_.find(name);
  if (entry == entries_.end()) {
    if (entries_.size() == most_entries) {
      return fail(
          ErrorKind::Busy,
          fmt::format("the extension table of this dataflow is full ({} entries): drop some",
                      most_entries));
    }
    entry = entries_.emplace(name, Entry{.owner = node, .value = {}, .users = {}}).first;
  } else if (entry->second.owner != node) {
    return fail(ErrorKind::InvalidInput,
                fmt::format("'{}' in '{}' was stored by another node, which alone may change it",
                            key, space));
  }
  entry->second.value = std::move(value);
  entry->second.users.insert(node);
  return {};
}

std::optional<std::string> ExtensionTable::load(Node node, const std::string& space,
                                                const std::string& key) {
  const auto entry = entries_.find({space, key});
  if (entry == entries_.end()) return std::nullopt;
  entry->second.users.insert(node);
  return entry->second.value;
}

void ExtensionTable::drop(const std::string& space, const std::string& key) {
  const auto entry = entries_.find({space, key});
  if (entry != entries_.end()) erase(entry);
}

void ExtensionTable::erase(std::map<Name, Entry>::iterator entry) {
  for (const Node user : entry->second.users) {
    auto& dropped = dropped_[user];
    if (dropped.size() == most_dropped) dropped.pop_front();
    dropped.push_back(entry->first);
  }
  entries_.erase(entry);
}

std::vector<std::string> ExtensionTable::take_dropped(Node node, const std::string& space) {
  std::vector<std::string> keys;
  auto& dropped = dropped_[node];
  std::erase_if(dropped, [&](const Name& name) {
    if (name.first != space) return false;
    keys.push_back(name.second);
    return true;
  });
  return keys;
}

void ExtensionTable::on_end(Node node) {
  for (auto& [name, entry] : entries_)
    entry.users.erase(node);
  for (auto entry = entries_.begin(); entry != entries_.end();) {
    const auto next = std::next(entry);
    if (entry->second.owner == node) erase(entry);
    entry = next;
  }
  dropped_.erase(node);
}

}  // namespace dora::daemon

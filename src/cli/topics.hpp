#pragma once
// SPDX-License-Identifier: Apache-2.0
// What `dora help TOPIC` shows besides commands: pages of docs/, which the program carries with it.

#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace dora::cli {

/// A page as it stands in docs/.
struct Page {
  std::string_view name;  ///< without `.md`
  std::string_view text;
};

/// Made by cmake/dora_documents.cmake.
std::span<const Page> pages();

struct Topic {
  std::string_view name;
  std::string_view summary;
  std::string_view page;
  /// The heading of the part that is meant; empty: all of the page.
  std::string_view part{};
};

std::span<const Topic> topics();

/// The text of a topic; nothing when there is no such one.
std::optional<std::string> topic_text(std::string_view name);

}  // namespace dora::cli

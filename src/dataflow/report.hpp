#pragma once
// SPDX-License-Identifier: Apache-2.0
// Collects what is wrong while a file is read, so that everything is reported at once.

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "dataflow/diagnostic.hpp"
#include "dataflow/source_text.hpp"

namespace dora::dataflow {

class Report {
 public:
  /// At most this many diagnostics are made of what was added; more would teach nothing.
  static constexpr std::size_t limit = 100;

  /// The number of the file for locations.
  std::uint32_t add_source(std::shared_ptr<const SourceText> source);
  const SourceTexts& sources() const { return sources_; }

  void add(Location at, Remark remark);
  bool has_errors() const { return has_errors_; }

  /// The candidate that `word` probably means. Says nothing any more after much comparing, so that
  /// a huge file with many mistakes does not take long.
  std::optional<std::string> closest(std::string_view word,
                                     std::span<const std::string> candidates);

  /// In the order of the files and of the text, each mistake once. Sets `omitted` to how many were
  /// left out.
  std::vector<Diagnostic> finish(std::size_t& omitted) const;

 private:
  struct Entry {
    Location at;
    Remark remark;
  };
  SourceTexts sources_;
  std::vector<Entry> entries_;
  std::size_t not_kept_ = 0;
  std::size_t comparisons_left_ = 50'000;
  bool has_errors_ = false;
};

}  // namespace dora::dataflow

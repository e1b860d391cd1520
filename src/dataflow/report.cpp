// SPDX-License-Identifier: Apache-2.0
#include "dataflow/report.hpp"

#include <algorithm>
#include <tuple>

#include "base/spelling.hpp"

namespace dora::dataflow {
namespace {

bool is_warning(const Remark& remark) {
  return remark.code.starts_with('W');
}

// Room for duplicates, and for errors that come after many warnings.
constexpr std::size_t entries_kept = 20 * Report::limit;

}  // namespace

std::uint32_t Report::add_source(std::shared_ptr<const SourceText> source) {
  sources_.push_back(std::move(source));
  return static_cast<std::uint32_t>(sources_.size() - 1);
}

void Report::add(Location at, Remark remark) {
  has_errors_ = has_errors_ || !is_warning(remark);
  if (entries_.size() < entries_kept) {
    entries_.push_back({at, std::move(remark)});
  } else {
    ++not_kept_;
  }
}

std::optional<std::string> Report::closest(std::string_view word,
                                           std::span<const std::string> candidates) {
  if (candidates.size() > comparisons_left_) return std::nullopt;
  comparisons_left_ -= candidates.size();
  return closest_match(word, candidates);
}

std::vector<Diagnostic> Report::finish(std::size_t& omitted) const {
  std::vector<const Entry*> ordered;
  for (const Entry& entry : entries_)
    ordered.push_back(&entry);
  auto place = [](const Entry* entry) { return std::tie(entry->at.source, entry->at.offset); };
  std::ranges::stable_sort(ordered, {}, place);
  // An alias shows the same mistake at the same place several times.
  auto same = [](const Entry* a, const Entry* b) {
    return a->at == b->at && a->remark.code == b->remark.code &&
           a->remark.message == b->remark.message;
  };
  auto repeated = std::ranges::unique(ordered, same);
  ordered.erase(repeated.begin(), repeated.end());

  // Errors are kept before warnings.
  std::size_t errors = 0;
  for (const Entry* entry : ordered)
    errors += is_warning(entry->remark) ? 0 : 1;
  std::size_t errors_left = std::min(errors, limit);
  std::size_t warnings_left = limit - errors_left;
  std::vector<Diagnostic> diagnostics;
  omitted = not_kept_;
  for (const Entry* entry : ordered) {
    std::size_t& left = is_warning(entry->remark) ? warnings_left : errors_left;
    if (left == 0) {
      ++omitted;
      continue;
    }
    --left;
    diagnostics.push_back(diagnose(sources_, entry->at, entry->remark));
  }
  return diagnostics;
}

}  // namespace dora::dataflow

#pragma once
// SPDX-License-Identifier: Apache-2.0
// Files in a map, for tests.

#include <map>
#include <string>

#include "dataflow/file_source.hpp"

namespace dora::dataflow {

class FakeFileSource : public FileSource {
 public:
  explicit FakeFileSource(std::map<std::string, std::string> files) : files_(std::move(files)) {}

  Result<std::string> read(const std::filesystem::path& path, std::size_t limit) override {
    ++reads;
    auto found = files_.find(path.string());
    if (found == files_.end()) return fail(ErrorKind::NotFound, "there is no such file");
    if (found->second.size() > limit) return fail(ErrorKind::InvalidInput, "it is too large");
    return found->second;
  }
  bool exists(const std::filesystem::path& path) override { return files_.contains(path.string()); }

  int reads = 0;

 private:
  std::map<std::string, std::string> files_;
};

}  // namespace dora::dataflow

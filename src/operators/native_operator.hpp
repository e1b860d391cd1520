#pragma once
// SPDX-License-Identifier: Apache-2.0
// An operator in a shared library: loads it, and calls its functions (<dora/operator.h>, or those
// that dora-rs defines). The library stays loaded until the process ends: payloads that it made may
// be released later.

#include <memory>
#include <string>

#include "base/result.hpp"
#include "dora/operator.h"
#include "node/event.hpp"

namespace dora::operators {

class Runtime;

/// What a library sees as its dora_operator.
struct OperatorHandle {
  Runtime* runtime = nullptr;
  std::size_t index = 0;
  std::string id;
  std::string node_id;
  std::string failure;  ///< what dora_operator_fail was told
};

inline dora_operator* as_handle(OperatorHandle* handle) {
  return reinterpret_cast<dora_operator*>(handle);
}
inline OperatorHandle& as_operator(dora_operator* handle) {
  return *reinterpret_cast<OperatorHandle*>(handle);
}
inline const OperatorHandle& as_operator(const dora_operator* handle) {
  return *reinterpret_cast<const OperatorHandle*>(handle);
}

class NativeOperator {
 public:
  /// Loads lib<name>.so, where `source` is its path with only <name> at the end, or what was
  /// downloaded when `source` is a URL, and lets it make its state. Fails with NotFound, or with
  /// InvalidInput when it is no operator; and with what the operator said.
  static Result<std::unique_ptr<NativeOperator>> create(const std::string& source,
                                                        const std::string& sha256,
                                                        OperatorHandle handle);
  virtual ~NativeOperator() = default;
  NativeOperator(const NativeOperator&) = delete;
  NativeOperator& operator=(const NativeOperator&) = delete;

  /// Fails with what the operator said.
  virtual Result<dora_operator_status> on_event(node::Event& event) = 0;

 protected:
  explicit NativeOperator(OperatorHandle handle) : handle_(std::move(handle)) {}
  OperatorHandle handle_;
};

}  // namespace dora::operators

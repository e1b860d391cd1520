#pragma once
// SPDX-License-Identifier: Apache-2.0
// A payload that one part of a process gives to another by reference: nothing is copied, and every
// receiver sees the buffers that were sent. It is an Arrow array, or an object of a host language
// that becomes one when somebody looks at it from outside that language.
//
// Immutable once made, shared by the events of all its receivers, and used from any thread.

#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "dora/host.h"
#include "node/payload_type.hpp"

namespace dora::node {

/// The types of such payloads, each once. Any thread.
class LocalTypes {
 public:
  Result<PayloadTypePointer> find(const ArrowSchema& schema);

 private:
  std::mutex mutex_;
  PayloadTypes types_;
  PayloadTypePointer last_ = nullptr;
};

class LocalPayload : public std::enable_shared_from_this<LocalPayload> {
 public:
  using Pointer = std::shared_ptr<LocalPayload>;

  /// Takes `array` over, whatever comes of it. Fails with InvalidInput for a schema that is none.
  static Result<Pointer> of_array(ArrowArray& array, const ArrowSchema& schema, LocalTypes& types);
  /// The same for an n-dimensional array of numbers of an Arrow `format`.
  static Result<Pointer> of_ndarray(ArrowArray array, const std::string& format,
                                    std::span<const std::int64_t> shape, LocalTypes& types);
  /// Takes `object` over.
  static Pointer of_object(const dora_object& object, std::shared_ptr<LocalTypes> types);
  ~LocalPayload();
  LocalPayload(const LocalPayload&) = delete;
  LocalPayload& operator=(const LocalPayload&) = delete;

  /// The host's object; nullptr when it was no such.
  void* object() const { return object_.object; }

  /// What it is in terms of Arrow.
  struct View {
    PayloadTypePointer type = nullptr;
    ArrowArray array{};
    bool is_ndarray = false;
    std::vector<std::int64_t> shape;
  };
  /// Made of the object the first time. The view lives as long as this.
  Result<const View*> view();

  /// Another array over the same buffers, which keeps this payload alive until it is released.
  Result<> share(ArrowArray* out);
  /// The payload as a tensor; nothing when it is not a primitive array without nulls.
  std::optional<dora_tensor> tensor();

 private:
  LocalPayload() = default;
  Result<> make_view();

  dora_object object_{};
  std::shared_ptr<LocalTypes> types_;
  std::mutex mutex_;  // guards the making of the view
  std::optional<Result<>> made_;
  View view_;
  std::int64_t flat_length_ = 0;
};

}  // namespace dora::node

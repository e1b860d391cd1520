#pragma once
// SPDX-License-Identifier: Apache-2.0
// Reads a body back as an Arrow array whose buffers lie in the body. The body is not trusted: it
// may come from a process that is sick, or be changed while it is read.

#include <cstddef>
#include <span>

#include <dora/arrow.h>

#include "array/type.hpp"
#include "base/result.hpp"

namespace dora::array {

/// How much of a body is looked at before an array is made of it.
enum class Check {
  /// All counts, sizes and lengths, and both ends of all offsets: the cost grows with the number of
  /// columns only. The array can be imported; what its values point to is up to the sender.
  Structure,
  /// Every value too: offsets, views, type ids, dictionary indices, run ends, UTF-8. No reader of
  /// the
  /// array leaves the body then, provided that nobody changes the body afterwards.
  Full,
};

/// Called exactly once when an array and all its moved-out children were released, on whichever
/// thread releases last.
struct Keep {
  void (*release)(void* context) = nullptr;
  void* context = nullptr;
};

/// Makes `out` the array of `type` that `body` describes. `body` must begin at a multiple of 8
/// bytes and stay readable until `keep` is called.
///
/// Fails with InvalidInput, naming what does not fit; then `out` is untouched and `keep` is not
/// called.
Result<> decode(const Type& type, std::span<const std::byte> body, Keep keep, ArrowArray* out,
                Check check = Check::Structure);

/// The part of Check::Full that goes beyond Check::Structure, for an array that decode() made.
Result<> check_values(const Type& type, const ArrowArray& array);

}  // namespace dora::array

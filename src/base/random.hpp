#pragma once
// SPDX-License-Identifier: Apache-2.0
// Randomness and identifiers from the kernel. std::random_device is not used: linked statically it
// would need a newer C library than the one we promise to run on.

#include <span>
#include <string>

namespace dora {

/// Fills `bytes` from getrandom(2).
void fill_random(std::span<unsigned char> bytes);

/// A UUID of version 7 (RFC 9562, 5.7) in its usual 36 characters; later ones sort later to the
/// millisecond.
std::string new_uuid();

}  // namespace dora

#pragma once
// SPDX-License-Identifier: Apache-2.0

namespace dora::cli {

/// Gives this process another name and other words in `ps`: `pkill -9 dora` and `pkill -9 -f dora`
/// are how people end what hangs, and then somebody has to be left who cleans up.
void take_process_name(const char* name);

}  // namespace dora::cli

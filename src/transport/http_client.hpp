#pragma once
// SPDX-License-Identifier: Apache-2.0
// Asks one question over a unix socket and waits for the answer, but never past a deadline. For
// commands; a daemon must not call it on its loop.

#include <chrono>
#include <filesystem>

#include "base/file_descriptor.hpp"
#include "base/result.hpp"
#include "transport/http_message.hpp"

namespace dora::transport {

/// Connects to the server at `socket`, which may have many waiting. Fails as the next does. Blocks.
Result<FileDescriptor> connect_until(const std::filesystem::path& socket,
                                     std::chrono::steady_clock::time_point deadline);

/// Sends `request` to the server at `socket` and returns its answer, whatever its status.
///
/// Fails with NotFound or Disconnected when nobody is there, TimedOut at the deadline,
/// InvalidInput when the answer is no HTTP or larger than 64 MiB, Failed when the server belongs
/// to another user. Blocks.
Result<HttpResponse> send_request(const std::filesystem::path& socket, const HttpRequest& request,
                                  std::chrono::steady_clock::time_point deadline);

}  // namespace dora::transport

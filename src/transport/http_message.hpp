#pragma once
// SPDX-License-Identifier: Apache-2.0
// Requests and answers of the control interface as plain values, for the server and the client.

#include <string>

namespace dora::transport {

struct HttpRequest {
  std::string method = "GET";
  /// Path and query as they were sent, e.g. "/v1/dataflows?status=running". Not decoded.
  std::string target = "/";
  std::string body{};
};

struct HttpResponse {
  int status = 200;
  std::string body{};
  std::string content_type = "application/json";

  bool is_success() const { return status >= 200 && status < 300; }
};

}  // namespace dora::transport

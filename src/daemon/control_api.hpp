#pragma once
// SPDX-License-Identifier: Apache-2.0
// The control interface of a daemon: turns HTTP requests into questions to the dataflows it runs,
// and their answers into JSON. docs/control-api.md is its manual. Holds no connections and no
// state: the server is transport/http_server.hpp, the dataflows are behind ControlTarget.

#include <cstdint>
#include <functional>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "daemon/engine.hpp"
#include "daemon/run_result.hpp"
#include "transport/http_message.hpp"

namespace dora::daemon {

/// Changes when a client of an older daemon would misunderstand it. History: 1 ping, list, stop.
inline constexpr int control_protocol = 1;

/// One dataflow as `dora list` shows it.
struct DataflowStatus {
  RunInfo run{};
  double cpu_percent = 0;  ///< of one core, of all processes, since the start
  std::uint64_t memory_bytes = 0;
};

/// What a control interface needs from the daemon that it speaks for.
class ControlTarget {
 public:
  virtual ~ControlTarget() = default;
  virtual std::vector<DataflowStatus> dataflows() const = 0;
  /// Stops the dataflow `run`; `on_ended` is called once it has ended, perhaps at once.
  virtual void stop(std::string_view run, const StopOptions& options,
                    std::function<void(Result<RunResult>)> on_ended) = 0;
};

class ControlApi {
 public:
  using Reply = std::function<void(transport::HttpResponse)>;

  /// `target` must outlive the object and every reply.
  explicit ControlApi(ControlTarget& target) : target_(target) {}

  /// Answers `request` through `reply`, at once or when what it asks for has happened.
  void answer(const transport::HttpRequest& request, Reply reply) const;

 private:
  void stop(std::string_view name, std::string_view body, Reply reply) const;

  ControlTarget& target_;
};

/// The answer that tells `error`, with the HTTP status of its kind.
transport::HttpResponse error_response(const Error& error);

/// The name of a kind in answers: "NotFound".
std::string_view to_string(ErrorKind kind);
/// Failed for an unknown name.
ErrorKind parse_error_kind(std::string_view name);

}  // namespace dora::daemon

#pragma once
// SPDX-License-Identifier: Apache-2.0
// Says which operator crashed, and where, before the process dies of it.

#include <string>

namespace dora::operators {

/// From now on, a fatal signal (SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT) writes the operator of
/// the thread and a stack to stderr; then it kills the process as it would have. Signals that
/// somebody else handles are left alone. Harmless the second time.
void report_crashes_of(const std::string& node_id);

/// Names the operator that runs on this thread.
class CrashScope {
 public:
  /// `operator_id` outlives the scope.
  explicit CrashScope(const std::string& operator_id);
  ~CrashScope();
  CrashScope(const CrashScope&) = delete;
  CrashScope& operator=(const CrashScope&) = delete;

 private:
  const char* outer_;
};

}  // namespace dora::operators

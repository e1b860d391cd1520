#pragma once
// SPDX-License-Identifier: Apache-2.0
// From a checked dataflow to what the engine runs.

#include <string>

#include "base/result.hpp"
#include "daemon/run_plan.hpp"
#include "dataflow/dataflow.hpp"

namespace dora::daemon {

/// The plan for one run of `dataflow`. Fails with Unsupported or InvalidInput when a node is of a
/// kind that has to be built first or that this version cannot run; the message names it.
Result<RunPlan> plan_run(const dataflow::Dataflow& dataflow, const RunOptions& options = {});

/// The dataflow as `dataflow_descriptor()` gives it: modules expanded, sources in their normal
/// form.
std::string describe_dataflow(const dataflow::Dataflow& dataflow);
/// What `node_config()` gives for one of its nodes.
std::string describe_node_config(const dataflow::Dataflow& dataflow, const dataflow::Node& node);

}  // namespace dora::daemon

#pragma once
// SPDX-License-Identifier: Apache-2.0
// From a checked dataflow to what the engine runs.

#include "base/result.hpp"
#include "daemon/node_places.hpp"
#include "daemon/run_plan.hpp"
#include "dataflow/dataflow.hpp"

namespace dora::daemon {

/// The plan for one run of `dataflow`. `places` is what a build has found out; use_places() does
/// the rest. Fails with Unsupported or InvalidInput when a node is of a kind that has to be built
/// first or that this version cannot run; the message names it.
Result<RunPlan> plan_run(const dataflow::Dataflow& dataflow, const RunOptions& options = {},
                         const NodePlaces& places = {});

}  // namespace dora::daemon

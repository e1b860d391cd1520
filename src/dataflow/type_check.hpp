#pragma once
// SPDX-License-Identifier: Apache-2.0
// Compares the type annotations at both ends of every edge. Pure; what it finds are warnings, or
// errors when types are strict.

#include <string>
#include <vector>

#include "dataflow/dataflow.hpp"
#include "dataflow/diagnostic.hpp"
#include "dataflow/type_library.hpp"

namespace dora::dataflow {

struct TypeReport {
  std::vector<Diagnostic> diagnostics;
  /// Inputs without annotation whose source has one: "inferred <type> on <node>/<input> (from
  /// <source>)".
  std::vector<std::string> inferred;
};

TypeReport check_types(const Dataflow& dataflow, const TypeLibrary& library, bool is_strict);

}  // namespace dora::dataflow

#pragma once
// SPDX-License-Identifier: Apache-2.0
// The JSON schema (draft-07) of dataflow files and of module files, for editors: made of the same
// key tables as the parser, so that neither knows a key that the other does not.

#include <string>

namespace dora::dataflow {

enum class SchemaOf { Dataflow, ModuleFile };

/// As JSON text.
std::string json_schema(SchemaOf what);

}  // namespace dora::dataflow

#pragma once
// SPDX-License-Identifier: Apache-2.0
// A JSON value as YAML, as a person would write it.

#include <string>

#include <boost/json/value.hpp>

namespace dora::cli {

/// Ends with a line end. Reading it gives the same value.
std::string yaml_text(const boost::json::value& value);

}  // namespace dora::cli

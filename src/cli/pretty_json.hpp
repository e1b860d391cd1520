#pragma once
// SPDX-License-Identifier: Apache-2.0
// JSON for people: indented by two spaces, short lists and maps on one line.

#include <string>

#include <boost/json/value.hpp>

namespace dora::cli {

/// Ends with a line end.
std::string pretty_json(const boost::json::value& value);

}  // namespace dora::cli

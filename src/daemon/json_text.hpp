#pragma once
// SPDX-License-Identifier: Apache-2.0
// JSON as people write it: on one line, without spaces, and with numbers like 0.5 rather than 5E-1.

#include <string>

#include <boost/json/value.hpp>

namespace dora::daemon {

std::string to_json_text(const boost::json::value& value);

}  // namespace dora::daemon

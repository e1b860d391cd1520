#pragma once
// SPDX-License-Identifier: Apache-2.0
// TOML 1.0, as far as hub.toml, pyproject.toml and Cargo.toml need it: everything but the check
// that dates and odd numbers are right, which become text.
//
// Debian 12 has toml++ 3.3.0, which would do this, too; but it runs into what it declares
// unreachable at `é = 1` and `[[[`, and puts no bound to how deep tables nest by dotted keys.

#include <string_view>

#include <boost/json/object.hpp>

#include "base/result.hpp"

namespace dora::hub {

/// Fails with InvalidInput, naming the line.
Result<boost::json::object> parse_toml(std::string_view text);

}  // namespace dora::hub

#pragma once
// SPDX-License-Identifier: Apache-2.0
// Names that are kept once and for ever, so that whoever holds one need not own it.

#include <string>
#include <string_view>

namespace dora::node {

/// The one string of this process that says `text`; never freed. For the ids of inputs: they are
/// few, every event shows one, and events may outlive their node.
const std::string& interned(std::string_view text);

}  // namespace dora::node

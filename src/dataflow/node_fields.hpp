#pragma once
// SPDX-License-Identifier: Apache-2.0
// Groups of keys of a node, each read into its value.

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "dataflow/fields.hpp"
#include "dataflow/node.hpp"
#include "dataflow/node_decoder.hpp"

namespace dora::dataflow {

/// Sets the id of `node`. The result is the id as written, also when it is not allowed.
std::string decode_node_id(const Decoder& decoder, const Fields& fields, Node& node);

std::optional<Deploy> decode_deploy(const Decoder& decoder, const Fields& fields,
                                    std::string_view key);
std::optional<GitSource> decode_git(const Decoder& decoder, const Fields& fields);
std::optional<HubSource> decode_hub(const Decoder& decoder, const Fields& fields);
/// Of what `source_key` names by URL.
std::optional<std::string> decode_checksum(const Decoder& decoder, const Fields& fields,
                                           std::string_view source_key, bool has_url);
RestartSettings decode_restart(const Fields& fields);
std::vector<std::uint32_t> decode_cores(const Decoder& decoder, const Fields& fields);
std::shared_ptr<ModuleUse> decode_module_use(const Decoder& decoder, const Fields& fields);

}  // namespace dora::dataflow

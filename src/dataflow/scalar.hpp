#pragma once
// SPDX-License-Identifier: Apache-2.0
// What a scalar of YAML 1.2 means: null, truth value, number or text; and the sizes and durations
// that dataflows write in them.

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "dataflow/yaml_document.hpp"

namespace dora::dataflow {

/// Whether `c` is an ASCII letter, a digit or `_`, whatever the locale.
constexpr bool is_word_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

enum class ScalarKind { Null, Bool, Integer, Float, String };

/// What `node`, a scalar, is. Quoted scalars are always text.
ScalarKind scalar_kind(const YamlNode& node);

/// For a scalar of kind Bool.
bool bool_value(const YamlNode& node);
/// For a scalar of kind Integer; nothing when it does not fit.
std::optional<std::int64_t> integer_value(const YamlNode& node);
std::optional<std::uint64_t> unsigned_value(const YamlNode& node);
/// For a scalar of kind Integer or Float.
double float_value(const YamlNode& node);

/// A number as shells and programs expect it in an environment variable: `16` for `0x10`, `1` for
/// `1.0`, no exponent.
std::string number_text(const YamlNode& node);

/// "a list", "a map", "the number `5`", "the text `abc`", "nothing".
std::string describe(const YamlNode& node);

/// `8388608`, `64MB`, `1.5 G`: powers of 1024, in bytes. The units are B, K, KB, M, MB, G and GB in
/// either case.
Result<std::uint64_t> parse_size(std::string_view text);

/// Nothing when `seconds` is negative, not finite, or longer than a century.
std::optional<std::chrono::nanoseconds> to_duration(double seconds);

/// A finite decimal number without sign, e.g. `0.5`, `30`, `1e3`.
std::optional<double> parse_decimal(std::string_view text);

}  // namespace dora::dataflow

// SPDX-License-Identifier: Apache-2.0
#include "dataflow/environment.hpp"

#include <algorithm>
#include <cstdlib>
#include <optional>

#include <fmt/format.h>

#include "dataflow/scalar.hpp"

namespace dora::dataflow {
namespace {

constexpr std::string_view reserved[] = {"LD_PRELOAD",
                                         "LD_AUDIT",
                                         "LD_LIBRARY_PATH",
                                         "DYLD_LIBRARY_PATH",
                                         "DYLD_INSERT_LIBRARIES",
                                         "DORA_AUTH_TOKEN",
                                         "DORA_ALLOW_SHELL_NODES",
                                         "DORA_NODE_CONFIG",
                                         "DORA_RUNTIME_CONFIG",
                                         "DORA_RUN_PARENT_PID",
                                         "ZENOH_CONFIG"};

constexpr std::string_view path_variables[] = {"HOME", "USER", "DORA_WORKSPACE",
                                               "CARGO_MANIFEST_DIR", "PWD"};

bool starts_name(char c) {
  return is_word_character(c) && (c < '0' || c > '9');
}

bool is_variable_name(std::string_view name) {
  auto is_odd = [](char c) {
    return c == '=' || c == '\0' || c == ' ' || (c >= '\t' && c <= '\r');
  };
  return !name.empty() && !std::ranges::any_of(name, is_odd);
}

struct Reference {
  std::string name;
  std::optional<std::string_view> fallback;
  /// Of the whole reference, from its `$`.
  std::size_t length;
};

// The reference at `from` in `text`; nothing when it is just a dollar. `last_brace` is where the
// last `}` of the text is: without one after `from` there is no need to search to the end.
std::optional<Reference> read_reference(std::string_view text, std::size_t from,
                                        std::size_t last_brace) {
  bool can_close = last_brace != std::string_view::npos && last_brace > from;
  text = text.substr(from);
  if (text.size() < 2 || (text[1] == '{' && !can_close)) return std::nullopt;
  bool has_brace = text[1] == '{';
  std::size_t begin = has_brace ? 2 : 1;
  std::size_t end = begin;
  while (end < text.size() && is_word_character(text[end]))
    ++end;
  if (end == begin || !starts_name(text[begin])) return std::nullopt;
  Reference reference{std::string(text.substr(begin, end - begin)), std::nullopt, end};
  if (!has_brace) return reference;
  if (text.substr(end).starts_with(":-")) {
    std::size_t close = text.find('}', end);
    if (close == std::string_view::npos) return std::nullopt;
    reference.fallback = text.substr(end + 2, close - end - 2);
    end = close;
  } else if (!text.substr(end).starts_with('}')) {
    return std::nullopt;
  }
  reference.length = end + 1;
  return reference;
}

std::optional<std::string> look_up(const EnvironmentLookup& environment, const std::string& name) {
  return environment ? environment(name) : std::nullopt;
}

// `{__dora_env: NAME}`: the variable of the host; nothing when it is not that.
const YamlNode* host_variable(const YamlNode& value) {
  if (!value.is_mapping() || value.children.size() != 2) return nullptr;
  return value.children[0]->text == "__dora_env" ? value.children[1] : nullptr;
}

std::optional<EnvironmentValue> decode_value(const Decoder& decoder, const YamlNode& key,
                                             const YamlNode& value, const std::string& what) {
  if (const YamlNode* variable = host_variable(value)) {
    auto name = text_of(decoder, *variable, "`__dora_env` of " + what);
    if (!name) return std::nullopt;
    if (auto text = look_up(decoder.environment, *name)) return EnvironmentValue{.text = *text};
    decoder.report.add(variable->at,
                       {.code = "W004",
                        .message = fmt::format("{} is left out: the variable `{}` is not set", what,
                                               shown(*name))});
    return std::nullopt;
  }
  ScalarKind kind = value.is_scalar() ? scalar_kind(value) : ScalarKind::Null;
  switch (kind) {
    case ScalarKind::Bool:
      return EnvironmentValue{bool_value(value) ? "true" : "false", EnvironmentValue::Kind::Bool};
    case ScalarKind::Integer:
      return EnvironmentValue{number_text(value), EnvironmentValue::Kind::Integer};
    case ScalarKind::Float:
      return EnvironmentValue{number_text(value), EnvironmentValue::Kind::Float};
    case ScalarKind::Null: {
      std::string help = value.is_null() ? "write \"\" for an empty text" : "";
      if (key.text == "<<") help = "merge keys are not applied; write the keys out";
      decoder.report.add(
          value.at, {.code = "E006",
                     .message = fmt::format("{} must be a text, a number or a truth value, not {}",
                                            what, describe(value)),
                     .help = std::move(help)});
      return std::nullopt;
    }
    case ScalarKind::String:
      break;
  }
  auto text = expand_variables(value.text, decoder.environment);
  if (text) return EnvironmentValue{.text = std::move(*text)};
  decoder.report.add(value.at,
                     {.code = "E022",
                      .message = fmt::format("{}: {}", what, text.error().message),
                      .help = "set it, or give a default: ${NAME:-default}; a `$` itself is `$$`"});
  return std::nullopt;
}

}  // namespace

bool is_reserved_variable(std::string_view name) {
  return !is_variable_name(name) || name.starts_with("DORA_ZENOH_") ||
         std::ranges::find(reserved, name) != std::end(reserved);
}

Result<std::string> expand_variables(std::string_view text, const EnvironmentLookup& environment) {
  std::string result;
  std::size_t last_brace = text.rfind('}');
  for (std::size_t i = 0; i < text.size();) {
    if (text[i] != '$') {
      result += text[i++];
      continue;
    }
    if (text.substr(i).starts_with("$$")) {
      result += '$';
      i += 2;
      continue;
    }
    auto reference = read_reference(text, i, last_brace);
    if (!reference) {
      result += text[i++];
      continue;
    }
    auto value = look_up(environment, reference->name);
    if (!value && reference->fallback) value = std::string(*reference->fallback);
    if (!value) {
      return fail(ErrorKind::InvalidInput,
                  fmt::format("the environment variable `{}` is not set", shown(reference->name)));
    }
    result += *value;
    i += reference->length;
  }
  return result;
}

Environment decode_environment(const Decoder& decoder, const Fields& fields) {
  Environment result;
  const YamlNode* map = fields.map("env");
  if (!map) return result;
  for (auto [key, value] : entries_of(*map)) {
    std::string what = fmt::format("`env` variable `{}` of {}", shown(key->text), fields.where());
    if (is_reserved_variable(key->text)) {
      decoder.report.add(key->at, {.code = "W003",
                                   .message = fmt::format("{} is left out: {}", what,
                                                          is_variable_name(key->text)
                                                              ? "dora reserves the name"
                                                              : "no variable can have this name")});
      continue;
    }
    if (auto decoded = decode_value(decoder, *key, *value, what)) {
      result.try_emplace(key->text, std::move(*decoded));
    }
  }
  return result;
}

std::string expand_path(std::string_view path, const EnvironmentLookup& environment,
                        std::string* kept) {
  std::string result;
  std::size_t last_brace = path.rfind('}');
  for (std::size_t i = 0; i < path.size();) {
    auto reference = path[i] == '$' ? read_reference(path, i, last_brace) : std::nullopt;
    if (!reference) {
      result += path[i++];
      continue;
    }
    bool is_known = std::ranges::find(path_variables, reference->name) != std::end(path_variables);
    auto value = is_known ? look_up(environment, reference->name) : std::nullopt;
    if (!value && kept && kept->empty()) *kept = reference->name;
    result += value ? *value : std::string(path.substr(i, reference->length));
    i += reference->length;
  }
  return result;
}

EnvironmentLookup process_environment() {
  return [](const std::string& name) -> std::optional<std::string> {
    const char* value = std::getenv(name.c_str());
    return value ? std::optional<std::string>(value) : std::nullopt;
  };
}

}  // namespace dora::dataflow

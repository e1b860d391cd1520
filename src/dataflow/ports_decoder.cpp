// SPDX-License-Identifier: Apache-2.0
#include "dataflow/ports_decoder.hpp"

#include <algorithm>
#include <tuple>

#include <fmt/format.h>

#include "dataflow/scalar.hpp"
#include "dataflow/source_syntax.hpp"

namespace dora::dataflow {
namespace {

// The daemon makes rings of this many slots at most.
constexpr std::uint32_t largest_queue = 1u << 20;

constexpr std::pair<std::string_view, QueuePolicy> queue_policies[] = {
    {"drop_oldest", QueuePolicy::DropOldest}, {"backpressure", QueuePolicy::Backpressure}};

std::optional<DataId> port_id(const Decoder& decoder, const YamlNode& key, std::string_view what) {
  auto id = DataId::parse(key.text);
  if (id) return std::move(*id);
  decoder.report.add(
      key.at, {.code = "E009",
               .message = fmt::format("{} `{}` is not allowed: {}", what, shown(key.text),
                                      id.error().message),
               .help = key.text == "<<" ? "merge keys are not applied; write the keys out" : ""});
  return std::nullopt;
}

std::optional<Input> decode_input(const Decoder& decoder, const YamlNode& key,
                                  const YamlNode& value, const std::string& where) {
  auto id = port_id(decoder, key, fmt::format("the input id in {}", where));
  if (!id) return std::nullopt;
  Input input;
  input.id = std::move(*id);
  input.id_location = key.at;
  std::string what = fmt::format("input `{}` of {}", input.id.text(), where);
  if (!value.is_mapping()) {
    if (!value.is_scalar() || scalar_kind(value) != ScalarKind::String) {
      decoder.report.add(
          value.at, {.code = "E006",
                     .message = fmt::format("{} must be a source, not {}", what, describe(value)),
                     .help = "write `<node>/<output>`, or a map with `source`"});
      return std::nullopt;
    }
    input.source_text = value.text;
    input.location = value.at;
    return input;
  }
  Fields fields(decoder, value, input_keys, what);
  const YamlNode* source = fields.find("source");
  auto text = fields.text("source");
  if (!source) fields.require("source");
  input.queue_size = fields.number("queue_size", 0, largest_queue);
  input.queue_policy = fields.word("queue_policy", queue_policies);
  input.input_timeout = fields.duration("input_timeout", Fields::Zero::Refused);
  if (!source || !text) return std::nullopt;
  input.source_text = std::move(*text);
  input.location = source->at;
  return input;
}

std::map<DataId, TypeAnnotation> decode_types(const Decoder& decoder, const Fields& fields,
                                              std::string_view key) {
  std::map<DataId, TypeAnnotation> types;
  const YamlNode* map = fields.map(key);
  if (!map) return types;
  for (auto [name, value] : entries_of(*map)) {
    std::string what = fmt::format("`{}` of {}", key, fields.where());
    auto id = port_id(decoder, *name, fmt::format("the id in {}", what));
    auto urn = text_of(decoder, *value, fmt::format("`{}` in {}", shown(name->text), what));
    if (id && urn) types.try_emplace(std::move(*id), TypeAnnotation{std::move(*urn), value->at});
  }
  return types;
}

std::map<DataId, OutputFraming> decode_framing(const Decoder& decoder, const Fields& fields) {
  std::map<DataId, OutputFraming> framing;
  const YamlNode* map = fields.map("output_framing");
  if (!map) return framing;
  for (auto [name, value] : entries_of(*map)) {
    auto id = port_id(decoder, *name, "the id in `output_framing` of " + fields.where());
    bool is_raw = value->is_scalar() && value->text == "raw";
    if (!is_raw && !(value->is_scalar() && value->text == "arrow-ipc")) {
      decoder.report.add(value->at, {.code = "E007",
                                     .message = fmt::format(
                                         "the framing of `{}` must be `raw` or `arrow-ipc`, not {}",
                                         shown(name->text), describe(*value))});
      continue;
    }
    if (id) framing.try_emplace(*id, is_raw ? OutputFraming::Raw : OutputFraming::ArrowIpc);
  }
  return framing;
}

std::map<DataId, std::vector<std::string>> decode_metadata(const Decoder& decoder,
                                                           const Fields& fields) {
  std::map<DataId, std::vector<std::string>> metadata;
  const YamlNode* map = fields.map("output_metadata");
  if (!map) return metadata;
  for (auto [name, value] : entries_of(*map)) {
    std::string what = "`output_metadata` of " + fields.where();
    auto id = port_id(decoder, *name, "the id in " + what);
    if (!value->is_sequence() && !value->is_null()) {
      decoder.report.add(value->at,
                         {.code = "E006",
                          .message = fmt::format("`{}` in {} must be a list of keys, not {}",
                                                 shown(name->text), what, describe(*value))});
      continue;
    }
    std::vector<std::string> keys;
    for (const YamlNode* item : value->children) {
      if (auto text = text_of(decoder, *item, "a key in " + what)) keys.push_back(*text);
    }
    if (id) metadata.try_emplace(*id, std::move(keys));
  }
  return metadata;
}

}  // namespace

std::vector<Input> decode_inputs(const Decoder& decoder, const Fields& fields) {
  std::vector<Input> inputs;
  const YamlNode* map = fields.map("inputs");
  if (!map) return inputs;
  for (auto [key, value] : entries_of(*map)) {
    if (auto input = decode_input(decoder, *key, *value, fields.where())) {
      inputs.push_back(std::move(*input));
    }
  }
  // Twice the same key was reported when the file was read; the first one counts.
  std::ranges::sort(inputs, [](const Input& a, const Input& b) {
    return std::tie(a.id, a.id_location.offset) < std::tie(b.id, b.id_location.offset);
  });
  auto repeated = std::ranges::unique(inputs, {}, &Input::id);
  inputs.erase(repeated.begin(), repeated.end());
  return inputs;
}

std::vector<Output> decode_outputs(const Decoder& decoder, const Fields& fields) {
  std::vector<Output> outputs;
  for (const YamlNode* item : fields.list("outputs")) {
    auto id = data_id_of(decoder, *item, "an output of " + fields.where());
    if (id) outputs.push_back({std::move(*id), item->at});
  }
  std::ranges::sort(outputs, [](const Output& a, const Output& b) {
    return std::tie(a.id, a.location.offset) < std::tie(b.id, b.location.offset);
  });
  auto repeated = std::ranges::unique(outputs, {}, &Output::id);
  outputs.erase(repeated.begin(), repeated.end());
  return outputs;
}

Ports decode_ports(const Decoder& decoder, const Fields& fields) {
  Ports ports;
  ports.inputs = decode_inputs(decoder, fields);
  ports.outputs = decode_outputs(decoder, fields);
  ports.input_types = decode_types(decoder, fields, "input_types");
  ports.output_types = decode_types(decoder, fields, "output_types");
  ports.output_framing = decode_framing(decoder, fields);
  ports.output_metadata = decode_metadata(decoder, fields);
  ports.pattern = fields.text("pattern");
  return ports;
}

LogSettings decode_log_settings(const Decoder& decoder, const Fields& fields) {
  LogSettings log;
  log.send_stdout_as = fields.data_id("send_stdout_as");
  log.send_logs_as = fields.data_id("send_logs_as");
  log.max_log_size = fields.size("max_log_size");
  log.max_rotated_files = fields.number("max_rotated_files", 0, 100);
  if (const YamlNode* level = fields.find("min_log_level")) {
    auto text = text_of(decoder, *level, "`min_log_level` of " + fields.where());
    if (text) log.min_log_level = parse_log_level(*text);
    if (text && !log.min_log_level) {
      std::vector<std::string> names{"error", "warn", "info", "debug", "trace", "stdout"};
      auto meant = decoder.report.closest(*text, names);
      fields.bad_value("min_log_level", *level,
                       "one of `error`, `warn`, `info`, `debug`, `trace`, `stdout`",
                       meant ? fmt::format("did you mean `{}`?", *meant) : "");
    }
  }
  return log;
}

}  // namespace dora::dataflow

// SPDX-License-Identifier: Apache-2.0
#include "dataflow/operator_decoder.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "dataflow/node_fields.hpp"
#include "dataflow/ports_decoder.hpp"
#include "dataflow/scalar.hpp"
#include "dataflow/source_syntax.hpp"

namespace dora::dataflow {
namespace {

constexpr std::pair<std::string_view, OperatorLanguage> languages[] = {
    {"python", OperatorLanguage::Python},
    {"shared-library", OperatorLanguage::SharedLibrary},
    {"wasm", OperatorLanguage::Wasm}};

constexpr std::pair<std::string_view, OperatorThread> threads[] = {
    {"shared", OperatorThread::Shared}, {"own", OperatorThread::Own}};

void decode_source(const Decoder& decoder, const Fields& fields, Operator& result) {
  std::vector<std::string_view> given;
  for (const auto& [key, language] : languages) {
    if (!fields.has(key)) continue;
    given.push_back(key);
    result.language = language;
  }
  if (given.size() != 1) {
    bool is_misspelt = std::ranges::any_of(
        languages, [&](const auto& language) { return fields.probably_has(language.first); });
    if (given.empty() && is_misspelt) return;
    decoder.report.add(given.empty() ? fields.location() : fields.key_location(given[1]),
                       {.code = "E025",
                        .message = fmt::format(
                            "{} {}", fields.where(),
                            given.empty() ? "says not what it runs" : "has more than one source"),
                        .help = "give exactly one of `python`, `shared-library` and `wasm`"});
    return;
  }
  const YamlNode& value = *fields.find(given[0]);
  result.location = value.at;
  if (result.language == OperatorLanguage::Python && value.is_mapping()) {
    Fields python(decoder, value, python_operator_keys, "`python` of " + fields.where());
    if (!python.has("source")) python.require("source");
    result.source = python.text("source").value_or("");
    result.conda_env = python.text("conda_env");
    if (const YamlNode* source = python.find("source")) result.location = source->at;
  } else {
    result.source = fields.text(given[0]).value_or("");
  }
  result.sha256 = decode_checksum(decoder, fields, given[0], is_url(result.source));
  if (result.language != OperatorLanguage::SharedLibrary || is_url(result.source)) return;
  std::string_view name = result.source;
  name = name.substr(name.rfind('/') + 1);
  if (name.starts_with("lib") || name.ends_with(".so") || name.ends_with(".dll") ||
      name.ends_with(".dylib")) {
    std::string_view stem = name.starts_with("lib") && name.size() > 3 ? name.substr(3) : name;
    decoder.report.add(
        value.at,
        {.code = "E025",
         .message = fmt::format("`shared-library` of {} is written without `lib` and extension",
                                fields.where()),
         .help = fmt::format(
             "write `{}{}`",
             shown(std::string_view(result.source).substr(0, result.source.size() - name.size())),
             shown(stem.substr(0, stem.rfind('.'))))});
  }
}

std::string decode_id(const Decoder& decoder, const Fields& fields, bool is_single) {
  auto text = fields.text("id");
  if (!text) {
    if (!is_single && !fields.has("id")) fields.require("id");
    return is_single ? "op" : "";
  }
  // It becomes part of the ids of ports.
  auto checked = DataId::parse(*text);
  if (checked && !text->contains('/')) return *text;
  decoder.report.add(
      fields.find("id")->at,
      {.code = "E009",
       .message = fmt::format("the operator id `{}` is not allowed: {}", shown(*text),
                              checked ? "it must not contain '/'" : checked.error().message)});
  return "";
}

Operator decode_operator(const Decoder& decoder, const YamlNode& yaml, const std::string& where,
                         bool is_single) {
  Operator result;
  Fields fields(decoder, yaml, operator_keys, where);
  result.id = decode_id(decoder, fields, is_single);
  result.location = yaml.at;
  result.name = fields.text("name");
  result.description = fields.text("description");
  decode_source(decoder, fields, result);
  result.thread = fields.word("thread", threads).value_or(OperatorThread::Shared);
  result.build = fields.text("build");
  result.ports = decode_ports(decoder, fields);
  result.log = decode_log_settings(decoder, fields);
  result.restart = decode_restart(fields);
  return result;
}

// Node-level ports belong to the only operator. The guide writes a single operator's ports there;
// builders write them beside a list of one.
void take_node_ports(const Decoder& decoder, const Fields& fields, const YamlNode& yaml,
                     Operator& only, bool is_single) {
  for (std::string_view key : {"inputs", "outputs"}) {
    // An empty one says nothing.
    const YamlNode* value = fields.find(key);
    if (!value || (!value->is_scalar() && value->children.empty())) continue;
    auto entries = entries_of(yaml);
    bool is_in_both = std::ranges::any_of(entries, [&](const auto& entry) {
      return entry.first->text == key && !entry.second->is_null();
    });
    if (is_in_both) {
      decoder.report.add(fields.key_location(key),
                         {.code = "E008",
                          .message = fmt::format("`{}` stands both in {} and in its operator", key,
                                                 fields.where()),
                          .help = "keep the one in the operator"});
      continue;
    }
    if (!is_single) {
      decoder.report.add(fields.key_location(key),
                         {.code = "W008",
                          .message = fmt::format("`{}` of {} was moved into its only operator", key,
                                                 fields.where()),
                          .help = "write it in the operator"});
    }
    if (key == "inputs") only.ports.inputs = decode_inputs(decoder, fields);
    if (key == "outputs") only.ports.outputs = decode_outputs(decoder, fields);
  }
}

std::optional<DataId> prefixed(const Decoder& decoder, const Operator& owner, const DataId& id,
                               Location at) {
  auto result = DataId::parse(owner.id + "/" + id.text());
  if (result) return std::move(*result);
  decoder.report.add(at, {.code = "E009",
                          .message = fmt::format("`{}/{}` is too long: {}", shown(owner.id),
                                                 shown(id.text()), result.error().message)});
  return std::nullopt;
}

// What the one process of several operators does with its log: the setting of the operator that
// has one.
void gather_log_settings(const Decoder& decoder, Node& node) {
  auto take = [&](auto LogSettings::* setting, std::string_view key) {
    const Operator* first = nullptr;
    for (const Operator& each : node.operators) {
      if (!(each.log.*setting)) continue;
      if (first) {
        decoder.report.add(each.location,
                           {.code = "E025",
                            .message = fmt::format("both operator `{}` and operator `{}` of node "
                                                   "`{}` set `{}`",
                                                   first->id, each.id, node.id.text(), key),
                            .help = "they share one process; keep one of the two"});
        return;
      }
      first = &each;
      node.log.*setting = each.log.*setting;
    }
    if constexpr (std::is_same_v<decltype(setting), std::optional<DataId> LogSettings::*>) {
      if (first) {
        node.log.*setting = prefixed(decoder, *first, *(first->log.*setting), first->location);
      }
    }
  };
  take(&LogSettings::send_stdout_as, "send_stdout_as");
  take(&LogSettings::send_logs_as, "send_logs_as");
  take(&LogSettings::min_log_level, "min_log_level");
  take(&LogSettings::max_log_size, "max_log_size");
  take(&LogSettings::max_rotated_files, "max_rotated_files");
  if (node.log.send_stdout_as && node.operators.size() > 1) {
    decoder.report.add(node.location,
                       {.code = "W007",
                        .message = fmt::format("`send_stdout_as` sends what any of the {} "
                                               "operators of node `{}` prints",
                                               node.operators.size(), node.id.text())});
  }
}

void gather_restart_settings(const Decoder& decoder, Node& node) {
  const Operator* first = nullptr;
  for (const Operator& each : node.operators) {
    if (each.restart == RestartSettings{}) continue;
    if (first) {
      return decoder.report.add(
          each.location,
          {.code = "E025",
           .message = fmt::format("both operator `{}` and operator `{}` of node `{}` say when it "
                                  "is started again",
                                  first->id, each.id, node.id.text()),
           .help = "they share one process; keep the keys of one of the two"});
    }
    first = &each;
    node.restart = each.restart;
  }
}

}  // namespace

void decode_operators(const Decoder& decoder, const Fields& fields, Node& node) {
  node.kind = NodeKind::Operators;
  std::vector<const YamlNode*> items;
  if (const YamlNode* single = fields.map("operator")) {
    node.is_single_operator = true;
    items.push_back(single);
  } else {
    items = fields.list("operators");
    if (items.empty() && fields.has("operators") && fields.find("operators")->is_sequence()) {
      decoder.report.add(
          fields.key_location("operators"),
          {.code = "E025", .message = fmt::format("`operators` of {} is empty", fields.where())});
    }
  }
  std::vector<const YamlNode*> accepted;
  for (const YamlNode* item : items) {
    if (!item->is_mapping()) {
      decoder.report.add(item->at, {.code = "E006",
                                    .message = fmt::format("an operator of {} must be a map, not "
                                                           "{}",
                                                           fields.where(), describe(*item)),
                                    .help = "an operator begins with `- id: <name>`"});
      continue;
    }
    std::string id = item->text_of("id");
    std::string name = id.empty() ? fmt::format("operator number {}", node.operators.size() + 1)
                                  : fmt::format("operator `{}`", shown(id));
    if (node.is_single_operator) name = "the operator";
    std::string where = name + " of " + fields.where();
    Operator decoded = decode_operator(decoder, *item, where, node.is_single_operator);
    bool is_repeated =
        std::ranges::find(node.operators, decoded.id, &Operator::id) != node.operators.end();
    if (is_repeated && !decoded.id.empty()) {
      decoder.report.add(item->at, {.code = "E025",
                                    .message = fmt::format("two operators of {} have the id `{}`",
                                                           fields.where(), decoded.id)});
    }
    node.operators.push_back(std::move(decoded));
    accepted.push_back(item);
  }
  if (node.operators.size() == 1) {
    take_node_ports(decoder, fields, *accepted[0], node.operators[0], node.is_single_operator);
  }
  gather_log_settings(decoder, node);
  gather_restart_settings(decoder, node);
}

void gather_operator_ports(const Decoder& decoder, Node& node) {
  Ports& all = node.ports;
  all = {};
  for (const Operator& each : node.operators) {
    if (each.id.empty()) continue;
    for (const Input& input : each.ports.inputs) {
      auto id = prefixed(decoder, each, input.id, input.location);
      if (!id) continue;
      all.inputs.push_back(input);
      all.inputs.back().id = std::move(*id);
    }
    for (const Output& output : each.ports.outputs) {
      auto id = prefixed(decoder, each, output.id, output.location);
      if (id) all.outputs.push_back({std::move(*id), output.location});
    }
    auto gather = [&](const auto& from, auto& to) {
      for (const auto& [key, value] : from) {
        if (auto id = DataId::parse(each.id + "/" + key.text())) to.try_emplace(*id, value);
      }
    };
    gather(each.ports.input_types, all.input_types);
    gather(each.ports.output_types, all.output_types);
    gather(each.ports.output_framing, all.output_framing);
    gather(each.ports.output_metadata, all.output_metadata);
  }
  std::ranges::sort(all.inputs, {}, &Input::id);
  std::ranges::sort(all.outputs, {}, &Output::id);
}

}  // namespace dora::dataflow

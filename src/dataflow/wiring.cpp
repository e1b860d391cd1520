// SPDX-License-Identifier: Apache-2.0
#include "dataflow/wiring.hpp"

#include <algorithm>
#include <unordered_map>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/spelling.hpp"
#include "dataflow/operator_decoder.hpp"
#include "dataflow/source_syntax.hpp"

namespace dora::dataflow {
namespace {

// Lists in labels show this many names.
constexpr std::size_t names_shown = 8;

std::string list_text(const std::vector<std::string>& names) {
  std::size_t count = std::min(names.size(), names_shown);
  return fmt::format("{}{}", fmt::join(names.begin(), names.begin() + std::ptrdiff_t(count), ", "),
                     count < names.size() ? ", …" : "");
}

std::string without_blanks(std::string_view text) {
  std::string result = shown(text);
  std::erase(result, ' ');
  return result;
}

std::vector<std::string> output_names(const Node& node) {
  std::vector<std::string> names;
  for (const Output& output : node.ports.outputs) {
    std::string_view text = output.id.text();
    // A single operator is addressed without its id.
    if (node.is_single_operator) text = text.substr(text.find('/') + 1);
    names.emplace_back(text);
  }
  return names;
}

class Wiring {
 public:
  Wiring(const Decoder& decoder, const std::vector<NodeDraft>& drafts)
      : decoder_(decoder), drafts_(drafts) {
    for (const NodeDraft& draft : drafts_) {
      if (draft.written_id.empty()) continue;
      names_.push_back(draft.written_id);
      auto [known, is_new] = by_id_.emplace(draft.written_id, &draft);
      if (!is_new && !draft.node.id.is_empty()) {
        decoder_.report.add(
            draft.node.location,
            {.code = "E010",
             .message = fmt::format("two nodes have the id `{}`", shown(draft.written_id)),
             .label = first_place(*known->second),
             .help = "rename one of them, and the inputs that read it"});
      }
    }
  }

  // The source of `input`; nothing, and a report, when there is no such thing.
  std::optional<InputSource> resolve(const Input& input, const std::string& reader) const {
    const std::string& text = input.source_text;
    if (is_builtin_source(text)) return resolve_builtin(input, reader);
    auto parts = split_source(text);
    if (!parts || parts->node.empty() || parts->output.empty()) {
      return wrong_form(input, reader);
    }
    auto found = by_id_.find(std::string(parts->node));
    if (found == by_id_.end()) return unknown_node(input, reader, *parts);
    const NodeDraft& draft = *found->second;
    const Node& node = draft.node;
    // What is wrong with that node was reported there.
    if (node.id.is_empty()) return std::nullopt;
    auto output = DataId::parse(parts->output);
    const Output* sent = output ? find_output(node, *output) : nullptr;
    if (sent) {
      OutputSource source{node.id, sent->id};
      if (node.kind != NodeKind::Timer) return source;
      TimerSource timer;
      timer.interval = node.timer_interval;
      timer.node_output = std::move(source);
      return timer;
    }
    if (draft.has_known_outputs) report_unknown_output(input, reader, node, *parts);
    return std::nullopt;
  }

 private:
  std::string first_place(const NodeDraft& first) const {
    const Location& at = first.node.location;
    const SourceText& source = *decoder_.report.sources()[at.source];
    return fmt::format("the first one is in line {}", source.line_of(at.offset));
  }

  // The id of the input, when its line does not show it.
  std::string input_name(const Input& input) const {
    const SourceText& source = *decoder_.report.sources()[input.location.source];
    bool is_visible =
        input.location.source == input.id_location.source &&
        source.line_of(input.location.offset) == source.line_of(input.id_location.offset);
    return is_visible ? "" : fmt::format(" (input `{}`)", input.id.text());
  }

  std::string reads(const Input& input, const std::string& reader) const {
    return fmt::format("{}{} reads `{}`", reader, input_name(input), shown(input.source_text));
  }

  static const Output* find_output(const Node& node, const DataId& id) {
    if (node.is_single_operator && node.operators.size() == 1) {
      auto prefixed = DataId::parse(node.operators[0].id + "/" + id.text());
      if (prefixed) {
        if (const Output* output = node.ports.find_output(*prefixed)) return output;
      }
    }
    return node.ports.find_output(id);
  }

  std::optional<InputSource> resolve_builtin(const Input& input, const std::string& reader) const {
    auto source = parse_builtin_source(input.source_text);
    if (!source) {
      Remark remark = std::move(source.error());
      remark.message += fmt::format(" ({}{})", reader, input_name(input));
      decoder_.report.add(input.location, std::move(remark));
      return std::nullopt;
    }
    const LogSource* logs = std::get_if<LogSource>(&*source);
    if (logs && logs->node && !by_id_.contains(logs->node->text())) {
      decoder_.report.add(input.location,
                          {.code = "W009",
                           .message = fmt::format("{}, but there is no node `{}`",
                                                  reads(input, reader), logs->node->text())});
    }
    return *source;
  }

  // `camera.image`, `camera:image` and the like, when that is an output; else empty.
  std::string with_slash(const std::string& text) const {
    for (std::size_t i = text.find_first_of(".:\\ >"); i != std::string::npos;
         i = text.find_first_of(".:\\ >", i + 1)) {
      const auto found = by_id_.find(text.substr(0, i));
      if (found == by_id_.end()) continue;
      const std::size_t begin = std::min(text.find_first_not_of(".:\\ >-", i), text.size());
      const std::string output = text.substr(begin);
      const auto names = output_names(found->second->node);
      if (std::ranges::find(names, output) != names.end()) return found->first + "/" + output;
    }
    return "";
  }

  std::optional<InputSource> wrong_form(const Input& input, const std::string& reader) const {
    std::string help = "built in are `dora/timer/<unit>/<value>` and `dora/logs`";
    auto node = by_id_.find(input.source_text);
    if (node != by_id_.end()) {
      auto outputs = output_names(node->second->node);
      if (!outputs.empty()) help = fmt::format("did you mean `{}/{}`?", node->first, outputs[0]);
    }
    if (const std::string meant = with_slash(input.source_text); !meant.empty())
      help = fmt::format("did you mean `{}`?", meant);
    decoder_.report.add(input.location,
                        {.code = "E012",
                         .message = fmt::format("{}, but a source is written `<node>/<output>`",
                                                reads(input, reader)),
                         .help = std::move(help)});
    return std::nullopt;
  }

  std::optional<InputSource> unknown_node(const Input& input, const std::string& reader,
                                          const NodeAndOutput& parts) const {
    auto meant = decoder_.report.closest(parts.node, names_);
    std::string help =
        meant ? fmt::format("did you mean `{}/{}`?", *meant, without_blanks(parts.output)) : "";
    // `timer/millis/100`, `Dora/timer/millis/100`.
    for (const std::string_view before : {"dora/", "dora/timer/"}) {
      const std::string text = to_lower(input.source_text);
      const std::string whole =
          std::string(before) + text.substr(text.starts_with("dora/") ? 5 : 0);
      if (parse_builtin_source(whole)) help = fmt::format("did you mean `{}`?", shown(whole));
    }
    decoder_.report.add(
        input.location,
        {.code = "E011",
         .message =
             fmt::format("{}, but there is no node `{}`", reads(input, reader), shown(parts.node)),
         .label = help.empty() ? fmt::format("the nodes are: {}", list_text(names_)) : "",
         .help = std::move(help)});
    return std::nullopt;
  }

  void report_unknown_output(const Input& input, const std::string& reader, const Node& node,
                             const NodeAndOutput& parts) const {
    std::vector<std::string> names = output_names(node);
    bool is_runtime = node.kind == NodeKind::Operators && !node.is_single_operator;
    if (is_runtime && !parts.output.contains('/')) {
      auto fitting = std::ranges::find_if(names, [&](const std::string& name) {
        return name.ends_with("/" + std::string(parts.output));
      });
      decoder_.report.add(
          input.location,
          {.code = "E014",
           .message = fmt::format("{}, but outputs of `{}` are written "
                                  "`{}/<operator>/<output>`",
                                  reads(input, reader), node.id.text(), node.id.text()),
           .label = fmt::format("outputs of `{}`: {}", node.id.text(), list_text(names)),
           .help = fitting != names.end()
                       ? fmt::format("did you mean `{}/{}`?", node.id.text(), *fitting)
                       : ""});
      return;
    }
    std::string_view wanted = parts.output;
    auto meant = decoder_.report.closest(wanted, names);
    std::string operator_id(wanted.substr(0, wanted.find('/')));
    bool has_operator = !is_runtime || std::ranges::find(node.operators, operator_id,
                                                         &Operator::id) != node.operators.end();
    decoder_.report.add(
        input.location,
        {.code = has_operator ? "E013" : "E014",
         .message = fmt::format("{}, but `{}` has no {} `{}`", reads(input, reader), node.id.text(),
                                has_operator ? "output" : "operator",
                                shown(has_operator ? wanted : operator_id)),
         .label = names.empty()
                      ? fmt::format("`{}` has no outputs", node.id.text())
                      : fmt::format("outputs of `{}`: {}", node.id.text(), list_text(names)),
         .help = meant ? fmt::format("did you mean `{}/{}`?", node.id.text(), *meant)
                 : names.empty() && node.kind == NodeKind::Program
                     ? fmt::format("if it sends that, give it `outputs: [{}]`", shown(wanted))
                     : ""});
  }

  const Decoder& decoder_;
  const std::vector<NodeDraft>& drafts_;
  std::unordered_map<std::string, const NodeDraft*> by_id_;
  std::vector<std::string> names_;
};

// What the source names, whether it exists or not.
std::optional<InputSource> named_source(const std::string& text) {
  const auto parts = split_source(text);
  if (!parts) return std::nullopt;
  auto node = NodeId::parse(parts->node);
  auto output = DataId::parse(parts->output);
  if (!node || !output) return std::nullopt;
  return OutputSource{std::move(*node), std::move(*output)};
}

}  // namespace

std::vector<Node> wire(const Decoder& decoder, std::vector<NodeDraft> drafts) {
  Wiring wiring(decoder, drafts);
  auto resolve_all = [&](std::vector<Input>& inputs, const std::string& reader) {
    for (Input& input : inputs) {
      auto source = wiring.resolve(input, reader);
      if (!source) source = named_source(input.source_text);
      if (source) input.source = std::move(*source);
    }
  };
  for (NodeDraft& draft : drafts) {
    Node& node = draft.node;
    std::string name = fmt::format("node `{}`", shown(draft.written_id));
    if (node.kind != NodeKind::Operators) {
      resolve_all(node.ports.inputs, name);
      continue;
    }
    for (Operator& each : node.operators) {
      resolve_all(each.ports.inputs, node.is_single_operator
                                         ? name
                                         : fmt::format("operator `{}` of {}", each.id, name));
    }
  }
  std::vector<Node> nodes;
  for (NodeDraft& draft : drafts) {
    if (draft.node.kind == NodeKind::Operators) gather_operator_ports(decoder, draft.node);
    nodes.push_back(std::move(draft.node));
  }
  return nodes;
}

}  // namespace dora::dataflow

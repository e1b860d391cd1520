// SPDX-License-Identifier: Apache-2.0
#include "dataflow/type_check.hpp"

#include <algorithm>
#include <set>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/spelling.hpp"

namespace dora::dataflow {
namespace {

constexpr std::string_view anything = "std/core/v1/Bytes";
constexpr std::string_view of_timers = "std/core/v1/UInt64";
constexpr int longest_chain = 3;
constexpr int deepest_struct = 8;

constexpr std::pair<std::string_view, std::string_view> widenings[] = {
    {"std/core/v1/UInt8", "std/core/v1/UInt32"},
    {"std/core/v1/UInt32", "std/core/v1/UInt64"},
    {"std/core/v1/Int32", "std/core/v1/Int64"},
    {"std/core/v1/Float32", "std/core/v1/Float64"}};

constexpr std::string_view patterns[] = {"service-server", "service-client", "action-server",
                                         "action-client"};

std::string base_of(const std::string& type) {
  return type.substr(0, type.find('['));
}

class Checker {
 public:
  Checker(const Dataflow& dataflow, const TypeLibrary& library, bool is_strict)
      : dataflow_(dataflow), library_(library), is_strict_(is_strict) {}

  TypeReport run() {
    for (const TypeRule& rule : dataflow_.type_rules) {
      check_name(rule.from, "`from` of a rule");
      check_name(rule.to, "`to` of a rule");
    }
    for (const Node& node : dataflow_.nodes) {
      check_ports(node);
      check_pattern(node.ports.pattern, node);
      for (const Operator& each : node.operators)
        check_pattern(each.ports.pattern, node);
    }
    for (const Node& node : dataflow_.nodes)
      for (const Input& input : node.ports.inputs)
        check_edge(node, input);
    return std::move(report_);
  }

 private:
  void warn(Location at, Remark remark) {
    Diagnostic diagnostic = diagnose(dataflow_.sources, at, std::move(remark));
    if (is_strict_) diagnostic.severity = Severity::Error;
    report_.diagnostics.push_back(std::move(diagnostic));
  }

  bool is_known(const std::string& type) const {
    const auto name = parse_type_name(type);
    return name && library_.find(name->base) != nullptr;
  }

  void check_name(const TypeAnnotation& type, const std::string& where) {
    const auto name = parse_type_name(type.urn);
    if (!name) {
      warn(type.location,
           {.code = "W011",
            .message = fmt::format("{} is no name of a type: `{}`", where, shown(type.urn)),
            .help = "write `<prefix>/v<N>/<Name>`, e.g. `std/media/v1/Image`"});
      return;
    }
    if (library_.find(name->base) != nullptr) return;
    const auto near = closest_match(name->base, library_.names());
    warn(type.location,
         {.code = "W011",
          .message = fmt::format("unknown type `{}` of {}", shown(name->base), where),
          .help = near ? fmt::format("did you mean `{}`?", *near)
                       : "types of your own stand in the folder `types` beside the dataflow"});
  }

  void check_ports(const Node& node) {
    const auto check = [&](const auto& types, std::string_view key, std::string_view list,
                           const auto& has) {
      for (const auto& [id, type] : types) {
        check_name(type, fmt::format("`{}` in `{}` of node `{}`", id.text(), key, node.id.text()));
        if (has(id)) continue;
        warn(type.location,
             {.code = "W010",
              .message = fmt::format("`{}` of node `{}` names `{}`, which is not in its `{}`", key,
                                     node.id.text(), id.text(), list)});
      }
    };
    const Ports& ports = node.ports;
    const auto is_input = [&](const DataId& id) { return ports.find_input(id) != nullptr; };
    const auto is_output = [&](const DataId& id) { return ports.find_output(id) != nullptr; };
    check(ports.input_types, "input_types", "inputs", is_input);
    check(ports.output_types, "output_types", "outputs", is_output);
    for (const auto& [id, keys] : ports.output_metadata) {
      if (is_output(id)) continue;
      warn(node.location,
           {.code = "W010",
            .message = fmt::format("`output_metadata` of node `{}` names `{}`, which is not in its "
                                   "`outputs`",
                                   node.id.text(), id.text())});
    }
  }

  void check_pattern(const std::optional<std::string>& pattern, const Node& node) {
    if (!pattern || std::ranges::find(patterns, *pattern) != std::end(patterns)) return;
    const std::vector<std::string> known(std::begin(patterns), std::end(patterns));
    const auto near = closest_match(*pattern, known);
    warn(node.location, {.code = "W013",
                         .message = fmt::format("unknown pattern `{}` of node `{}`",
                                                shown(*pattern), node.id.text()),
                         .help = near ? fmt::format("did you mean `{}`?", *near)
                                      : fmt::format("known are {}", fmt::join(known, ", "))});
  }

  // The annotation of what the input reads; empty when there is none.
  std::string source_type(const Input& input) const {
    if (std::holds_alternative<LogSource>(input.source)) return "";
    const OutputSource* output = std::get_if<OutputSource>(&input.source);
    if (const auto* timer = std::get_if<TimerSource>(&input.source)) {
      if (!timer->node_output) return std::string(of_timers);
      output = &*timer->node_output;
    }
    const Node* from = dataflow_.find_node(output->node);
    if (from == nullptr) return "";
    const auto found = from->ports.output_types.find(output->output);
    if (found != from->ports.output_types.end()) return found->second.urn;
    return from->kind == NodeKind::Timer ? std::string(of_timers) : "";
  }

  void check_edge(const Node& node, const Input& input) {
    const std::string from = source_type(input);
    const auto wanted = node.ports.input_types.find(input.id);
    const std::string source = source_text(input.source);
    if (wanted == node.ports.input_types.end()) {
      if (!from.empty() && std::holds_alternative<OutputSource>(input.source) && is_known(from))
        report_.inferred.push_back(fmt::format("inferred {} on {}/{} (from {})", from,
                                               node.id.text(), input.id.text(), source));
      return;
    }
    const TypeAnnotation& to = wanted->second;
    if (from.empty()) {
      if (is_strict_ && std::holds_alternative<OutputSource>(input.source))
        warn(input.location,
             {.code = "W014",
              .message = fmt::format("input `{}` of node `{}` expects `{}`, but `{}` has no type",
                                     input.id.text(), node.id.text(), to.urn, source),
              .help = "add it to `output_types` of the node that sends it"});
      return;
    }
    // What is unknown was told already.
    if (!is_known(from) || !is_known(to.urn)) return;
    std::string difference;
    if (fits(from, to.urn, difference)) return;
    warn(to.location,
         {.code = "W012",
          .message = fmt::format("type mismatch on input `{}` of node `{}`: `{}` declares `{}`, "
                                 "but `{}` is expected",
                                 input.id.text(), node.id.text(), source, from, to.urn),
          .label = std::move(difference),
          .help = "change one of the two, or allow it by an entry of `type_rules`"});
  }

  bool fits(const std::string& from, const std::string& to, std::string& difference) const {
    const TypeName sent = *parse_type_name(from);
    const TypeName wanted = *parse_type_name(to);
    if (sent.base == wanted.base) {
      for (const auto& [key, value] : sent.parameters) {
        const auto other = wanted.parameters.find(key);
        if (other == wanted.parameters.end() || other->second == value) continue;
        difference = fmt::format("`{}` is `{}` here, but `{}` there", key, other->second, value);
        return false;
      }
      return true;
    }
    if (wanted.base == anything || is_reachable(sent.base, wanted.base)) return true;
    return same_shape(sent.base, wanted.base, difference, 0);
  }

  // By widening and by the rules of the dataflow, a few steps far.
  bool is_reachable(const std::string& from, const std::string& to) const {
    std::set<std::string> reached{from};
    for (int step = 0; step < longest_chain; ++step) {
      std::set<std::string> next = reached;
      for (const auto& [narrow, wide] : widenings)
        if (reached.contains(std::string(narrow))) next.emplace(wide);
      for (const TypeRule& rule : dataflow_.type_rules)
        if (reached.contains(base_of(rule.from.urn))) next.insert(base_of(rule.to.urn));
      if (next.contains(to)) return true;
      if (next == reached) return false;
      reached = std::move(next);
    }
    return false;
  }

  bool same_shape(const std::string& from, const std::string& to, std::string& difference,
                  int depth) const {
    const TypeDefinition* sent = library_.find(from);
    const TypeDefinition* wanted = library_.find(to);
    if (sent == nullptr || wanted == nullptr || depth > deepest_struct) return from == to;
    if (sent->arrow != "Struct" || wanted->arrow != "Struct") return sent->arrow == wanted->arrow;
    for (const TypeField& field : wanted->fields) {
      const auto found = std::ranges::find(sent->fields, field.name, &TypeField::name);
      if (found == sent->fields.end()) {
        difference = fmt::format("field `{}` is missing in what is sent", field.name);
        return false;
      }
      const std::string here = library_.full_field_type(field.type);
      const std::string there = library_.full_field_type(found->type);
      if (here == there || same_shape(there, here, difference, depth + 1)) continue;
      difference = fmt::format("field `{}` is {} here, but {} there", field.name, here, there);
      return false;
    }
    return true;
  }

  const Dataflow& dataflow_;
  const TypeLibrary& library_;
  bool is_strict_;
  TypeReport report_;
};

}  // namespace

TypeReport check_types(const Dataflow& dataflow, const TypeLibrary& library, bool is_strict) {
  return Checker(dataflow, library, is_strict).run();
}

}  // namespace dora::dataflow

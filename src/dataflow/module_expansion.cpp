// SPDX-License-Identifier: Apache-2.0
#include "dataflow/module_expansion.hpp"

#include <algorithm>
#include <unordered_map>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "dataflow/operator_decoder.hpp"
#include "dataflow/source_syntax.hpp"

namespace dora::dataflow {
namespace {

// More would only be a module bomb: ten uses of a module in each of eight levels.
constexpr std::size_t node_limit = 20'000;

std::string upper_case(std::string_view text) {
  std::string upper(text);
  for (char& c : upper)
    c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  return upper;
}

bool is_word(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

// Where drafts stand: in the dataflow itself, or in a use of a module.
struct Scope {
  /// "" or "m." or "m.k."
  std::string prefix;
  /// Null for the dataflow itself.
  const ModuleFile* file = nullptr;
  /// What is bound to the ports, in terms of the dataflow.
  std::map<DataId, Input> bindings;
  Environment env;
  std::optional<Deploy> deploy;
  std::string build;
  std::map<std::string, std::string> params;
  std::unordered_map<std::string, const NodeDraft*> siblings;
};

class Expansion {
 public:
  Expansion(const Decoder& decoder, FileSource* files, const std::filesystem::path& base)
      : decoder_(decoder), files_(files), base_(base) {}

  void expand(const std::vector<NodeDraft>& drafts, Scope scope) {
    for (const NodeDraft& draft : drafts)
      scope.siblings.emplace(draft.written_id, &draft);
    for (const NodeDraft& draft : drafts) {
      if (++seen_ > node_limit) {
        if (seen_ == node_limit + 1) {
          decoder_.report.add(draft.node.location,
                              {.code = "E019",
                               .message = fmt::format("with its modules the dataflow has more "
                                                      "than {} nodes",
                                                      node_limit)});
        }
        return;
      }
      if (draft.module) {
        expand_use(draft, scope);
      } else {
        result_.push_back(scope.file ? placed(draft, scope) : with_sources(draft, scope));
      }
    }
  }

  std::vector<NodeDraft> take() { return std::move(result_); }

 private:
  void expand_use(const NodeDraft& draft, const Scope& outer) {
    if (!draft.module->file) {
      // Inputs that read it must find something; that it cannot be used was reported.
      NodeDraft placeholder = draft;
      placeholder.module = nullptr;
      placeholder.written_id = outer.prefix + draft.written_id;
      placeholder.node.id = {};
      result_.push_back(std::move(placeholder));
      return;
    }
    const ModuleFile& file = *draft.module->file;
    Scope scope;
    scope.prefix = outer.prefix + draft.written_id + ".";
    scope.file = &file;
    bind(draft, outer, scope);
    scope.env = outer.file ? merged(draft.node.env, outer.env) : draft.node.env;
    scope.deploy = draft.node.deploy ? draft.node.deploy : outer.deploy;
    scope.build =
        joined(outer.build, joined(draft.node.build.value_or(""), file.build.value_or("")));
    scope.params = draft.module->params;
    expand(file.nodes, std::move(scope));
  }

  void bind(const NodeDraft& draft, const Scope& outer, Scope& scope) {
    const ModuleFile& file = *scope.file;
    auto refuse = [&](Location at, std::string message, std::string help = {}) {
      decoder_.report.add(at,
                          {.code = "E033", .message = std::move(message), .help = std::move(help)});
    };
    std::vector<std::string> ports;
    for (const DataId& port : file.inputs)
      ports.push_back(port.text());
    for (const DataId& port : file.optional_inputs)
      ports.push_back(port.text());
    std::set<DataId> given;
    for (const Input& binding : draft.node.ports.inputs) {
      given.insert(binding.id);
      if (!file.inputs.contains(binding.id) && !file.optional_inputs.contains(binding.id)) {
        auto meant = decoder_.report.closest(binding.id.text(), ports);
        refuse(binding.id_location,
               fmt::format("the module of node `{}` has no input port `{}`",
                           shown(draft.written_id), binding.id.text()),
               meant ? fmt::format("did you mean `{}`?", *meant)
                     : fmt::format("its ports are: {}", fmt::join(ports, ", ")));
        continue;
      }
      if (auto resolved = resolve(binding, outer)) scope.bindings.emplace(binding.id, *resolved);
    }
    for (const DataId& port : file.inputs) {
      if (given.contains(port)) continue;
      refuse(draft.node.location,
             fmt::format("node `{}` does not bind the port `{}` of its module",
                         shown(draft.written_id), port.text()),
             fmt::format("add `{}: <node>/<output>` to its `inputs`", port.text()));
    }
  }

  // What `input`, written in `scope`, reads, in terms of the dataflow. Nothing when it reads
  // nothing: an optional port that is not bound, or a mistake that was reported.
  std::optional<Input> resolve(Input input, const Scope& scope) const {
    if (is_builtin_source(input.source_text)) return input;
    auto parts = split_source(input.source_text);
    if (!parts) return input;
    if (scope.file && parts->node == "_mod") return bound(std::move(input), parts->output, scope);
    auto sibling = scope.siblings.find(std::string(parts->node));
    bool is_module = sibling != scope.siblings.end() && sibling->second->module;
    if (sibling == scope.siblings.end()) {
      if (const NodeDraft* owner = module_around(parts->node, scope)) {
        refuse_inner(input, *parts, *owner);
        return std::nullopt;
      }
    }
    if (!is_module) {
      input.source_text = scope.prefix + input.source_text;
      return input;
    }
    const auto& file = sibling->second->module->file;
    if (!file) return std::nullopt;
    auto output = DataId::parse(parts->output);
    auto sent = output ? file->exports.find(*output) : file->exports.end();
    if (sent != file->exports.end()) {
      input.source_text = fmt::format("{}{}.{}/{}", scope.prefix, parts->node, sent->second.node,
                                      sent->second.output);
      return input;
    }
    if (output && file->outputs.contains(*output)) return std::nullopt;
    std::vector<std::string> names;
    for (const auto& [id, inner] : file->exports)
      names.push_back(id.text());
    auto meant = decoder_.report.closest(parts->output, names);
    decoder_.report.add(
        input.location,
        {.code = "E013",
         .message = fmt::format("`{}` is read, but the module `{}` has no output `{}`",
                                shown(input.source_text), shown(parts->node), shown(parts->output)),
         .label = names.empty() ? "it has no outputs"
                                : fmt::format("its outputs: {}", fmt::join(names, ", ")),
         .help = meant ? fmt::format("did you mean `{}/{}`?", parts->node, *meant) : ""});
    return std::nullopt;
  }

  // The use of a module to whose inside `node` points: `m` of `m.inner`.
  static const NodeDraft* module_around(std::string_view node, const Scope& scope) {
    for (auto dot = node.find('.'); dot != std::string_view::npos; dot = node.find('.', dot + 1)) {
      auto owner = scope.siblings.find(std::string(node.substr(0, dot)));
      if (owner != scope.siblings.end() && owner->second->module) return owner->second;
    }
    return nullptr;
  }

  // Only what a module declares is seen outside of it.
  void refuse_inner(const Input& input, const NodeAndOutput& parts, const NodeDraft& owner) const {
    const auto& file = owner.module->file;
    // What is wrong with the file was reported.
    if (!file) return;
    const std::string_view inner = parts.node.substr(owner.written_id.size() + 1);
    std::string help = fmt::format("add `{}` to `outputs` of the module, and read `{}/{}`",
                                   shown(parts.output), owner.written_id, shown(parts.output));
    std::vector<std::string> names;
    for (const auto& [id, sent] : file->exports) {
      names.push_back(id.text());
      // An operator's output may be written without the operator.
      const bool is_meant =
          sent.node == inner &&
          (sent.output == parts.output || sent.output.ends_with("/" + std::string(parts.output)));
      if (is_meant) help = fmt::format("read `{}/{}`", owner.written_id, id.text());
    }
    decoder_.report.add(
        input.location,
        {.code = "E033",
         .message = fmt::format("`{}` is read, but what is inside the module `{}` is private",
                                shown(input.source_text), shown(owner.written_id)),
         .label = names.empty() ? "it has no outputs"
                                : fmt::format("its outputs: {}", fmt::join(names, ", ")),
         .help = std::move(help)});
  }

  std::optional<Input> bound(Input input, std::string_view port, const Scope& scope) const {
    auto id = DataId::parse(port);
    auto binding = id ? scope.bindings.find(*id) : scope.bindings.end();
    if (binding != scope.bindings.end()) {
      const Input& outer = binding->second;
      input.source_text = outer.source_text;
      input.location = outer.location;
      input.id_location = outer.id_location;
      if (!input.queue_size) input.queue_size = outer.queue_size;
      if (!input.queue_policy) input.queue_policy = outer.queue_policy;
      if (!input.input_timeout) input.input_timeout = outer.input_timeout;
      return input;
    }
    bool is_declared =
        id && (scope.file->inputs.contains(*id) || scope.file->optional_inputs.contains(*id));
    if (!is_declared) {
      decoder_.report.add(
          input.location,
          {.code = "E033",
           .message = fmt::format("`{}` is read, but the module `{}` has no input port `{}`",
                                  shown(input.source_text), shown(scope.file->name), shown(port)),
           .help = "add it to `inputs` or `inputs_optional` of the module"});
    }
    return std::nullopt;
  }

  NodeDraft with_sources(NodeDraft draft, const Scope& scope) const {
    auto rewrite = [&](std::vector<Input>& inputs) {
      std::vector<Input> kept;
      for (Input& input : inputs) {
        if (auto resolved = resolve(std::move(input), scope)) kept.push_back(std::move(*resolved));
      }
      inputs = std::move(kept);
    };
    rewrite(draft.node.ports.inputs);
    for (Operator& each : draft.node.operators)
      rewrite(each.ports.inputs);
    return draft;
  }

  NodeDraft placed(const NodeDraft& inner, const Scope& scope) const {
    NodeDraft draft = with_sources(inner, scope);
    Node& node = draft.node;
    draft.written_id = scope.prefix + inner.written_id;
    if (!node.id.is_empty()) {
      auto id = NodeId::parse(draft.written_id);
      if (id) {
        node.id = std::move(*id);
      } else {
        node.id = {};
        decoder_.report.add(node.location, {.code = "E009",
                                            .message = fmt::format(
                                                "in its module the node is called `{}`: {}",
                                                shown(draft.written_id, 100), id.error().message)});
      }
    }
    place_paths(node, scope);
    if (node.args) node.args = replace_params(*node.args, scope.params);
    node.env = merged(node.env, scope.env);
    for (const auto& [key, value] : scope.params) {
      node.env["PARAM_" + upper_case(key)] = {.text = value};
    }
    if (!node.deploy) node.deploy = scope.deploy;
    if (!scope.build.empty() && node.kind == NodeKind::Program) {
      node.build = joined(scope.build, node.build.value_or(""));
    }
    for (Operator& each : node.operators) {
      if (!scope.build.empty()) each.build = joined(scope.build, each.build.value_or(""));
    }
    return draft;
  }

  void place_paths(Node& node, const Scope& scope) const {
    if (node.kind == NodeKind::Program && !node.git) {
      node.path = place(node.path, node.path_location, scope, true);
    }
    for (Operator& each : node.operators) {
      const bool is_module =
          each.language == OperatorLanguage::Python && is_python_module(each.source);
      if (!is_url(each.source) && !is_module) {
        each.source = place(each.source, each.location, scope, false);
      }
    }
  }

  // A path relative to the module file, made relative to the dataflow's directory.
  std::string place(const std::string& path, Location at, const Scope& scope,
                    bool may_be_command) const {
    std::filesystem::path written(path);
    if (path.empty() || path.starts_with('$') || written.is_absolute()) return path;
    std::filesystem::path directory = scope.file->path.parent_path();
    std::filesystem::path result = (directory / written).lexically_normal();
    if (!result.empty() && *result.begin() == "..") {
      decoder_.report.add(at, {.code = "E030",
                               .message = fmt::format("the path `{}` leaves the dataflow's "
                                                      "directory",
                                                      shown(path)),
                               .help = "modules may only use files inside of it"});
      return path;
    }
    bool is_bare = may_be_command && !path.contains('/') && !path.ends_with(".py");
    if (is_bare && !(files_ && files_->exists(base_ / result))) return path;
    return result.generic_string();
  }

  static Environment merged(Environment own, const Environment& outer) {
    own.insert(outer.begin(), outer.end());
    return own;
  }

  static std::string joined(const std::string& first, const std::string& second) {
    if (first.empty() || second.empty()) return first + second;
    return first.ends_with('\n') ? first + second : first + "\n" + second;
  }

  const Decoder& decoder_;
  FileSource* files_;
  const std::filesystem::path& base_;
  std::vector<NodeDraft> result_;
  std::size_t seen_ = 0;
};

}  // namespace

std::vector<NodeDraft> expand_modules(const Decoder& decoder, const std::vector<NodeDraft>& drafts,
                                      FileSource* files,
                                      const std::filesystem::path& base_directory) {
  Expansion expansion(decoder, files, base_directory);
  expansion.expand(drafts, Scope{});
  return expansion.take();
}

std::string replace_params(std::string_view args,
                           const std::map<std::string, std::string>& params) {
  auto find = [&](std::string_view key) -> const std::string* {
    for (const auto& [name, value] : params) {
      if (upper_case(name) == upper_case(key)) return &value;
    }
    return nullptr;
  };
  constexpr std::string_view variable = "$PARAM_";
  constexpr std::string_view placeholder = "${_param.";
  std::string result;
  for (std::size_t i = 0; i < args.size();) {
    std::string_view rest = args.substr(i);
    bool is_placeholder = rest.starts_with(placeholder);
    std::size_t begin = is_placeholder ? placeholder.size() : variable.size();
    if (is_placeholder || rest.starts_with(variable)) {
      std::size_t end = begin;
      while (end < rest.size() && is_word(rest[end]))
        ++end;
      std::string_view key = rest.substr(begin, end - begin);
      bool is_closed = !is_placeholder || (end < rest.size() && rest[end] == '}');
      // A variable's name is in upper case; `$PARAM_key` is none.
      bool is_named = is_placeholder || key == upper_case(key);
      const std::string* value = is_closed && is_named ? find(key) : nullptr;
      if (value) {
        result += *value;
        i += end + (is_placeholder ? 1 : 0);
        continue;
      }
    }
    result += args[i++];
  }
  return result;
}

}  // namespace dora::dataflow

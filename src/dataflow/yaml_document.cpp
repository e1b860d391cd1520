// SPDX-License-Identifier: Apache-2.0
#include "dataflow/yaml_document.hpp"

#include <algorithm>
#include <cstdlib>
#include <optional>
#include <unordered_map>
#include <unordered_set>

#include <fmt/format.h>
#include <libfyaml.h>

#include "dataflow/text_check.hpp"

namespace dora::dataflow {
namespace {

constexpr std::size_t depth_limit = 64;
constexpr std::size_t value_limit = 250'000;
constexpr std::size_t alias_value_limit = 10'000;
constexpr std::size_t alias_byte_limit = 4u << 20;

std::string_view token_text(fy_token* token) {
  std::size_t length = 0;
  const char* text = token ? fy_token_get_text(token, &length) : nullptr;
  return text ? std::string_view(text, length) : std::string_view();
}

// The offset of a place that libfyaml gives by line and column, both from 1.
std::uint32_t offset_of(const SourceText& source, int line, int column) {
  std::size_t number = static_cast<std::size_t>(std::max(line, 1));
  std::size_t end = source.text().size();
  if (source.line_of(end) < number) return static_cast<std::uint32_t>(end);
  std::string_view text = source.line(number);
  std::size_t offset = 0;
  for (int left = column - 1; left > 0 && offset < text.size(); --left) {
    ++offset;
    while (offset < text.size() && (static_cast<unsigned char>(text[offset]) & 0xC0) == 0x80) {
      ++offset;
    }
  }
  return static_cast<std::uint32_t>(source.start_of_line(number) + offset);
}

}  // namespace

bool YamlNode::is_null() const {
  if (!is_scalar() || !is_plain) return false;
  return text.empty() || text == "~" || text == "null" || text == "Null" || text == "NULL";
}

const YamlNode* YamlNode::find(std::string_view key) const {
  if (!is_mapping()) return nullptr;
  for (std::size_t i = 0; i + 1 < children.size(); i += 2)
    if (children[i]->text == key) return children[i + 1];
  return nullptr;
}

std::string YamlNode::text_of(std::string_view key) const {
  const YamlNode* value = find(key);
  return value && value->is_scalar() ? value->text : "";
}

/// Owns libfyaml's objects and turns its events into the tree.
class YamlBuilder {
 public:
  YamlBuilder(std::uint32_t source, Report& report)
      : source_(source), text_(*report.sources()[source]), report_(report) {}

  YamlDocument build() {
    fy_diag_cfg diagnostics_config;
    fy_diag_cfg_default(&diagnostics_config);
    diagnostics_config.fp = nullptr;
    diagnostics_config.level = FYET_ERROR;
    diag_.reset(fy_diag_create(&diagnostics_config));
    if (!diag_) return out_of_memory();
    fy_diag_set_collect_errors(diag_.get(), true);

    fy_parse_cfg config = {};
    config.search_path = "";
    // Flags of a C enum: NOLINTNEXTLINE(clang-analyzer-optin.core.EnumCastOutOfRange)
    config.flags = static_cast<fy_parse_cfg_flags>(FYPCF_QUIET | FYPCF_COLLECT_DIAG |
                                                   FYPCF_DEFAULT_VERSION_1_2 | FYPCF_JSON_NONE);
    config.diag = diag_.get();
    parser_.reset(fy_parser_create(&config));
    if (!parser_) return out_of_memory();
    const std::string& text = text_.text();
    if (fy_parser_set_string(parser_.get(), text.data(), text.size()) != 0) return out_of_memory();
    read_events();
    if (failed_) document_.root_ = nullptr;
    return std::move(document_);
  }

 private:
  struct DiagDeleter {
    void operator()(fy_diag* diag) const { fy_diag_destroy(diag); }
  };
  struct ParserDeleter {
    void operator()(fy_parser* parser) const { fy_parser_destroy(parser); }
  };
  struct Open {
    YamlNode* node;
    std::string anchor;
    std::unordered_set<std::string_view> keys = {};
  };
  struct Anchor {
    const YamlNode* node;
    bool is_complete;
  };

  YamlDocument out_of_memory() {
    fail({source_, 0, 0}, {.code = "E003", .message = "the YAML parser could not be started"});
    return {};
  }

  void fail(Location at, Remark remark) {
    report_.add(at, std::move(remark));
    failed_ = true;
  }

  void read_events() {
    while (!failed_) {
      fy_event* event = fy_parser_parse(parser_.get());
      if (!event) {
        report_syntax_error();
        return;
      }
      fy_event_type type = event->type;
      on_event(event);
      fy_parser_event_free(parser_.get(), event);
      if (type == FYET_STREAM_END) return;
    }
  }

  void on_event(fy_event* event) {
    Location at = location(event);
    switch (event->type) {
      case FYET_DOCUMENT_START:
        if (++documents_ > 1) {
          fail(at, {.code = "E021",
                    .message = "a dataflow file is one YAML document, and here begins a second",
                    .help = "put every dataflow in a file of its own"});
        }
        break;
      case FYET_SCALAR:
        on_scalar(event, at);
        break;
      case FYET_SEQUENCE_START:
        open(event, at, YamlNode::Kind::Sequence);
        break;
      case FYET_MAPPING_START:
        open(event, at, YamlNode::Kind::Mapping);
        break;
      case FYET_SEQUENCE_END:
      case FYET_MAPPING_END:
        close(at);
        break;
      case FYET_ALIAS:
        on_alias(at, std::string(token_text(event->alias.anchor)));
        break;
      default:
        break;
    }
    last_end_ = std::max<std::size_t>(last_end_, at.offset + at.length);
  }

  // Empty scalars have no place of their own: they are where the text before them ended.
  Location location(fy_event* event) const {
    const fy_mark* start = fy_event_start_mark(event);
    const fy_mark* end = fy_event_end_mark(event);
    std::size_t size = text_.text().size();
    std::size_t from = start ? std::min(start->input_pos, size) : last_end_;
    std::size_t to = end ? std::clamp(end->input_pos, from, size) : from;
    return {source_, static_cast<std::uint32_t>(from), static_cast<std::uint32_t>(to - from)};
  }

  void on_scalar(fy_event* event, Location at) {
    YamlNode node;
    node.at = at;
    node.text = token_text(event->scalar.value);
    node.bytes = node.text.size();
    bool is_plain =
        !event->scalar.value || fy_token_scalar_style(event->scalar.value) == FYSS_PLAIN;
    node.is_plain = is_plain && !has_tag(event, at);
    // An empty value is best shown at its key.
    if (at.length == 0 && !open_.empty() && open_.back().node->is_mapping() && !expects_key()) {
      node.at = open_.back().node->children.back()->at;
    }
    YamlNode* made = add(std::move(node));
    if (!made) return;
    std::string anchor(token_text(fy_event_get_anchor_token(event)));
    if (!anchor.empty()) anchors_[anchor] = {made, true};
    attach(made);
  }

  // Whether a tag says that a scalar is text. Other tags would be ignored, so they are refused.
  bool has_tag(fy_event* event, Location at) {
    fy_token* token = fy_event_get_tag_token(event);
    if (!token) return false;
    std::string_view tag = token_text(token);
    if (tag == "!" || tag == "!!str" || tag.ends_with("yaml.org,2002:str")) return true;
    if (tag.starts_with("!!") || tag.contains("yaml.org,2002:")) return false;
    fail(at, {.code = "E003",
              .message = fmt::format("the tag `{}` has no meaning in a dataflow", shown(tag)),
              .help = "remove it"});
    return false;
  }

  void open(fy_event* event, Location at, YamlNode::Kind kind) {
    if (open_.size() == depth_limit) {
      fail(at, {.code = "E019",
                .message = fmt::format("values are nested more than {} levels deep", depth_limit),
                .help = "a dataflow needs less than ten; is a bracket missing before this place?"});
      return;
    }
    if (kind == YamlNode::Kind::Mapping && expects_key()) return refuse_key(at);
    has_tag(event, at);
    YamlNode node;
    node.kind = kind;
    node.at = at;
    YamlNode* made = add(std::move(node));
    if (!made) return;
    std::string anchor(token_text(fy_event_get_anchor_token(event)));
    if (!anchor.empty()) anchors_[anchor] = {made, false};
    open_.push_back({made, std::move(anchor)});
  }

  void close(Location end) {
    Open closed = std::move(open_.back());
    open_.pop_back();
    YamlNode& node = *closed.node;
    std::size_t to = end.offset + end.length;
    node.at.length = static_cast<std::uint32_t>(to - std::min<std::size_t>(to, node.at.offset));
    for (const YamlNode* child : node.children) {
      node.height = std::max(node.height, child->height);
      node.values += child->values;
      node.bytes += child->bytes;
    }
    ++node.height;
    if (!closed.anchor.empty()) anchors_[closed.anchor] = {&node, true};
    attach(&node);
  }

  void on_alias(Location at, const std::string& name) {
    auto found = anchors_.find(name);
    if (found == anchors_.end()) {
      return fail(at, {.code = "E003",
                       .message = fmt::format("the alias `*{0}` has no anchor `&{0}` before it",
                                              shown(name)),
                       .help = "put the text into quotes if it is no alias"});
    }
    if (!found->second.is_complete) {
      return fail(at, {.code = "E020",
                       .message = fmt::format("cyclic alias at line {}: `*{}` stands inside the "
                                              "value that it names",
                                              text_.line_of(at.offset), shown(name)),
                       .help = "remove the alias"});
    }
    const YamlNode* target = found->second.node;
    alias_values_ += target->values;
    alias_bytes_ += target->bytes;
    if (alias_values_ > alias_value_limit || alias_bytes_ > alias_byte_limit) {
      return fail(at, {.code = "E019",
                       .message = alias_values_ > alias_value_limit
                                      ? "alias expansion exceeds 10 000 nodes"
                                      : "alias expansion exceeds 4 MiB of text",
                       .help = "write the values out, or use fewer aliases of aliases"});
    }
    if (open_.size() + target->height > depth_limit) {
      return fail(at, {.code = "E019",
                       .message = fmt::format("aliases nest values more than {} levels deep",
                                              depth_limit)});
    }
    if (expects_key() && !target->is_scalar()) return refuse_key(at);
    attach(target);
  }

  void refuse_key(Location at) {
    fail(at, {.code = "E003",
              .message = "a key must be a word, not a list or a map",
              .help = "in a map, write `key: value`"});
  }

  bool expects_key() const {
    return !open_.empty() && open_.back().node->is_mapping() &&
           open_.back().node->children.size() % 2 == 0;
  }

  YamlNode* add(YamlNode node) {
    if (document_.nodes_.size() == value_limit) {
      fail(node.at, {.code = "E019",
                     .message = "the file holds more than 250 000 values",
                     .help = "split the dataflow"});
      return nullptr;
    }
    return &document_.nodes_.emplace_back(std::move(node));
  }

  void attach(const YamlNode* node) {
    if (open_.empty()) {
      document_.root_ = node;
      return;
    }
    Open& parent = open_.back();
    if (expects_key()) {
      if (!node->is_scalar()) return refuse_key(node->at);
      if (!parent.keys.insert(node->text).second) {
        // Reading goes on: the rest of the file may have mistakes of its own.
        report_.add(node->at,
                    {.code = "E008",
                     .message = fmt::format("the key `{}` is given twice", shown(node->text)),
                     .label = "the same key stands above in this map",
                     .help = "merge the two, or remove one"});
      }
    }
    parent.node->children.push_back(node);
  }

  void report_syntax_error() {
    void* iterator = nullptr;
    fy_diag_error* error = fy_diag_errors_iterate(diag_.get(), &iterator);
    if (!error) {
      return fail({source_, static_cast<std::uint32_t>(last_end_), 0},
                  {.code = "E003", .message = "the YAML cannot be parsed from here on"});
    }
    std::uint32_t offset = offset_of(text_, error->line, error->column);
    fail({source_, offset, 1}, explain_syntax_error(text_, offset, error->msg ? error->msg : ""));
  }

  std::uint32_t source_;
  const SourceText& text_;
  Report& report_;
  YamlDocument document_;
  std::unique_ptr<fy_diag, DiagDeleter> diag_;
  std::unique_ptr<fy_parser, ParserDeleter> parser_;
  std::vector<Open> open_;
  std::unordered_map<std::string, Anchor> anchors_;
  std::size_t documents_ = 0;
  std::size_t last_end_ = 0;
  std::size_t alias_values_ = 0;
  std::size_t alias_bytes_ = 0;
  bool failed_ = false;
};

YamlDocument YamlDocument::parse(std::uint32_t source, Report& report) {
  if (auto problem = find_text_problem(*report.sources()[source])) {
    report.add({source, problem->offset, 1}, std::move(problem->remark));
    return {};
  }
  return YamlBuilder(source, report).build();
}

}  // namespace dora::dataflow

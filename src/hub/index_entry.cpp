// SPDX-License-Identifier: Apache-2.0
#include "hub/index_entry.hpp"

#include <algorithm>
#include <utility>

#include <boost/json.hpp>
#include <fmt/format.h>

#include "base/spelling.hpp"
#include "dataflow/parsed_text.hpp"
#include "hub/hub_config.hpp"
#include "hub/manifest_rules.hpp"

namespace dora::hub {
namespace {

using dataflow::Decoder;
using dataflow::Fields;
using dataflow::Key;
using dataflow::KeyTable;
using dataflow::YamlNode;

constexpr Key entry_key_list[] = {
    {"manifest", "map", "required", "The manifest of the node."},
    {"source", "map", "required", "Where it comes from."},
    {"published", "text", "none", "When."},
    {"yanked", "true or false", "`false`", "Not to be used any more."},
    {"yank_reason", "text", "none", "Why."},
};
constexpr Key source_key_list[] = {
    {"git", "URL", "none", "The repository."},
    {"rev", "commit", "none", "The whole hash."},
    {"subdir", "path", "none", "The folder in it."},
    {"binary", "list", "none", "Programs for platforms."},
    {"fallback-git", "map", "none", "The source where no program fits."},
};
constexpr Key binary_key_list[] = {
    {"platform", "text", "required", "For which machines."},
    {"url", "URL", "required", "Where it is."},
    {"sha256", "text", "required", "Its checksum."},
};
const KeyTable entry_keys{"entry", "An entry of an index", entry_key_list};
const KeyTable source_keys{"source", "`source` of an entry", source_key_list};
const KeyTable binary_keys{"binary", "A program of an entry", binary_key_list};

bool has_digits(std::string_view text, std::size_t count) {
  return text.size() == count && std::ranges::all_of(text, [](char c) {
           return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
         });
}

class SourceDecoder {
 public:
  SourceDecoder(const Decoder& decoder, IndexEntry& entry) : decoder_(decoder), entry_(entry) {}

  void decode(const YamlNode& map, std::string where) {
    const Fields fields(decoder_, map, source_keys, std::move(where));
    if (fields.has("git") || fields.has("rev") || fields.has("subdir")) decode_git(fields);
    for (const YamlNode* item : fields.list("binary")) {
      if (item->is_mapping()) {
        decode_binary(*item);
      } else {
        refuse(item->at, "an item of `binary` must be a map");
      }
    }
    if (const YamlNode* fallback = fields.map("fallback-git"))
      decode_git(Fields(decoder_, *fallback, source_keys, "`fallback-git`"));
    if (!entry_.git && entry_.binaries.empty() && !decoder_.report.has_errors())
      refuse(map.at, "`source` has neither `git` nor `binary`");
  }

 private:
  void refuse(dataflow::Location at, std::string message) {
    decoder_.report.add(at, {.code = "E050", .message = std::move(message)});
  }

  void decode_git(const Fields& fields) {
    GitPin pin{.repository = fields.text("git").value_or(""),
               .commit = to_lower(fields.text("rev").value_or("")),
               .subfolder = fields.text("subdir").value_or("")};
    for (const std::string_view key : {"git", "rev"})
      if (!fields.has(key)) return fields.require(key);
    if (!is_git_address(pin.repository))
      refuse(fields.key_location("git"), "`git` is no https, ssh or file address");
    if (!is_whole_commit(pin.commit))
      refuse(fields.key_location("rev"), "`rev` must be the whole hash of a commit");
    if (!pin.subfolder.empty() && !is_confined_path(pin.subfolder))
      refuse(fields.key_location("subdir"), "`subdir` leads out of the repository");
    entry_.git = std::move(pin);
  }

  void decode_binary(const YamlNode& map) {
    const Fields fields(decoder_, map, binary_keys, "an item of `binary`");
    for (const std::string_view key : {"platform", "url", "sha256"})
      if (!fields.has(key)) return fields.require(key);
    BinaryPin pin{.platform = fields.text("platform").value_or(""),
                  .url = fields.text("url").value_or(""),
                  .sha256 = to_lower(fields.text("sha256").value_or(""))};
    if (!pin.url.starts_with("https://"))
      refuse(fields.key_location("url"), "`url` must begin with https://");
    if (!is_sha256(pin.sha256))
      refuse(fields.key_location("sha256"), "`sha256` must have 64 hexadecimal digits");
    entry_.binaries.push_back(std::move(pin));
  }

  const Decoder& decoder_;
  IndexEntry& entry_;
};

std::string in_quotes(std::string_view text) {
  return boost::json::serialize(boost::json::string(text));
}

}  // namespace

bool is_whole_commit(std::string_view text) {
  return has_digits(text, 40) || has_digits(text, 64);
}

bool is_sha256(std::string_view text) {
  return has_digits(text, 64);
}

Result<IndexEntry> parse_entry(const std::string& name, std::string text) {
  dataflow::ParsedText parsed(name, std::move(text));
  const Decoder decoder = parsed.decoder();
  IndexEntry entry;
  if (const YamlNode* root = parsed.root(); root != nullptr && root->is_mapping()) {
    const Fields fields(decoder, *root, entry_keys, "the entry");
    for (const std::string_view key : {"manifest", "source"})
      if (!fields.has(key)) fields.require(key);
    if (const YamlNode* map = fields.map("manifest"))
      if (auto manifest = decode_manifest(decoder, *map)) entry.manifest = *std::move(manifest);
    if (const YamlNode* map = fields.map("source"))
      SourceDecoder(decoder, entry).decode(*map, "`source`");
    entry.published = fields.text("published").value_or("");
    entry.is_yanked = fields.boolean("yanked").value_or(false);
    entry.yank_reason = fields.text("yank_reason").value_or("");
  } else if (!parsed.report.has_errors()) {
    parsed.report.add(parsed.beginning(),
                      {.code = "E006", .message = "an entry of an index must be a map"});
  }
  if (!parsed.report.has_errors()) return entry;
  std::size_t omitted = 0;
  for (const dataflow::Diagnostic& each : parsed.report.finish(omitted)) {
    if (each.severity != dataflow::Severity::Error) continue;
    return fail(ErrorKind::InvalidInput,
                fmt::format("{}:{}:{}: {}", dataflow::shown(each.file, 4096), each.line,
                            each.column, each.message));
  }
  return fail(ErrorKind::InvalidInput, name + " is wrong");
}

dataflow::HubPackage to_package(const Manifest& manifest) {
  dataflow::HubPackage package{.key = manifest.name_space + "/" + manifest.name,
                               .version = {},
                               .manifest_digest = manifest.digest,
                               .entrypoint = manifest.entrypoint,
                               .is_python = manifest.runtime == "python",
                               .build = manifest.build,
                               .types = manifest.types};
  const auto add = [](const std::map<std::string, Port>& ports,
                      std::map<DataId, std::string>& types) {
    for (const auto& [name, port] : ports)
      if (const auto id = DataId::parse(name); id && !port.type.empty())
        types.emplace(*id, port.type);
  };
  add(manifest.inputs, package.input_types);
  add(manifest.outputs, package.output_types);
  return package;
}

Result<dataflow::HubPackage> to_package(const IndexEntry& entry, const SemanticVersion& version) {
  dataflow::HubPackage package = to_package(entry.manifest);
  package.version = version.text();
  const auto binary = std::ranges::find(entry.binaries, own_platform(), &BinaryPin::platform);
  if (binary != entry.binaries.end()) {
    package.url = binary->url;
    package.sha256 = binary->sha256;
    package.platform = binary->platform;
    package.build.clear();
    return package;
  }
  if (!entry.git) {
    return fail(ErrorKind::Unsupported,
                fmt::format("{} {} has no program for {} and no source to build it from",
                            package.key, package.version, own_platform()));
  }
  package.repository = entry.git->repository;
  package.commit = entry.git->commit;
  package.subfolder = entry.git->subfolder;
  return package;
}

std::string entry_text(std::string_view manifest_text, const GitPin& source,
                       std::string_view published) {
  std::string text = "manifest:\n";
  while (!manifest_text.empty()) {
    const std::size_t end = std::min(manifest_text.find('\n'), manifest_text.size());
    std::string_view line = manifest_text.substr(0, end);
    manifest_text.remove_prefix(std::min(end + 1, manifest_text.size()));
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (line == "---" || line == "...") continue;
    text += line.empty() ? "\n" : fmt::format("  {}\n", line);
  }
  text +=
      fmt::format("source:\n  git: {}\n  rev: {}\n", in_quotes(source.repository), source.commit);
  if (!source.subfolder.empty()) text += fmt::format("  subdir: {}\n", in_quotes(source.subfolder));
  return text + fmt::format("published: {}\nyanked: false\n", in_quotes(published));
}

std::string with_yank(std::string_view text, bool is_yanked, std::string_view reason) {
  std::string result;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    // Only keys of the entry itself begin a line.
    if (line.starts_with("yanked:") || line.starts_with("yank_reason:")) continue;
    result += fmt::format("{}\n", line);
  }
  result += fmt::format("yanked: {}\n", is_yanked);
  if (is_yanked && !reason.empty()) result += fmt::format("yank_reason: {}\n", in_quotes(reason));
  return result;
}

}  // namespace dora::hub

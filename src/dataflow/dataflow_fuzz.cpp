// SPDX-License-Identifier: Apache-2.0
// Whatever bytes a dataflow file holds: it is either refused with errors or gives a dataflow that
// can be written as JSON and read again. Module files hold the same bytes, so that modules of
// themselves are reached too.

#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "dataflow/error_codes.hpp"
#include "dataflow/json.hpp"
#include "dataflow/load.hpp"

namespace {

using namespace dora::dataflow;

class SameBytes : public FileSource {
 public:
  explicit SameBytes(std::string_view text) : text_(text) {}
  dora::Result<std::string> read(const std::filesystem::path& path, std::size_t) override {
    if (path.filename() == "none.yml") {
      return dora::fail(dora::ErrorKind::NotFound, "there is no such file");
    }
    if (path.filename() == "camera.yml") {
      return std::string(
          "module: {name: c, inputs: [trigger], inputs_optional: [o], outputs: [image]}\n"
          "nodes: [{id: n, path: x/$HOME, args: $PARAM_K, outputs: [image],\n"
          "         inputs: {t: _mod/trigger, o: _mod/o}}]\n");
    }
    return std::string(text_);
  }
  bool exists(const std::filesystem::path&) override { return false; }

 private:
  std::string_view text_;
};

void require(bool condition) {
  if (!condition) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view text(reinterpret_cast<const char*>(data), size);
  SameBytes files(text);
  EnvironmentLookup environment = [](const std::string& name) -> std::optional<std::string> {
    if (name.starts_with('U')) return std::nullopt;
    return "a$b";
  };
  LoadResult result = parse(text, {.file_name = "x/dataflow.yml",
                                   .base_directory = "/base",
                                   .environment = environment,
                                   .files = &files});
  require(result.dataflow.has_value() == !has_errors(result.diagnostics));
  require(result.diagnostics.size() <= 100);
  for (const Diagnostic& diagnostic : result.diagnostics) {
    require(find_error_code(diagnostic.code) != nullptr);
    require(render(diagnostic, Color::Yes).size() < 8000);
    to_json(diagnostic);
  }
  if (!result.dataflow) return 0;
  for (const Node& node : result.dataflow->nodes) {
    require(!node.id.is_empty());
    node_config_json(node);
    merged_environment(*result.dataflow, node);
  }
  std::string json = to_json(*result.dataflow);
  if (json.size() > (1u << 20)) return 0;
  LoadResult again = parse(json, {.environment = environment});
  require(again.dataflow.has_value());
  return 0;
}

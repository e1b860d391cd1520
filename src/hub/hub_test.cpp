// SPDX-License-Identifier: Apache-2.0
#include <fstream>

#include <boost/json.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>

#include "dataflow/load.hpp"
#include "hub/catalog.hpp"
#include "hub/hub_config.hpp"
#include "hub/manifest.hpp"
#include "hub/resolve.hpp"
#include "hub/toml.hpp"

namespace dora::hub {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

const std::string commit(40, 'a');

std::string manifest(const std::string& more = "") {
  return "apiVersion: 1\nname: lidar\nnamespace: acme\nruntime: rust\nentrypoint: bin/lidar\n" +
         more;
}

std::vector<std::string> codes(const std::string& text) {
  std::vector<std::string> found;
  for (const auto& each : parse_manifest("dora-node.yml", text).diagnostics)
    found.push_back(each.code);
  return found;
}

std::string indented(const std::string& text) {
  std::string result = "  ";
  for (const char c : text)
    result += c == '\n' ? std::string("\n  ") : std::string(1, c);
  return result + "\n";
}

class HubTest : public testing::Test {
 protected:
  void SetUp() override {
    char pattern[] = "/tmp/dora-test-XXXXXX";
    ASSERT_NE(::mkdtemp(pattern), nullptr);
    folder_ = pattern;
    write("hub.toml", "[[index]]\nalias = \"local\"\npath = \"index\"\nnamespaces = [\"acme\"]\n");
  }
  void TearDown() override { fs::remove_all(folder_); }

  void write(const std::string& name, const std::string& text) {
    fs::create_directories((folder_ / name).parent_path());
    std::ofstream(folder_ / name) << text;
  }
  void publish(const std::string& version, const std::string& ports = "",
               const std::string& more = "") {
    write("index/acme/lidar/" + version + ".yml",
          "manifest:\n" + indented(manifest(ports)) +
              "source:\n  git: https://host/lidar\n  rev: " + commit + "\n" + more);
  }
  Result<HubConfig> config() const {
    return HubConfig::load([this](std::string_view name) {
      return name == "DORA_HUB_CONFIG" ? std::optional((folder_ / "hub.toml").string())
                                       : std::nullopt;
    });
  }
  Catalog catalog() const { return Catalog::open(folder_ / "index").value(); }
  Result<FoundVersion> resolve(std::string_view reference) const {
    return catalog().resolve(PackageReference::parse(reference).value());
  }
  Resolution resolve_dataflow(dataflow::Dataflow& dataflow, ResolveOptions options = {}) const {
    options.variables = {{"DORA_HUB_CONFIG", (folder_ / "hub.toml").string()},
                         {"XDG_CACHE_HOME", (folder_ / "cache").string()}};
    options.ask = IndexFetcher::Ask::Never;
    return resolve_packages(dataflow, options);
  }

  fs::path folder_;
};

TEST(Toml, ReadsWhatProjectsHave) {
  const auto root = parse_toml(R"(# a project
title = "say \"hi\" \u00e9" # a comment
'quoted key' = 'C:\path'
count = 7
on = true
date = 2026-01-01
long = """
first \
   second"""
list = [ "a", 'b', # one
  [1, 2],
]
point = { x = 1, y.z = "in" }
a.b.c = 1

[project]
name = "dora-echo"
[project.scripts]
dora-echo = "dora_echo.main:main"
[[index]]
alias = "one"
[[index]]
alias = "two"
[index.more]
x = 1
)");
  ASSERT_TRUE(root) << root.error().message;
  EXPECT_EQ(boost::json::serialize(*root),
            R"({"title":"say \"hi\" é","quoted key":"C:\\path","count":7,"on":true,)"
            R"("date":"2026-01-01","long":"first second","list":["a","b",[1,2]],)"
            R"("point":{"x":1,"y":{"z":"in"}},"a":{"b":{"c":1}},)"
            R"("project":{"name":"dora-echo","scripts":{"dora-echo":"dora_echo.main:main"}},)"
            R"("index":[{"alias":"one"},{"alias":"two","more":{"x":1}}]})");
}

TEST(Toml, NamesTheLineOfAMistake) {
  for (const char* bad :
       {"a", "a =", "a = \"x", "a = [1", "a = {x = 1", "[a", "a = 1\na = 2", "a = 1 b = 2", "= 1",
        "a = \"\\q\"", "a = \"\\", "a = '''x", "[[a", "a = 1\n[a]\n", "a = \"\\u12\"",
        "a = \"\"\"\\", "\xC3\xA9 = 1", "[[[a]]]"}) {
    const auto root = parse_toml(bad);
    ASSERT_FALSE(root) << bad;
    EXPECT_THAT(root.error().message, HasSubstr("line ")) << bad;
  }
  EXPECT_FALSE(parse_toml(std::string(100'000, '[')));
  EXPECT_FALSE(parse_toml("a = " + std::string(100'000, '[')));
}

TEST(Manifest, HoldsWhatADataflowNeeds) {
  const auto loaded = parse_manifest("dora-node.yml", manifest(R"(
description: a laser
categories: [sensor]
keywords: [scan]
build: cargo build --release
platforms: [linux-x86_64]
dora: ">=0.4"
inputs:
  tick: {required: false}
  pose: {type: std/math/v1/Pose, description: where}
outputs:
  scan: {type: "acme/lidar/v1/Scan"}
env:
  RATE: {type: float, default: 10}
types:
  acme/lidar/v1/Scan: {arrow: Struct, fields: [{name: x, type: Float32}]}
requirements: {hardware: [cuda]}
example: |
  - id: l
)"));
  ASSERT_TRUE(loaded.manifest) << dataflow::render(loaded.diagnostics);
  EXPECT_EQ(loaded.manifest->inputs.at("pose").type, "std/math/v1/Pose");
  EXPECT_FALSE(loaded.manifest->inputs.at("tick").is_required);
  EXPECT_EQ(loaded.manifest->env.at("RATE").fallback, "10");
  EXPECT_EQ(loaded.manifest->types.at("acme/lidar/v1/Scan").fields.size(), 1);
  EXPECT_NE(loaded.manifest->digest, parse_manifest("x", manifest()).manifest->digest);
}

TEST(Manifest, TellsEveryMistakeWithItsCode) {
  EXPECT_THAT(codes(manifest()), IsEmpty());
  EXPECT_THAT(codes(""), ElementsAre("E021"));
  EXPECT_THAT(codes("- a"), ElementsAre("E006"));
  EXPECT_THAT(codes("apiVersion: 2\n"), ElementsAre("E005", "E005", "E005", "E005", "E007"));
  EXPECT_THAT(codes(manifest("version: 1.0.0\n")), ElementsAre("E004"));
  for (const char* wrong :
       {"categories: [senser]", "platforms: [beos-x86_64]", "dora: soon",
        "inputs: {a: {type: std/media/v1/Imag}}", "outputs: {a: {required: true}}",
        "outputs: {a/b: {}}", "inputs: {a: std/media/v1/Image}", "env: {PATH: {}}",
        "env: {LD_X: {}}", "env: {a b: {}}", "env: {A: {type: int, default: x}}",
        "types: {std/x/v1/Y: {arrow: Float32}}", "types: {other/x/v1/Y: {arrow: Float32}}"})
    EXPECT_THAT(codes(manifest(wrong)), ElementsAre("E050")) << wrong;
  for (const char* entrypoint : {"../x", "/bin/sh", "a b", "dynamic", "x;y", "$HOME/x", "''"})
    EXPECT_THAT(codes("apiVersion: 1\nname: a\nnamespace: b\nruntime: c\nentrypoint: " +
                      std::string(entrypoint)),
                ElementsAre("E050"))
        << entrypoint;
}

TEST_F(HubTest, EveryNamespaceHasOneIndex) {
  const auto found = config();
  ASSERT_TRUE(found) << found.error().message;
  EXPECT_EQ(found->index_of("acme").folder, folder_ / "index");
  EXPECT_EQ(found->index_of("dora-rs").alias, "official");
  EXPECT_EQ(found->index_of("anybody").alias, "official");
}

TEST_F(HubTest, RefusesAConfigurationThatCouldDeceive) {
  const std::string start = "[[index]]\nalias = \"a\"\n";
  for (const auto& [text, why] : std::initializer_list<std::pair<std::string, const char*>>{
           {start, "neither `git` nor `path`"},
           {start + "git = \"http://x\"\n", "no address"},
           {start + "git = \"ssh://-oProxyCommand=x\"\n", "no address"},
           {start + "git = \"https://x\"\npath = \"../y\"\n", "leads out"},
           {start + "path = \"x\"\nnamespaces = [\"dora-rs\"]\n", "official"},
           {start + "path = \"x\"\nnamespaces = [\"A b\"]\n", "namespace"},
           {start + "path = \"x\"\nnamespace = 1\n", "did you mean `namespaces`?"},
           {start + "path = \"x\"\n[[index]]\nalias = \"A\"\npath = \"y\"\n", "two indexes"},
           {start + "path = \"x\"\nnamespaces = [\"n\"]\n[[index]]\nalias = \"b\"\npath = \"y\"\n"
                    "namespaces = [\"n\"]\n",
            "claimed by two"},
           {"[[index]]\nalias = \"../x\"\npath = \"y\"\n", "alias"},
           {"indexes = 1\n", "unknown key `indexes`"},
           {"index = [1]\n", "[[index]]"},
           {"[[index\n", "line 1"}}) {
    write("hub.toml", text);
    const auto found = config();
    ASSERT_FALSE(found) << text;
    EXPECT_THAT(found.error().message, HasSubstr(why));
    EXPECT_THAT(found.error().message, HasSubstr("hub.toml"));
  }
}

TEST_F(HubTest, TakesTheHighestVersionThatFits) {
  for (const char* version : {"0.9.0", "1.2.0", "1.10.0", "2.0.0-rc.1"})
    publish(version);
  publish("1.11.0", "", "yanked: true\n");
  EXPECT_EQ(resolve("acme/lidar")->version.text(), "1.10.0");
  EXPECT_EQ(resolve("acme/lidar@~1.2")->version.text(), "1.2.0");
  EXPECT_EQ(resolve("acme/lidar@2.0.0-rc.1")->version.text(), "2.0.0-rc.1");
  EXPECT_THAT(resolve("acme/lidar@^3").error().message,
              HasSubstr("there are 2.0.0-rc.1, 1.10.0, 1.2.0, 0.9.0"));
  EXPECT_THAT(resolve("acme/lidar@=1.11.0").error().message, HasSubstr("has been yanked"));
  EXPECT_THAT(resolve("acme/lidra").error().message, HasSubstr("did you mean `acme/lidar`?"));
  const auto yanked = catalog().look_up(PackageReference::parse("acme/lidar@=1.11.0").value());
  EXPECT_TRUE(yanked->entry.is_yanked);
  EXPECT_EQ(resolve("acme/lidra").error().kind, ErrorKind::NotFound);
}

TEST_F(HubTest, TrustsNoEntry) {
  const std::string text = "manifest:\n" + indented(manifest());
  for (const char* source :
       {"{git: https://h/x}", "{git: https://h/x, rev: main}", "{}", "[]",
        "{git: 'ext::sh -c x', rev: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa}",
        "{git: https://h/x, rev: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa, subdir: ../..}",
        "{binary: [{platform: linux-x86_64, url: http://h/x, sha256: a}]}"}) {
    write("index/acme/lidar/1.0.0.yml", text + "source: " + source + "\n");
    const auto found = resolve("acme/lidar");
    ASSERT_FALSE(found) << source;
    EXPECT_THAT(found.error().message, HasSubstr("1.0.0.yml")) << source;
  }
  publish("1.0.0");
  fs::rename(folder_ / "index/acme", folder_ / "index/other");
  EXPECT_THAT(resolve("other/lidar").error().message, HasSubstr("about another package"));
  fs::rename(folder_ / "index/other", folder_ / "acme");
  fs::create_directory_symlink(folder_ / "acme", folder_ / "index/acme");
  EXPECT_THAT(resolve("acme/lidar").error().message, HasSubstr("there is no package"));
}

TEST_F(HubTest, GivesNodesTheirPackages) {
  publish("1.2.0", "inputs: {tick: {required: false}}\noutputs: {scan: {type: std/core/v1/Bytes}}");
  auto loaded = dataflow::parse(
      "nodes:\n  - {id: l, hub: acme/lidar@^1, inputs: {tick: dora/timer/hz/1}, outputs: [scan]}");
  const auto resolution = resolve_dataflow(*loaded.dataflow);
  EXPECT_THAT(resolution.diagnostics, IsEmpty());
  EXPECT_THAT(resolution.notes, ElementsAre("node `l`: acme/lidar 1.2.0 at aaaaaaaaaaaa"));
  const auto& package = loaded.dataflow->nodes.front().package;
  ASSERT_TRUE(package);
  EXPECT_EQ(package->repository, "https://host/lidar");
  EXPECT_EQ(package->entrypoint, "bin/lidar");
  EXPECT_EQ(package->output_types.size(), 1);
}

TEST_F(HubTest, ComparesNodesWithTheirPackages) {
  publish("1.2.0", "inputs: {pose: {}}\noutputs: {scan: {}}");
  auto loaded = dataflow::parse(
      "nodes:\n  - {id: l, hub: acme/lidar, inputs: {x: l/cloud}, outputs: [cloud]}\n"
      "  - {id: m, hub: acme/missing}\n  - {id: n, hub: elsewhere/x}");
  auto resolution = resolve_dataflow(*loaded.dataflow);
  std::vector<std::string> found;
  for (const auto& each : resolution.diagnostics)
    found.push_back(each.code);
  EXPECT_THAT(found, ElementsAre("E052", "E052", "E052", "E051", "E051"));
  auto lenient = dataflow::parse("nodes:\n  - {id: n, hub: elsewhere/x}");
  resolution = resolve_dataflow(*lenient.dataflow, {.tolerates_unreachable = true});
  EXPECT_EQ(resolution.diagnostics.front().code, "W015");
}

TEST_F(HubTest, KeepsToTheLockFile) {
  publish("1.2.0");
  publish("1.3.0");
  const std::string yaml = "nodes:\n  - {id: l, hub: acme/lidar@^1}";
  build::LockFile lock;
  lock.git_sources["l"] = {.repo = "https://mirror/lidar",
                           .commit_hash = std::string(40, 'b'),
                           .subdir = "",
                           .hub = {.name = "acme/lidar", .version = "1.2.0"}};
  auto loaded = dataflow::parse(yaml);
  const auto resolution = resolve_dataflow(*loaded.dataflow, {.lock = &lock, .is_locked = true});
  EXPECT_THAT(resolution.diagnostics, IsEmpty());
  EXPECT_EQ(loaded.dataflow->nodes.front().package->commit, std::string(40, 'b'));
  EXPECT_EQ(loaded.dataflow->nodes.front().package->version, "1.2.0");
  lock.git_sources["l"].hub.manifest_digest = "0123456789abcdef";
  auto changed = dataflow::parse(yaml);
  EXPECT_THAT(resolve_dataflow(*changed.dataflow, {.lock = &lock, .is_locked = true})
                  .diagnostics.front()
                  .message,
              HasSubstr("another manifest"));
  lock.git_sources.clear();
  EXPECT_THAT(resolve_dataflow(*changed.dataflow, {.lock = &lock, .is_locked = true})
                  .diagnostics.front()
                  .message,
              HasSubstr("not in the lock file"));
}

TEST_F(HubTest, YankingChangesNothingElse) {
  const std::string before =
      entry_text(manifest("# said by hand\nbuild: |\n  make\n\n  yanked: no key of the entry\n"),
                 {"https://host/x", commit, "nodes/x"}, "2026-01-01T00:00:00Z");
  ASSERT_TRUE(parse_entry("e", before)) << parse_entry("e", before).error().message;
  const std::string yanked = with_yank(before, true, "it \"lies\"");
  EXPECT_TRUE(parse_entry("e", yanked)->is_yanked);
  EXPECT_EQ(parse_entry("e", yanked)->yank_reason, "it \"lies\"");
  EXPECT_EQ(with_yank(yanked, false, ""), before);
}

}  // namespace
}  // namespace dora::hub

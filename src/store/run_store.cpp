// SPDX-License-Identifier: Apache-2.0
#include "store/run_store.hpp"

#include <algorithm>
#include <limits>
#include <system_error>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace dora::store {
namespace {

namespace fs = std::filesystem;

/// Step n brings a store of form n to form n + 1. Never changed, only added to.
constexpr const char* migrations[] = {
    R"(CREATE TABLE runs (
         uuid TEXT PRIMARY KEY, name TEXT NOT NULL, file TEXT NOT NULL,
         log_folders TEXT NOT NULL, status TEXT NOT NULL,
         started_ns INTEGER NOT NULL, ended_ns INTEGER NOT NULL, summary TEXT NOT NULL
       ) STRICT;
       CREATE INDEX runs_by_start ON runs (started_ns);
       CREATE TABLE nodes (
         uuid TEXT NOT NULL REFERENCES runs ON DELETE CASCADE, node TEXT NOT NULL,
         failed INTEGER NOT NULL, restarts INTEGER NOT NULL, cause TEXT NOT NULL,
         PRIMARY KEY (uuid, node)
       ) STRICT;
       CREATE TABLE parameters (
         uuid TEXT NOT NULL REFERENCES runs ON DELETE CASCADE, node TEXT NOT NULL,
         key TEXT NOT NULL, value TEXT NOT NULL,
         PRIMARY KEY (uuid, node, key)
       ) STRICT;)",
};

constexpr std::string_view to_text(StoredRun::Status status) {
  switch (status) {
    case StoredRun::Status::Running:
      return "Running";
    case StoredRun::Status::Succeeded:
      return "Succeeded";
    case StoredRun::Status::Failed:
      return "Failed";
  }
  return "Failed";
}

StoredRun::Status parse_status(std::string_view text) {
  if (text == "Running") return StoredRun::Status::Running;
  return text == "Succeeded" ? StoredRun::Status::Succeeded : StoredRun::Status::Failed;
}

std::vector<std::string> split_lines(const std::string& text) {
  std::vector<std::string> lines;
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end = std::min(text.find('\n', begin), text.size());
    lines.push_back(text.substr(begin, end - begin));
    begin = end + 1;
  }
  return lines;
}

Error while_opening(const fs::path& path, Error error) {
  std::string reason = error.message;
  if (error.kind == ErrorKind::Busy) reason = "another dora daemon uses it";
  std::string way_out;
  if (error.kind == ErrorKind::InvalidInput)
    way_out = "; `dora up --recreate-store` moves it aside and begins a new one";
  return {error.kind, fmt::format("the store {}: {}{}", path.string(), reason, way_out)};
}

}  // namespace

Result<RunStore> RunStore::open(const fs::path& path) {
  auto database = Database::open(path);
  if (!database) return std::unexpected(while_opening(path, std::move(database.error())));
  RunStore store(*std::move(database));
  if (auto migrated = store.migrate(); !migrated)
    return std::unexpected(while_opening(path, std::move(migrated.error())));
  return store;
}

Result<> RunStore::migrate() {
  constexpr std::int64_t newest = std::size(migrations);
  std::int64_t form = 0;
  {
    Statement statement = TRY(database_.prepare("PRAGMA user_version"));
    TRY(statement.step());
    form = statement.number(0);
  }
  if (form < 0 || form > newest) {
    return fail(ErrorKind::InvalidInput,
                fmt::format("it has form {}, and this dora knows forms up to {} only: it was "
                            "written by a newer one",
                            form, newest));
  }
  for (; form < newest; ++form) {
    const auto migrated = database_.together([&]() -> Result<> {
      TRY(database_.execute(migrations[form]));
      return database_.execute(fmt::format("PRAGMA user_version = {}", form + 1).c_str());
    });
    if (!migrated) return migrated;
  }
  return {};
}

Result<> RunStore::write(const StoredRun& run) {
  return database_.together([&]() -> Result<> {
    Statement statement = TRY(database_.prepare(
        "INSERT INTO runs VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8) ON CONFLICT (uuid) DO UPDATE SET "
        "name = ?2, file = ?3, log_folders = ?4, status = ?5, started_ns = ?6, ended_ns = ?7, "
        "summary = ?8"));
    statement.bind(1, run.uuid).bind(2, run.name).bind(3, run.file);
    statement.bind(4, fmt::format("{}", fmt::join(run.log_folders, "\n")));
    statement.bind(5, to_text(run.status));
    statement.bind(6, run.started_ns).bind(7, run.ended_ns).bind(8, run.summary);
    TRY(statement.run());
    for (const StoredNode& node : run.nodes) {
      Statement each =
          TRY(database_.prepare("INSERT OR REPLACE INTO nodes VALUES (?1, ?2, ?3, ?4, ?5)"));
      each.bind(1, run.uuid).bind(2, node.node).bind(3, std::int64_t{node.failed});
      each.bind(4, node.restarts).bind(5, node.cause);
      TRY(each.run());
    }
    return {};
  });
}

Result<> RunStore::forget(std::string_view uuid) {
  Statement statement = TRY(database_.prepare("DELETE FROM runs WHERE uuid = ?1"));
  return statement.bind(1, uuid).run();
}

Result<> RunStore::set_parameter(std::string_view uuid, std::string_view node, std::string_view key,
                                 const std::optional<std::string>& value) {
  Statement statement = TRY(database_.prepare(
      value ? "INSERT OR REPLACE INTO parameters VALUES (?1, ?2, ?3, ?4)"
            : "DELETE FROM parameters WHERE uuid = ?1 AND node = ?2 AND key = ?3"));
  statement.bind(1, uuid).bind(2, node).bind(3, key);
  if (value) statement.bind(4, *value);
  return statement.run();
}

Result<std::vector<StoredRun>> RunStore::runs(std::size_t most) {
  std::vector<StoredRun> runs;
  Statement statement = TRY(database_.prepare(
      "SELECT uuid, name, file, log_folders, status, started_ns, ended_ns, summary FROM runs "
      "ORDER BY started_ns DESC, uuid DESC LIMIT ?1"));
  statement.bind(1, static_cast<std::int64_t>(most));
  while (TRY(statement.step())) {
    runs.push_back({.uuid = statement.text(0),
                    .name = statement.text(1),
                    .file = statement.text(2),
                    .log_folders = split_lines(statement.text(3)),
                    .status = parse_status(statement.text(4)),
                    .started_ns = statement.number(5),
                    .ended_ns = statement.number(6),
                    .summary = statement.text(7),
                    .nodes = {}});
  }
  std::ranges::reverse(runs);
  for (StoredRun& run : runs) {
    Statement nodes = TRY(database_.prepare(
        "SELECT node, failed, restarts, cause FROM nodes WHERE uuid = ?1 ORDER BY node"));
    nodes.bind(1, run.uuid);
    while (TRY(nodes.step())) {
      run.nodes.push_back({.node = nodes.text(0),
                           .failed = nodes.number(1) != 0,
                           .restarts = nodes.number(2),
                           .cause = nodes.text(3)});
    }
  }
  return runs;
}

Result<std::map<std::string, std::string>> RunStore::parameters(std::string_view uuid,
                                                                std::string_view node) {
  std::map<std::string, std::string> parameters;
  Statement statement =
      TRY(database_.prepare("SELECT key, value FROM parameters WHERE uuid = ?1 AND node = ?2"));
  statement.bind(1, uuid).bind(2, node);
  while (TRY(statement.step()))
    parameters[statement.text(0)] = statement.text(1);
  return parameters;
}

Result<std::vector<StoredRun>> RunStore::end_lost(std::int64_t now_ns, const std::string& summary) {
  std::vector<StoredRun> lost;
  for (StoredRun& run : TRY(runs(std::numeric_limits<std::int32_t>::max()))) {
    if (run.status != StoredRun::Status::Running) continue;
    run.status = StoredRun::Status::Failed;
    run.ended_ns = now_ns;
    run.summary = summary;
    TRY(write(run));
    lost.push_back(std::move(run));
  }
  return lost;
}

Result<> RunStore::prune(std::size_t most) {
  Statement statement = TRY(database_.prepare(
      "DELETE FROM runs WHERE status <> 'Running' AND uuid NOT IN (SELECT uuid FROM runs WHERE "
      "status <> 'Running' ORDER BY started_ns DESC, uuid DESC LIMIT ?1)"));
  return statement.bind(1, static_cast<std::int64_t>(most)).run();
}

Result<std::optional<fs::path>> archive_store(const fs::path& path) {
  std::error_code error;
  if (!fs::exists(fs::symlink_status(path, error))) return std::optional<fs::path>();
  // Whoever has it open keeps it. What is no database at all is nobody's.
  if (const auto opened = Database::open(path); !opened && opened.error().kind == ErrorKind::Busy)
    return std::unexpected(while_opening(path, opened.error()));
  fs::path archive = path.string() + ".backup";
  for (int number = 1; fs::exists(fs::symlink_status(archive, error)); ++number)
    archive = fmt::format("{}.backup.{}", path.string(), number);
  fs::rename(path, archive, error);
  if (error) {
    return fail(ErrorKind::Failed, fmt::format("moving {} to {}: {}", path.string(),
                                               archive.string(), error.message()));
  }
  // What a crash may have left beside it belongs to it.
  for (const char* suffix : {"-wal", "-shm"}) {
    fs::rename(path.string() + suffix, archive.string() + suffix, error);
  }
  return std::optional(archive);
}

}  // namespace dora::store

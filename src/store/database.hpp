#pragma once
// SPDX-License-Identifier: Apache-2.0
// An SQLite database as a resource, and statements on it. What belongs to no table in particular.

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.hpp"

struct sqlite3;
struct sqlite3_stmt;

namespace dora::store {

/// A prepared statement: bind, then step until there is no more row. Used once.
class Statement {
 public:
  /// Parameters count from 1.
  Statement& bind(int place, std::string_view text);
  Statement& bind(int place, std::int64_t number);

  /// Whether there is a row. Fails with what the database says.
  Result<bool> step();
  /// Runs a statement that has no rows.
  Result<> run();

  /// Columns count from 0.
  std::string text(int column) const;
  std::int64_t number(int column) const;

 private:
  friend class Database;
  struct Finalize {
    void operator()(sqlite3_stmt* statement) const;
  };
  explicit Statement(sqlite3_stmt* statement) : statement_(statement) {}
  std::unique_ptr<sqlite3_stmt, Finalize> statement_;
};

class Database {
 public:
  /// The file at `path`, made when it is missing, readable by its owner only; empty: in memory.
  /// Nobody else can use it meanwhile. What is written is on the disk when a call returns. Fails
  /// with Busy when somebody else has it, and with InvalidInput when it is no database.
  static Result<Database> open(const std::filesystem::path& path);

  Result<> execute(const char* sql);
  Result<Statement> prepare(const char* sql);

  /// All of `changes` or nothing.
  template <typename Changes>
  Result<> together(const Changes& changes) {
    TRY(execute("BEGIN IMMEDIATE"));
    Result<> done = changes();
    if (done) done = execute("COMMIT");
    // After a full disk it may be rolled back already.
    if (!done) (void)execute("ROLLBACK");
    return done;
  }

 private:
  struct Close {
    void operator()(sqlite3* database) const;
  };
  explicit Database(sqlite3* database) : database_(database) {}
  std::unique_ptr<sqlite3, Close> database_;
};

}  // namespace dora::store

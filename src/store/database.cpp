// SPDX-License-Identifier: Apache-2.0
#include "store/database.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sqlite3.h>

#include "base/file_descriptor.hpp"

namespace dora::store {
namespace {

Error error_of(sqlite3* database) {
  const int code = sqlite3_errcode(database);
  ErrorKind kind = ErrorKind::Failed;
  if (code == SQLITE_BUSY || code == SQLITE_LOCKED) kind = ErrorKind::Busy;
  if (code == SQLITE_NOTADB || code == SQLITE_CORRUPT) kind = ErrorKind::InvalidInput;
  return {kind, sqlite3_errmsg(database)};
}

/// Made by us, so that it never is readable by others, not even for a moment.
Result<> make_file(const std::filesystem::path& path) {
  const FileDescriptor file(::open(path.c_str(), O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600));
  if (!file) return fail_errno("opening it");
  return {};
}

}  // namespace

Statement& Statement::bind(int place, std::string_view text) {
  sqlite3_bind_text64(statement_.get(), place, text.data() == nullptr ? "" : text.data(),
                      text.size(), SQLITE_TRANSIENT, SQLITE_UTF8);
  return *this;
}

Statement& Statement::bind(int place, std::int64_t number) {
  sqlite3_bind_int64(statement_.get(), place, number);
  return *this;
}

Result<bool> Statement::step() {
  const int code = sqlite3_step(statement_.get());
  if (code == SQLITE_ROW) return true;
  if (code == SQLITE_DONE) return false;
  return std::unexpected(error_of(sqlite3_db_handle(statement_.get())));
}

Result<> Statement::run() {
  TRY(step());
  return {};
}

std::string Statement::text(int column) const {
  const auto* bytes = sqlite3_column_text(statement_.get(), column);
  if (bytes == nullptr) return {};
  return {reinterpret_cast<const char*>(bytes),
          static_cast<std::size_t>(sqlite3_column_bytes(statement_.get(), column))};
}

std::int64_t Statement::number(int column) const {
  return sqlite3_column_int64(statement_.get(), column);
}

void Statement::Finalize::operator()(sqlite3_stmt* statement) const {
  sqlite3_finalize(statement);
}

void Database::Close::operator()(sqlite3* database) const {
  sqlite3_close_v2(database);
}

Result<Database> Database::open(const std::filesystem::path& path) {
  if (!path.empty()) TRY(make_file(path));
  sqlite3* opened = nullptr;
  const int code = sqlite3_open_v2(
      path.empty() ? ":memory:" : path.c_str(), &opened,
      SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOFOLLOW | SQLITE_OPEN_FULLMUTEX, nullptr);
  if (opened == nullptr) return fail(ErrorKind::Failed, "no memory for it");
  Database database(opened);
  if (code != SQLITE_OK) return std::unexpected(error_of(opened));
  // One that is about to end gets the time to.
  sqlite3_busy_timeout(opened, 2000);
  // Exclusive before WAL: then no shared-memory file is needed beside it. The transaction takes the
  // lock now, so that a second owner learns of the first at once.
  TRY(database.execute("PRAGMA locking_mode = EXCLUSIVE"));
  TRY(database.execute("PRAGMA journal_mode = WAL"));
  TRY(database.execute("PRAGMA synchronous = FULL"));
  TRY(database.execute("PRAGMA foreign_keys = ON"));
  TRY(database.execute("BEGIN EXCLUSIVE; COMMIT"));
  return database;
}

Result<> Database::execute(const char* sql) {
  if (sqlite3_exec(database_.get(), sql, nullptr, nullptr, nullptr) == SQLITE_OK) return {};
  return std::unexpected(error_of(database_.get()));
}

Result<Statement> Database::prepare(const char* sql) {
  sqlite3_stmt* statement = nullptr;
  if (sqlite3_prepare_v2(database_.get(), sql, -1, &statement, nullptr) != SQLITE_OK)
    return std::unexpected(error_of(database_.get()));
  return Statement(statement);
}

}  // namespace dora::store

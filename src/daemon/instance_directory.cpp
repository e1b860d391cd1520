// SPDX-License-Identifier: Apache-2.0
#include "daemon/instance_directory.hpp"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <cstring>
#include <utility>

#include <boost/json.hpp>
#include <dirent.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.hpp"
#include "base/random.hpp"
#include "base/version.hpp"
#include "daemon/node_life.hpp"
#include "daemon/process_tree.hpp"

namespace dora::daemon {
namespace {

namespace json = boost::json;
namespace fs = std::filesystem;

constexpr const char* record_name = "record.json";
constexpr std::size_t max_record_bytes = 64 << 10;

/// Opens a directory without following a link at its last component, and checks that only we can
/// enter it.
Result<FileDescriptor> open_private(int parent, const std::string& name, const fs::path& shown) {
  FileDescriptor directory(
      ::openat(parent, name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (!directory) return fail_errno(fmt::format("opening the directory {}", shown.string()));
  struct stat status{};
  if (::fstat(directory.get(), &status) != 0) return fail_errno("looking at " + shown.string());
  if (status.st_uid != ::geteuid() || (status.st_mode & 077) != 0) {
    return fail(ErrorKind::Failed,
                fmt::format("{} is not a directory of this user with mode 0700 (owner {}, mode "
                            "{:04o}): remove it, or set XDG_RUNTIME_DIR to a directory of yours",
                            shown.string(), status.st_uid, status.st_mode & 07777));
  }
  return directory;
}

Result<FileDescriptor> make_private(int parent, const std::string& name, const fs::path& shown) {
  if (::mkdirat(parent, name.c_str(), 0700) != 0 && errno != EEXIST)
    return fail_errno("making the directory " + shown.string());
  return open_private(parent, name, shown);
}

struct Root {
  fs::path path;
  FileDescriptor directory;
};

Result<Root> open_root() {
  if (const char* runtime = std::getenv("XDG_RUNTIME_DIR"); runtime != nullptr && *runtime == '/') {
    const fs::path base(runtime);
    // The directory itself may be reached through links: its owner is what counts.
    FileDescriptor parent(::open(base.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    struct stat status{};
    if (parent && ::fstat(parent.get(), &status) == 0 && status.st_uid == ::geteuid() &&
        (status.st_mode & 022) == 0) {
      auto directory = make_private(parent.get(), "dora", base / "dora");
      // A read-only or broken runtime directory is no reason not to work.
      if (directory) return Root{base / "dora", *std::move(directory)};
    }
  }
  FileDescriptor parent(::open("/tmp", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!parent) return fail_errno("opening /tmp");
  const std::string name = fmt::format("dora-{}", ::geteuid());
  const fs::path path = fs::path("/tmp") / name;
  auto directory = TRY(make_private(parent.get(), name, path));
  return Root{path, std::move(directory)};
}

std::string to_text(const InstanceRecord& record) {
  return json::serialize(json::object{{"kind", record.kind},
                                      {"pid", record.pid},
                                      {"start_time", record.start_time},
                                      {"boot_id", record.boot_id},
                                      {"version", record.version},
                                      {"project", record.project},
                                      {"file", record.file},
                                      {"started_at_ns", record.started_at_ns}});
}

std::optional<InstanceRecord> parse_record(std::string_view text) {
  json::error_code error;
  const auto value = json::parse(json::string_view(text.data(), text.size()), error);
  if (error.failed() || !value.is_object()) return std::nullopt;
  const auto& object = value.get_object();
  InstanceRecord record;
  auto take_text = [&](const char* key, std::string& out) {
    if (const auto* item = object.if_contains(key); item && item->is_string())
      out = std::string(item->get_string());
  };
  auto take_number = [&]<typename T>(const char* key, T& out) {
    if (const auto* item = object.if_contains(key)) {
      json::error_code ignored;
      const T number = item->to_number<T>(ignored);
      if (!ignored.failed()) out = number;
    }
  };
  take_text("kind", record.kind);
  take_number("pid", record.pid);
  take_number("start_time", record.start_time);
  take_text("boot_id", record.boot_id);
  take_text("version", record.version);
  take_text("project", record.project);
  take_text("file", record.file);
  take_number("started_at_ns", record.started_at_ns);
  if (record.pid <= 0) return std::nullopt;
  return record;
}

std::optional<InstanceRecord> read_record(int directory) {
  FileDescriptor file(::openat(directory, record_name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC));
  struct stat status{};
  // A pipe in its place must not make us wait.
  if (!file || ::fstat(file.get(), &status) != 0 || !S_ISREG(status.st_mode)) return std::nullopt;
  auto text = read_all(file.get(), max_record_bytes);
  return text ? parse_record(*text) : std::nullopt;
}

/// Removes the files of `directory`, then the directory. Only plain files and sockets are made by
/// us; a directory in there was not, and stays.
void remove_directory(int root, const std::string& name) {
  FileDescriptor directory(
      ::openat(root, name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (!directory) return;
  if (DIR* listing = ::fdopendir(::dup(directory.get()))) {
    while (const dirent* item = ::readdir(listing)) {
      if (std::strcmp(item->d_name, ".") != 0 && std::strcmp(item->d_name, "..") != 0)
        ::unlinkat(directory.get(), item->d_name, 0);
    }
    ::closedir(listing);
  }
  ::unlinkat(root, name.c_str(), AT_REMOVEDIR);
}

bool is_instance_name(std::string_view name) {
  return !name.empty() && name.size() <= 64 && name.front() != '-' &&
         std::ranges::all_of(name, [](unsigned char c) {
           return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                  c == '_' || c == '-';
         });
}

/// Written beside and renamed: whoever reads it sees all of it or nothing.
Result<> write_record(int directory, const InstanceRecord& record) {
  constexpr const char* draft = "record.json.new";
  FileDescriptor file(
      ::openat(directory, draft, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600));
  if (!file) return fail_errno("writing the record of this instance");
  TRY(write_all(file.get(), to_text(record)));
  if (::renameat(directory, draft, directory, record_name) != 0)
    return fail_errno("writing the record of this instance");
  return {};
}

/// Whether the directory was made so recently that its owner may be about to write the record.
bool is_young(int directory) {
  struct stat status{};
  return ::fstat(directory, &status) == 0 &&
         realtime_ns() / 1'000'000'000 - status.st_mtim.tv_sec < 10;
}

}  // namespace

bool is_alive(const InstanceRecord& record) {
  if (record.boot_id != boot_id()) return false;
  const auto process = find_process(record.pid);
  return process && process->start_time == record.start_time && !process->is_ending;
}

Result<fs::path> instances_root() {
  return TRY(open_root()).path;
}

Result<InstanceDirectory> InstanceDirectory::create(std::string name, std::string kind,
                                                    std::string project, std::string file) {
  Root root = TRY(open_root());
  if (name.empty()) {
    unsigned char bytes[4];
    fill_random(bytes);
    name = fmt::format("run-{:02x}{:02x}{:02x}{:02x}", bytes[0], bytes[1], bytes[2], bytes[3]);
  }
  if (!is_instance_name(name)) {
    return fail(
        ErrorKind::InvalidInput,
        fmt::format("'{}' is no name for an instance: use letters, digits, '_' and '-'", name));
  }
  Instance instance;
  instance.name = name;
  instance.directory = root.path / name;
  instance.is_alive = true;
  const auto self = find_process(::getpid());
  instance.record = {.kind = std::move(kind),
                     .pid = ::getpid(),
                     .start_time = self ? self->start_time : 0,
                     .boot_id = boot_id(),
                     .version = std::string(version()),
                     .project = std::move(project),
                     .file = std::move(file),
                     .started_at_ns = realtime_ns()};

  if (::mkdirat(root.directory.get(), name.c_str(), 0700) != 0) {
    if (errno != EEXIST) return fail_errno("making the directory " + instance.directory.string());
    FileDescriptor old = TRY(open_private(root.directory.get(), name, instance.directory));
    const auto record = read_record(old.get());
    if (record ? daemon::is_alive(*record) : is_young(old.get())) {
      return fail(ErrorKind::Busy,
                  fmt::format("an instance named '{}' is running already (process {})", name,
                              record ? record->pid : -1));
    }
    kill_orphans();
    remove_directory(root.directory.get(), name);
    if (::mkdirat(root.directory.get(), name.c_str(), 0700) != 0)
      return fail_errno("making the directory " + instance.directory.string());
  }
  FileDescriptor directory = TRY(open_private(root.directory.get(), name, instance.directory));
  InstanceDirectory made(std::move(instance));  // from here on removed again on failure
  TRY(write_record(directory.get(), made.instance_.record));
  return made;
}

InstanceDirectory::InstanceDirectory(InstanceDirectory&& other) noexcept
    : instance_(std::move(other.instance_)), owned_(std::exchange(other.owned_, false)) {}

InstanceDirectory& InstanceDirectory::operator=(InstanceDirectory&& other) noexcept {
  if (this != &other) {
    remove();
    instance_ = std::move(other.instance_);
    owned_ = std::exchange(other.owned_, false);
  }
  return *this;
}

InstanceDirectory::~InstanceDirectory() {
  remove();
}

void InstanceDirectory::remove() noexcept {
  // A forked child that unwinds must not take its parent's directory away.
  if (!std::exchange(owned_, false) || instance_.record.pid != ::getpid()) return;
  const fs::path root = instance_.directory.parent_path();
  FileDescriptor parent(::open(root.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (!parent) return;
  // Somebody else may have made one of that name, when ours was taken away.
  const auto now = open_private(parent.get(), instance_.name, instance_.directory);
  const auto record = now ? read_record(now->get()) : std::nullopt;
  if (!record || *record == instance_.record) remove_directory(parent.get(), instance_.name);
}

bool InstanceDirectory::is_there() const {
  struct stat status{};
  return std::ranges::all_of(
      std::array{instance_.directory / record_name, instance_.control_socket(),
                 instance_.node_socket()},
      [&](const fs::path& path) { return ::lstat(path.c_str(), &status) == 0; });
}

Result<> InstanceDirectory::renew() {
  Root root = TRY(open_root());
  const std::string& name = instance_.name;
  if (const auto old = open_private(root.directory.get(), name, root.path / name)) {
    const auto record = read_record(old->get());
    if (record && *record != instance_.record && daemon::is_alive(*record)) {
      return fail(ErrorKind::Busy,
                  fmt::format("process {} is the instance named '{}' now", record->pid, name));
    }
    remove_directory(root.directory.get(), name);
  }
  instance_.directory = root.path / name;
  auto directory = TRY(make_private(root.directory.get(), name, instance_.directory));
  return write_record(directory.get(), instance_.record);
}

Result<std::vector<Instance>> list_instances() {
  Root root = TRY(open_root());
  std::vector<Instance> instances;
  bool has_swept = false;
  DIR* listing = ::fdopendir(::dup(root.directory.get()));
  if (listing == nullptr) return fail_errno("reading " + root.path.string());
  while (const dirent* item = ::readdir(listing)) {
    const std::string name = item->d_name;
    if (!is_instance_name(name)) continue;
    auto directory = open_private(root.directory.get(), name, root.path / name);
    if (!directory) continue;
    auto record = read_record(directory->get());
    if (record ? is_alive(*record) : is_young(directory->get())) {
      if (record) instances.push_back({name, root.path / name, *std::move(record), true});
    } else {
      // First the processes: who dies in between leaves the directory for the next one to find.
      if (!std::exchange(has_swept, true)) kill_orphans();
      remove_directory(root.directory.get(), name);
    }
  }
  ::closedir(listing);
  std::ranges::sort(instances, {}, [](const Instance& instance) {
    return std::pair(instance.record.started_at_ns, instance.name);
  });
  return instances;
}

}  // namespace dora::daemon

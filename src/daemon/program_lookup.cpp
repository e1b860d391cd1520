// SPDX-License-Identifier: Apache-2.0
#include "daemon/program_lookup.hpp"

#include <algorithm>
#include <array>
#include <cctype>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file_descriptor.hpp"
#include "daemon/ask_program.hpp"
#include "dataflow/words.hpp"

namespace dora::daemon {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

// Dropped from what is inherited, and refused in a dataflow.
constexpr std::array<std::string_view, 12> secret_or_own = {
    "LD_PRELOAD",           "LD_AUDIT",          "DYLD_INSERT_LIBRARIES",
    "DORA_AUTH_TOKEN",      "DORA_NODE_CONFIG",  "DORA_ALLOW_SHELL_NODES",
    "DORA_RUNTIME_CONFIG",  "DORA_NODE_LIFE",    "DORA_RUN_PARENT_PID",
    "DORA_ZENOH_MULTICAST", "DORA_ZENOH_LISTEN", "DORA_ZENOH_CONNECT"};
// Refused in a dataflow only.
constexpr std::array<std::string_view, 3> refused = {"LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH",
                                                     "ZENOH_CONFIG"};

std::string variable(const NodePlan& node, const EnvironmentMap& inherited,
                     const std::string& name) {
  if (const auto own = node.environment.find(name); own != node.environment.end())
    return own->second;
  const auto found = inherited.find(name);
  return found == inherited.end() ? std::string() : found->second;
}

bool is_executable_file(const fs::path& path) {
  struct stat status{};
  return ::stat(path.c_str(), &status) == 0 && S_ISREG(status.st_mode) &&
         ::access(path.c_str(), X_OK) == 0;
}

/// $NAME and ${NAME} for the few names that a path may use; everything else stays as it is.
std::string expand_path(const std::string& text, const NodePlan& node,
                        const EnvironmentMap& inherited) {
  constexpr std::array<std::string_view, 5> allowed = {"HOME", "USER", "DORA_WORKSPACE",
                                                       "CARGO_MANIFEST_DIR", "PWD"};
  std::string result;
  for (std::size_t i = 0; i < text.size();) {
    if (text[i] != '$') {
      result += text[i++];
      continue;
    }
    const bool has_brace = i + 1 < text.size() && text[i + 1] == '{';
    const std::size_t begin = i + (has_brace ? 2 : 1);
    std::size_t end = begin;
    while (end < text.size() &&
           (std::isalnum(static_cast<unsigned char>(text[end])) != 0 || text[end] == '_'))
      ++end;
    const std::string name = text.substr(begin, end - begin);
    const bool is_closed = !has_brace || (end < text.size() && text[end] == '}');
    const std::size_t next = end + (has_brace && is_closed ? 1 : 0);
    const std::string value = variable(node, inherited, name);
    if (is_closed && std::ranges::find(allowed, name) != allowed.end() && !value.empty()) {
      result += value;
    } else {
      result += text.substr(i, next - i);
    }
    i = next;
  }
  return result;
}

/// Why the kernel would not execute `path`, as far as one can see beforehand.
Result<> check_executable(const fs::path& path) {
  struct stat status{};
  if (::stat(path.c_str(), &status) != 0) return fail_errno(path.string());
  if (S_ISDIR(status.st_mode)) {
    return fail(ErrorKind::InvalidInput,
                fmt::format("{} is a directory, not a program", path.string()));
  }
  if (!S_ISREG(status.st_mode))
    return fail(ErrorKind::InvalidInput, fmt::format("{} is not a file", path.string()));
  if (::access(path.c_str(), X_OK) != 0) {
    return fail(ErrorKind::InvalidInput,
                fmt::format("{} is not executable (chmod +x {})", path.string(), path.string()));
  }
  FileDescriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file) return {};  // executable but not readable: the kernel decides
  char head[256] = {};
  const auto length = retry_interrupted([&] { return ::read(file.get(), head, sizeof head); });
  const std::string_view text(head, length > 0 ? static_cast<std::size_t>(length) : 0);
  if (text.empty()) return fail(ErrorKind::InvalidInput, fmt::format("{} is empty", path.string()));
  if (!text.starts_with("#!")) return {};
  const std::size_t begin = text.find_first_not_of(" \t", 2);
  const std::size_t end = text.find_first_of(" \t\r\n", std::min(begin, text.size()));
  if (begin == std::string_view::npos || begin == end) return {};
  const std::string interpreter(text.substr(begin, end - begin));
  if (::access(interpreter.c_str(), X_OK) != 0) {
    return fail(ErrorKind::NotFound, fmt::format("the interpreter of {}, {}, does not exist",
                                                 path.string(), interpreter));
  }
  if (end != std::string_view::npos && text[end] == '\r') {
    return fail(ErrorKind::InvalidInput,
                fmt::format("the first line of {} ends with a carriage return (Windows line ends)",
                            path.string()));
  }
  return {};
}

bool is_python_3(const fs::path& python) {
  std::error_code error;
  const fs::path real = fs::canonical(python, error);
  if (!error && real.filename().string().starts_with("python3")) return true;
  const auto answer = ask_program({python.string(), "--version"}, "/", 5s);
  return answer && answer->starts_with("Python 3");
}

Result<fs::path> find_executable(const std::string& written, const NodePlan& node,
                                 const LookupContext& context) {
  const fs::path wanted = expand_path(written, node, context.inherited);
  // Not canonical: the python of a virtual environment must stay a symbolic link.
  fs::path local = (node.working_directory / wanted).lexically_normal();
  struct stat status{};
  if (::stat(local.c_str(), &status) == 0 && !S_ISDIR(status.st_mode)) {
    TRY(check_executable(local));
    return local;
  }
  const std::string path = variable(node, context.inherited, "PATH");
  if (!wanted.has_parent_path()) {
    if (fs::path found = find_on_path(wanted.string(), path); !found.empty()) return found;
    if (is_executable_file(context.program_directory / wanted))
      return context.program_directory / wanted;
    if (const fs::path uv = find_on_path("uv", path); !uv.empty()) {
      auto answer =
          ask_program({uv.string(), "run", "which", wanted.string()}, node.working_directory, 30s);
      if (answer && is_executable_file(*answer)) return fs::path(*answer);
    }
  }
  if (::stat(local.c_str(), &status) == 0) TRY(check_executable(local));
  return fail(
      ErrorKind::NotFound,
      fmt::format("Could not find source path `{}`: there is no {}{}", written, local.string(),
                  wanted.has_parent_path()
                      ? std::string()
                      : fmt::format(", and no program `{}` on PATH", wanted.string())));
}

Result<Command> find_script(const NodePlan& node, const LookupContext& context) {
  const fs::path wanted = expand_path(node.program.path, node, context.inherited);
  const fs::path script = (node.working_directory / wanted).lexically_normal();
  struct stat status{};
  if (::stat(script.c_str(), &status) != 0) {
    return fail(ErrorKind::NotFound, fmt::format("Could not find source path `{}`: there is no {}",
                                                 node.program.path, script.string()));
  }
  if (S_ISDIR(status.st_mode)) {
    return fail(ErrorKind::InvalidInput,
                fmt::format("{} is a directory, not a script", script.string()));
  }
  if (::access(script.c_str(), R_OK) != 0)
    return fail_errno(fmt::format("reading {}", script.string()));
  const fs::path python = TRY(find_python(node, context));
  return Command{python, {python.string(), "-u", script.string()}};
}

Result<Command> find_operator_runtime(const NodePlan& node, const LookupContext& context) {
  // The comment makes the process recognizable in ps.
  const std::string code = fmt::format("import dora; dora.start_runtime() # {}", node.id.text());
  const std::string& environment = node.program.conda_environment;
  if (environment.empty()) {
    const fs::path python = TRY(find_python(node, context));
    return Command{python, {python.string(), "-u", "-c", code}};
  }
  const fs::path conda = find_on_path("conda", variable(node, context.inherited, "PATH"));
  if (conda.empty()) {
    return fail(
        ErrorKind::NotFound,
        fmt::format("`conda_env: {}` needs the program conda, which is not on PATH", environment));
  }
  return Command{
      conda,
      {"conda", "run", "--no-capture-output", "-n", environment, "python", "-u", "-c", code}};
}

}  // namespace

EnvironmentMap inherited_environment() {
  EnvironmentMap variables;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string_view text(*entry);
    const std::size_t equals = text.find('=');
    if (equals == std::string_view::npos || equals == 0) continue;
    variables.emplace(text.substr(0, equals), text.substr(equals + 1));
  }
  return inheritable(std::move(variables));
}

EnvironmentMap inheritable(EnvironmentMap variables) {
  std::erase_if(variables, [](const auto& variable) {
    const std::string_view name = variable.first;
    return std::ranges::find(secret_or_own, name) != secret_or_own.end() ||
           name.starts_with("DORA_ZENOH_");
  });
  return variables;
}

bool is_reserved_variable(std::string_view name) {
  if (name.empty() || name.find_first_of(std::string_view("= \t\r\n\0", 6)) != name.npos)
    return true;
  return std::ranges::find(secret_or_own, name) != secret_or_own.end() ||
         std::ranges::find(refused, name) != refused.end() || name.starts_with("DORA_ZENOH_");
}

fs::path own_program_directory() {
  std::error_code error;
  const fs::path self = fs::read_symlink("/proc/self/exe", error);
  return error ? fs::path() : self.parent_path();
}

fs::path find_on_path(std::string_view name, std::string_view path) {
  while (!name.empty()) {
    const std::size_t end = path.find(':');
    const std::string_view folder = path.substr(0, end);
    // An empty entry means the current directory, in which a daemon must not look.
    if (folder.starts_with('/')) {
      fs::path candidate = fs::path(folder) / name;
      if (is_executable_file(candidate)) return candidate;
    }
    if (end == std::string_view::npos) break;
    path.remove_prefix(end + 1);
  }
  return {};
}

Result<fs::path> find_python(const NodePlan& node, const LookupContext& context) {
  for (const char* name : {"VIRTUAL_ENV", "CONDA_PREFIX"}) {
    const std::string root = variable(node, context.inherited, name);
    if (root.empty()) continue;
    for (const char* python : {"bin/python", "bin/python3"}) {
      if (is_executable_file(fs::path(root) / python)) return fs::path(root) / python;
    }
  }
  const std::string path = variable(node, context.inherited, "PATH");
  const fs::path uv = find_on_path("uv", path);
  if (!uv.empty()) {
    for (fs::path folder = node.working_directory;; folder = folder.parent_path()) {
      if (is_executable_file(folder / ".venv/bin/python")) return folder / ".venv/bin/python";
      if (folder == folder.parent_path()) break;
    }
  }
  if (is_executable_file(context.program_directory / "python"))
    return context.program_directory / "python";
  if (!uv.empty()) {
    const auto answer = ask_program({uv.string(), "python", "find"}, node.working_directory, 10s);
    if (answer && is_executable_file(*answer)) return fs::path(*answer);
  }
  fs::path python = find_on_path("python", path);
  if (!python.empty() && is_python_3(python)) return python;
  fs::path python3 = find_on_path("python3", path);
  if (!python3.empty()) return python3;
  return fail(ErrorKind::NotFound,
              "there is no Python: neither an active environment nor python or python3 on PATH");
}

Result<Command> find_command(const NodePlan& node, const LookupContext& context) {
  struct stat status{};
  if (::stat(node.working_directory.c_str(), &status) != 0)
    return fail_errno("working directory " + node.working_directory.string());
  if (!S_ISDIR(status.st_mode)) {
    return fail(ErrorKind::InvalidInput,
                fmt::format("{} is not a directory", node.working_directory.string()));
  }
  Command command;
  switch (node.program.kind) {
    case ProgramPlan::Kind::Dynamic:
      return fail(ErrorKind::InvalidInput, "it is started by hand");
    case ProgramPlan::Kind::Shell:
      if (!context.allow_shell_nodes) {
        return fail(ErrorKind::InvalidInput,
                    "`path: shell` is off: allow it with --allow-shell-nodes or "
                    "DORA_ALLOW_SHELL_NODES=true");
      }
      return Command{"/bin/sh", {"sh", "-c", node.program.arguments}};
    case ProgramPlan::Kind::PythonOperators:
      return find_operator_runtime(node, context);
    case ProgramPlan::Kind::NativeOperators:
      return Command{context.program_directory / "dora", {"dora", "runtime"}};
    case ProgramPlan::Kind::PythonScript:
      command = TRY(find_script(node, context));
      break;
    case ProgramPlan::Kind::Executable:
      command.program = TRY(find_executable(node.program.path, node, context));
      command.arguments = {command.program.string()};
      break;
  }
  auto words = TRY(dataflow::split_words(node.program.arguments).while_doing("its `args`"));
  std::ranges::move(words, std::back_inserter(command.arguments));
  return command;
}

Result<std::vector<std::string>> node_environment(const NodePlan& node,
                                                  const EnvironmentMap& inherited,
                                                  const EnvironmentMap& own) {
  EnvironmentMap merged = inherited;
  merged["PYTHONUNBUFFERED"] = "1";
  // So that Python tells where it was when the processor stopped it.
  merged.emplace("PYTHONFAULTHANDLER", "1");
  for (const auto& [name, value] : node.environment)
    merged[name] = value;
  for (const auto& [name, value] : own)
    merged[name] = value;

  // The kernel refuses longer strings (32 pages), with an error that names nothing.
  constexpr std::size_t longest = 32 * 4096 - 1;
  std::vector<std::string> entries;
  for (const auto& [name, value] : merged) {
    if (name.size() + 1 + value.size() > longest) {
      return fail(ErrorKind::InvalidInput,
                  fmt::format("the environment variable {} is too long ({} bytes; Linux allows {})",
                              name, value.size(), longest));
    }
    if (value.find('\0') != std::string::npos) {
      return fail(ErrorKind::InvalidInput,
                  fmt::format("the environment variable {} contains a NUL byte", name));
    }
    entries.push_back(fmt::format("{}={}", name, value));
  }
  return entries;
}

}  // namespace dora::daemon

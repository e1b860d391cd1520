// SPDX-License-Identifier: Apache-2.0
#include "build/node_builder.hpp"

#include <algorithm>
#include <array>
#include <deque>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>

#include "base/file_descriptor.hpp"
#include "base/version.hpp"
#include "build/fingerprint.hpp"
#include "build/script_block.hpp"
#include "daemon/line_assembler.hpp"
#include "dataflow/words.hpp"

namespace dora::build {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t lines_in_error = 20;
// A requirements file, a script, a project description; not a model.
constexpr std::size_t fingerprinted_bytes = 4U << 20;
// Of files and folders that are looked at for one that a command names.
constexpr std::size_t most_sources = 10'000;

/// Another installation of dora is to be put into environments again.
std::string own_identity() {
  struct stat status{};
  if (::stat("/proc/self/exe", &status) != 0) return {};
  return fmt::format("{} {} {}.{}", version(), status.st_size, status.st_mtim.tv_sec,
                     status.st_mtim.tv_nsec);
}

void add_file(const fs::path& path, Fingerprint& fingerprint) {
  std::error_code error;
  if (!fs::is_regular_file(path, error)) return;
  const FileDescriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file) return;
  if (const auto content = read_all(file.get(), fingerprinted_bytes)) {
    fingerprint.add(path.string());
    fingerprint.add(*content);
  }
}

/// What CMake would find changed in a folder of sources. Not what it has made there.
void add_sources(const fs::path& folder, Fingerprint& fingerprint) {
  constexpr std::array<std::string_view, 9> endings{".c",  ".cc",  ".cpp", ".cxx",  ".h",
                                                    ".hh", ".hpp", ".hxx", ".cmake"};
  std::vector<fs::path> sources;
  std::error_code error;
  std::size_t seen = 0;
  for (fs::recursive_directory_iterator each(folder, error), end;
       !error && each != end && seen < most_sources; each.increment(error), ++seen) {
    const fs::path& path = each->path();
    std::error_code unreadable;
    if (each->is_directory(unreadable)) {
      const bool is_made = path.filename().string().starts_with('.') ||
                           fs::exists(path / "CMakeCache.txt", unreadable);
      if (is_made) each.disable_recursion_pending();
    } else if (path.filename() == "CMakeLists.txt" ||
               std::ranges::find(endings, path.extension().string()) != endings.end()) {
      sources.push_back(path);
    }
  }
  std::ranges::sort(sources);
  for (const fs::path& path : sources)
    add_file(path, fingerprint);
}

/// The files that a command names: another content makes it another command.
void add_named_files(const std::string& line, const fs::path& folder, Fingerprint& fingerprint) {
  const auto words = dataflow::split_words(line);
  if (!words) return;
  for (std::string word : *words) {
    if (const auto equals = word.find('='); equals != std::string::npos && word.starts_with('-'))
      word.erase(0, equals + 1);
    // Extras: `./package[dev]`.
    const fs::path path = folder / word.substr(0, word.find('['));
    std::error_code error;
    if (!fs::is_directory(path, error)) {
      add_file(path, fingerprint);
      continue;
    }
    for (const char* name : {"pyproject.toml", "setup.py", "setup.cfg"})
      add_file(path / name, fingerprint);
    if (fs::exists(path / "CMakeLists.txt", error)) add_sources(path, fingerprint);
  }
}

/// Whether words mean something to a shell only.
bool needs_shell(const std::vector<std::string>& words) {
  constexpr std::array<std::string_view, 9> operators{"&&", "||", "|",  ";", ">",
                                                      ">>", "<",  "2>", "&"};
  constexpr std::array<std::string_view, 4> builtins{"cd", "source", "export", "."};
  if (std::ranges::find(builtins, words.front()) != builtins.end()) return true;
  return std::ranges::any_of(words, [&](const std::string& word) {
    const bool is_pattern = word.find_first_of("*$`") != std::string::npos;
    return is_pattern || std::ranges::find(operators, word) != operators.end() ||
           (word.size() > 1 && word.ends_with(';'));
  });
}

/// The last lines that a command printed.
class Tail {
 public:
  void add(const std::string& line) {
    const std::string text = daemon::without_escapes(line);
    if (text.find_first_not_of(" \t") == std::string::npos) return;
    lines_.push_back(text);
    if (lines_.size() > lines_in_error) lines_.pop_front();
  }

  std::string text() const {
    std::string text;
    for (const std::string& line : lines_)
      text += "\n  | " + line;
    return text;
  }

 private:
  std::deque<std::string> lines_;
};

}  // namespace

NodeBuilder::NodeBuilder(const NodeTask& task, const daemon::LookupContext& lookup,
                         const PythonTools& tools, std::string owner)
    : task_(task), lookup_(lookup), tools_(tools), owner_(std::move(owner)) {
  daemon::NodePlan plan;
  plan.working_directory = task.working_directory;
  plan.environment = task.variables;
  python_ = daemon::find_python(plan, lookup).value_or(fs::path());
}

NodeRecord NodeBuilder::record() const {
  Fingerprint fingerprint;
  for (const std::string& line : task_.lines) {
    fingerprint.add(line);
    add_named_files(line, task_.working_directory, fingerprint);
  }
  for (const auto& [name, value] : task_.variables) {
    fingerprint.add(name);
    fingerprint.add(value);
  }
  fingerprint.add(task_.working_directory.string());
  fingerprint.add(python_.string());
  // Another Python behind the same name.
  std::error_code error;
  fingerprint.add(fs::canonical(python_, error).string());
  fingerprint.add(task_.has_environment ? own_identity() : "");
  if (!task_.script.empty()) add_file(task_.script, fingerprint);
  return {.fingerprint = fingerprint.text(),
          .working_directory = task_.working_directory,
          .python_environment = environment_folder()};
}

fs::path NodeBuilder::environment_folder() const {
  if (!task_.has_environment) return {};
  return task_.working_directory / ".dora/python-envs" / task_.node;
}

std::string NodeBuilder::stamp(const NodeRecord& record) const {
  return owner_ + "\n" + record.fingerprint + "\n";
}

bool NodeBuilder::is_there(const NodeRecord& record) const {
  return record.python_environment.empty() ||
         environment_stamp(record.python_environment) == stamp(record);
}

Result<fs::path> NodeBuilder::find_entrypoint() const {
  std::vector<fs::path> places;
  if (task_.has_environment && task_.entrypoint.find('/') == std::string::npos)
    places.push_back(environment_folder() / "bin" / task_.entrypoint);
  places.push_back(task_.working_directory / task_.entrypoint);
  std::string missing;
  for (const fs::path& place : places) {
    std::error_code error;
    if (fs::is_regular_file(place, error)) return place;
    missing += fmt::format("{}{}", missing.empty() ? "" : ", nor ", place.string());
  }
  return fail(ErrorKind::NotFound, fmt::format("its package starts `{}`, but there is no {}",
                                               task_.entrypoint, missing));
}

Result<> NodeBuilder::run(const OnLine& on_line, const StopSignal& stop) const {
  if (task_.has_environment) return run_in_environment(on_line, stop);
  const bool may_replace_dora = std::ranges::any_of(task_.lines, [](const std::string& line) {
    return line.starts_with("pip") || line.find("-m pip") != std::string::npos;
  });
  const bool had_dora = may_replace_dora && stands_for_dora_rs(stop);
  TRY(run_lines(on_line, stop));
  if (had_dora && !stands_for_dora_rs(stop)) {
    return fail(ErrorKind::Failed,
                fmt::format("its commands installed another `dora` over this one, into {}\n"
                            "  = help: `pip uninstall dora-rs`, install dora-cpp again, and build "
                            "with `--uv`, which gives each node its own environment",
                            python_.string()));
  }
  return {};
}

bool NodeBuilder::stands_for_dora_rs(const StopSignal& stop) const {
  return !python_.empty() &&
         ask_command({.words = {python_.string(), "-m", "dora._environment", "--stand-in"},
                      .working_directory = task_.working_directory,
                      .environment = environment()},
                     stop)
             .has_value();
}

Result<> NodeBuilder::run_lines(const OnLine& on_line, const StopSignal& stop) const {
  for (const std::string& line : task_.lines)
    TRY(run_line(line, on_line, stop));
  return {};
}

Result<> NodeBuilder::run_in_environment(const OnLine& on_line, const StopSignal& stop) const {
  const fs::path folder = environment_folder();
  const Variables inherited = variables();
  PythonEnvironment environment(folder, tools_, on_line, stop);
  // Of another dataflow, of other commands, or never finished: nothing of it may stay.
  const bool is_reused = environment.stamp() == stamp(record());
  environment.remove_stamp();
  if (!is_reused) {
    std::error_code error;
    const bool uv_chooses = inherited.contains("UV_PYTHON") ||
                            fs::exists(task_.working_directory / ".python-version", error);
    const std::string wanted = TRY(wanted_python(stop));
    TRY(environment.create(!wanted.empty() ? wanted
                           : uv_chooses    ? std::string()
                                           : python_.string(),
                           task_.working_directory, inherited));
    // Now, so that packages find what they require, and again last, whatever they installed.
    TRY(environment.add_dora(inherited));
  }
  TRY(run_lines(on_line, stop));
  if (!task_.script.empty()) {
    // As a word: the path may hold a blank.
    TRY(run_words({"pip", "install", "-r", task_.script.string()},
                  fmt::format("the script's own requirements, `pip install -r {}`",
                              task_.script.filename().string()),
                  on_line, stop));
  }
  TRY(environment.add_dora(inherited));
  TRY(environment.check(inherited));
  return environment.set_stamp(stamp(record()));
}

Result<std::string> NodeBuilder::wanted_python(const StopSignal& stop) const {
  if (task_.script.empty()) return std::string();
  std::string wanted = required_python(read_script_block(task_.script).value_or(""));
  if (wanted.empty() || python_.empty()) return wanted;
  const std::string own =
      TRY(ask_command({.words = {python_.string(), "-c",
                                 "import sys; print('%d.%d.%d' % sys.version_info[:3])"},
                       .working_directory = task_.working_directory,
                       .environment = variables()},
                      stop)
              .while_doing("asking Python for its version"));
  return fits_version(own, wanted) ? std::string() : wanted;
}

Result<> NodeBuilder::run_line(const std::string& line, const OnLine& on_line,
                               const StopSignal& stop) const {
  const std::string attempt = fmt::format("build command `{}`", line);
  auto words = TRY(dataflow::split_words(line).while_doing(attempt));
  if (words.empty()) return {};
  const bool is_for_shell = needs_shell(words);
  auto ended = run_words(std::move(words), attempt, on_line, stop);
  if (!ended && is_for_shell)
    ended.error().message +=
        "\n  = help: a command runs without a shell, so `&&`, `|`, `>`, `*` and `cd` mean nothing: "
        "write each command in a line of its own, or `sh -c \"...\"`";
  return ended;
}

Result<> NodeBuilder::run_words(std::vector<std::string> words, const std::string& attempt,
                                const OnLine& on_line, const StopSignal& stop) const {
  Command command;
  command.words = std::move(words);
  command.working_directory = task_.working_directory;
  command.environment = environment();
  if (is_pip(command.words.front()))
    command.words = TRY(with_right_pip(std::move(command.words)).while_doing(attempt));
  Tail tail;
  auto ended = run_command(
      command,
      [&](const std::string& text) {
        tail.add(text);
        on_line(text);
      },
      stop);
  if (ended) return {};
  const std::string& why = ended.error().message;
  return fail(ended.error().kind,
              fmt::format("{}{} {}{}", attempt, why.starts_with("exit code") ? " returned" : ":",
                          why, tail.text()));
}

fs::path NodeBuilder::virtual_environment() const {
  const fs::path root = python_.parent_path().parent_path();
  std::error_code error;
  return !root.empty() && fs::exists(root / "pyvenv.cfg", error) ? root : fs::path();
}

Variables NodeBuilder::variables() const {
  Variables variables = lookup_.inherited;
  for (const auto& [name, value] : task_.variables)
    variables[name] = value;
  // Last, so that commands which ask dora find it, whatever is on PATH.
  std::string& path = variables["PATH"];
  path += (path.empty() ? "" : ":") + lookup_.program_directory.string();
  return variables;
}

Variables NodeBuilder::environment() const {
  Variables variables = this->variables();
  variables["CLICOLOR"] = "1";
  variables["CLICOLOR_FORCE"] = "1";
  if (task_.has_environment) {
    return PythonEnvironment::entered(std::move(variables), environment_folder());
  }
  // What is installed here is what the node finds when it runs.
  if (const fs::path root = virtual_environment(); !root.empty()) {
    variables["VIRTUAL_ENV"] = root.string();
    variables["PATH"] = (root / "bin").string() + ":" + variables["PATH"];
  }
  return variables;
}

Result<std::vector<std::string>> NodeBuilder::with_right_pip(std::vector<std::string> words) const {
  if (task_.has_environment) {
    words.front() = "pip";
    words.insert(words.begin(), tools_.uv.string());
    return words;
  }
  const auto variables = environment();
  const auto path = variables.find("PATH");
  const std::string search = path == variables.end() ? "" : path->second;
  const fs::path root = virtual_environment();
  const fs::path pip = daemon::find_on_path(words.front(), search);
  if (!pip.empty() && (root.empty() || pip.parent_path() == root / "bin")) return words;
  // An environment made by uv has no pip of its own; another's would install elsewhere.
  if (const fs::path uv = daemon::find_on_path("uv", search); !uv.empty()) {
    words.front() = "pip";
    words.insert(words.begin(), uv.string());
    if (root.empty() && words.size() > 2)
      words.insert(words.begin() + 3, {"--python", python_.string()});
    return words;
  }
  if (python_.empty()) return fail(ErrorKind::NotFound, "there is no program `pip` on PATH");
  words.front() = "pip";
  words.insert(words.begin(), {python_.string(), "-m"});
  return words;
}

}  // namespace dora::build

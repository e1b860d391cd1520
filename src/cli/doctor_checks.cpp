// SPDX-License-Identifier: Apache-2.0
#include "cli/doctor_checks.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>

#include <boost/json.hpp>
#include <fmt/format.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "base/file_descriptor.hpp"
#include "base/spelling.hpp"
#include "base/version.hpp"
#include "cli/control_client.hpp"
#include "cli/coordinator_address.hpp"
#include "cli/daemon_address.hpp"
#include "daemon/ask_program.hpp"
#include "daemon/instance_directory.hpp"
#include "daemon/program_lookup.hpp"

namespace dora::cli {
namespace {

namespace fs = std::filesystem;
namespace json = boost::json;
using namespace std::chrono_literals;
using Level = Check::Level;

constexpr auto program_patience = 20s;

// Tells which `dora` this Python imports, and which distributions bring one.
constexpr std::string_view python_question = R"(
import importlib.metadata as m, json, os, sys
a = {"python": sys.version.split()[0], "executable": sys.executable}
try:
    import dora
    a["module"] = getattr(dora, "__version__", "")
    a["file"] = getattr(dora, "__file__", "") or ""
    a["is_ours"] = os.path.exists(os.path.join(os.path.dirname(a["file"]), "dataflow.schema.json"))
except Exception as e:
    a["error"] = type(e).__name__ + ": " + str(e).split("\n")[0][:200]
for name in ("dora-rs", "dora", "dora-cpp", "pyarrow", "numpy"):
    try:
        d = m.distribution(name)
        brings = any(str(f).startswith("dora/") for f in d.files or ())
        a[name] = {"version": d.version, "brings_module": brings}
    except m.PackageNotFoundError:
        pass
print(json.dumps(a))
)";

Check shared_memory_folder() {
  struct stat status{};
  if (::stat("/dev/shm", &status) != 0 || !S_ISDIR(status.st_mode))
    return {"dev-shm", Level::Warn, "/dev/shm: is not there",
            "dora does not need it, but nodes may"};
  if ((status.st_mode & 07777) != 01777)
    return {"dev-shm", Level::Warn,
            fmt::format("/dev/shm: has mode {:o} instead of 1777", status.st_mode & 07777),
            "as root: chmod 1777 /dev/shm"};
  return {"dev-shm", Level::Pass, "/dev/shm: is there, with mode 1777"};
}

Check shared_memory() {
  const FileDescriptor memory(::memfd_create("dora-doctor", MFD_CLOEXEC | MFD_ALLOW_SEALING));
  if (memory && ::ftruncate(memory.get(), 1 << 20) == 0)
    return {"shared-memory", Level::Pass, "Shared memory: works"};
  return {"shared-memory", Level::Fail,
          fmt::format("Shared memory: cannot be made: {}", std::strerror(errno)),
          "the kernel must offer memfd_create (Linux 3.17 or later)"};
}

Check socket_folder() {
  const auto root = daemon::instances_root();
  if (root) return {"sockets", Level::Pass, fmt::format("Sockets: {}", root->string())};
  return {"sockets", Level::Fail, fmt::format("Sockets: {}", root.error().message),
          "set XDG_RUNTIME_DIR to a folder of your own with mode 0700"};
}

Check uv(const Environment& environment) {
  const auto program = daemon::find_on_path("uv", environment("PATH").value_or(""));
  if (!program.empty()) {
    if (const auto version =
            daemon::ask_program({program.string(), "--version"}, "/", program_patience))
      return {"uv", Level::Pass, fmt::format("uv: {}", *version)};
  }
  Check check{"uv", Level::Warn, "uv: not found on PATH",
              "`--uv` needs it: pip install uv, or see https://docs.astral.sh/uv"};
  const auto python = daemon::own_program_directory() / "python";
  if (fs::exists(python)) check.fix = {python.string(), "-m", "pip", "install", "uv"};
  return check;
}

Check git(const Environment& environment) {
  if (!daemon::find_on_path("git", environment("PATH").value_or("")).empty())
    return {"git", Level::Pass, "git: is there"};
  return {"git", Level::Warn, "git: not found on PATH",
          "nodes with `git` need it: apt install git"};
}

// The first of these that is there, as for nodes: see daemon/program_lookup.hpp.
fs::path python_of_nodes(const Environment& environment) {
  for (const char* variable : {"VIRTUAL_ENV", "CONDA_PREFIX"}) {
    const fs::path python = fs::path(environment(variable).value_or("")) / "bin/python";
    if (environment(variable) && fs::exists(python)) return python;
  }
  fs::path beside = daemon::own_program_directory() / "python";
  if (fs::exists(beside)) return beside;
  return daemon::find_on_path("python3", environment("PATH").value_or(""));
}

std::string text_at(const json::object& object, std::string_view key) {
  const auto* value = object.if_contains(key);
  return value != nullptr && value->is_string() ? std::string(value->get_string()) : "";
}

// The command that puts this dora into the virtual environment of `python`, in the place of another
// one; none when it is our own environment, or none at all.
std::vector<std::string> take_over(const fs::path& python) {
  const fs::path own = daemon::own_program_directory() / "python";
  const fs::path root = python.parent_path().parent_path();
  std::error_code error;
  const bool is_other = fs::exists(own, error) && fs::exists(root / "pyvenv.cfg", error) &&
                        !fs::equivalent(python.parent_path(), own.parent_path(), error);
  if (!is_other) return {};
  return {own.string(), "-m", "dora._environment", root.string()};
}

Check python_module(const json::object& answer, const std::string& python) {
  const std::string module = text_at(answer, "module");
  if (const std::string error = text_at(answer, "error"); !error.empty())
    return {"python-module", Level::Fail,
            fmt::format("Python package dora: cannot be imported: {}", error),
            "install dora-cpp into this environment", take_over(python)};
  const auto* is_ours = answer.if_contains("is_ours");
  if (is_ours == nullptr || *is_ours != true)
    return {"python-module", Level::Fail,
            fmt::format("Python package dora: {} is another package ({})", module,
                        text_at(answer, "file")),
            "remove it, and install dora-cpp into this environment", take_over(python)};
  if (module != version())
    return {
        "python-module", Level::Fail,
        fmt::format("Python package dora: has version {}, but this program {}", module, version()),
        "install both from one wheel: pip install --force-reinstall dora-cpp", take_over(python)};
  return {"python-module", Level::Pass, fmt::format("Python package dora: {}", module)};
}

// A wheel of dora-rs puts its files over ours.
void check_foreign_wheel(const json::object& answer, const std::string& python,
                         std::vector<Check>& checks) {
  for (const char* name : {"dora-rs", "dora"}) {
    const auto* found = answer.if_contains(name);
    if (found == nullptr || found->as_object().at("brings_module") != true) continue;
    std::vector<std::string> fix = take_over(python);
    if (fix.empty()) fix = {python, "-m", "pip", "uninstall", "--yes", name};
    checks.push_back({"foreign-wheel", Level::Fail,
                      fmt::format("the package {} {} is installed beside ours, and brings a module "
                                  "`dora` that does not speak to this program",
                                  name, text_at(found->as_object(), "version")),
                      fmt::format("pip uninstall {}, then reinstall dora-cpp", name),
                      std::move(fix)});
  }
}

// The dora in the background that is meant: coordinator and daemon of this machine.
std::vector<Check> check_background(const ParsedCommand& command, const Environment& environment) {
  const auto address = daemon_address(command, environment);
  const auto found =
      address ? look_for_daemon(*address) : Result<std::optional<daemon::Instance>>(std::nullopt);
  if (found && *found) {
    return {{"coordinator", Level::Pass,
             fmt::format("Coordinator: reachable at {}", (*found)->control_socket().string())},
            {"daemon", Level::Pass, "Daemon: connected"},
            {"machines", Level::Pass, "Connected machines: 1",
             fmt::format("this one, as process {}", (*found)->record.pid)}};
  }
  std::vector<Check> checks;
  const auto peer = coordinator_address(environment);
  if (!peer) {
    checks.push_back(
        {"coordinator", Level::Fail, peer.error().message, "correct the address, or leave it out"});
  } else if (can_connect(*peer, 500ms)) {
    checks.push_back(
        {"coordinator", Level::Pass, fmt::format("Coordinator: reachable at {}", peer->text())});
  } else {
    checks.push_back({"coordinator", Level::Note,
                      fmt::format("Coordinator: not reachable at {}", peer->text()),
                      "only dataflows on several machines need one: `dora up`"});
  }
  checks.push_back({"daemon", Level::Note, "Daemon: not connected",
                    "`dora run` needs none; `dora up` starts one"});
  return checks;
}

// Of the dataflows that run: those that are not well, or one line for all.
std::vector<Check> check_nodes(const std::vector<RunningDataflow>& dataflows) {
  std::vector<Check> checks;
  std::size_t well = 0;
  for (const RunningDataflow& dataflow : dataflows) {
    if (!dataflow.is_running()) continue;
    for (const NodeLine& node : dataflow.node_details) {
      const std::string status = to_lower(node.status);
      const bool has_failed = status == "failed";
      if (!has_failed && status != "restarting" && status != "degraded") {
        ++well;
        continue;
      }
      const std::string name = dataflow.name.empty() ? dataflow.uuid : dataflow.name;
      checks.push_back({"nodes", has_failed ? Level::Fail : Level::Warn,
                        fmt::format("Node {} of {}: {}", node.id, name, status),
                        fmt::format("dora logs {} --node {}", name, node.id)});
    }
  }
  if (checks.empty() && well > 0)
    checks.push_back({"nodes", Level::Pass, fmt::format("Nodes: {} well", well)});
  return checks;
}

}  // namespace

std::string_view to_text(Check::Level level) {
  switch (level) {
    case Level::Pass:
      return "PASS";
    case Level::Note:
      return "NOTE";
    case Level::Warn:
      return "WARN";
    case Level::Fail:
      return "FAIL";
  }
  return "";
}

std::vector<Check> check_machine(const Environment& environment) {
  return {{"version", Level::Pass, fmt::format("CLI version: {}", version())},
          shared_memory_folder(),
          uv(environment),
          shared_memory(),
          socket_folder(),
          git(environment)};
}

std::vector<Check> check_python(const Environment& environment) {
  const std::string python = python_of_nodes(environment).string();
  if (python.empty())
    return {{"python", Level::Warn, "Python: none was found", "nodes in Python need one"}};
  const auto line =
      daemon::ask_program({python, "-c", std::string(python_question)}, "/", program_patience);
  boost::system::error_code error;
  const json::value answer = line ? json::parse(*line, error) : json::value();
  if (!answer.is_object())
    return {{"python", Level::Fail, fmt::format("Python: {} does not answer", python),
             "repair or remove this environment"}};
  const json::object& map = answer.as_object();
  std::vector<Check> checks{
      {"python", Level::Pass, fmt::format("Python: {} ({})", text_at(map, "python"), python)},
      python_module(map, python)};
  check_foreign_wheel(map, python, checks);
  return checks;
}

std::vector<Check> check_running(const ParsedCommand& command, const Environment& environment) {
  std::vector<Check> checks = check_background(command, environment);
  const auto survey = survey_dataflows(std::chrono::steady_clock::now() + 5s);
  if (!survey) {
    checks.push_back({"dataflows", Level::Fail, survey.error().message});
    return checks;
  }
  for (const Error& each : survey->errors)
    checks.push_back({"instances", Level::Warn, each.message});
  std::size_t running = 0;
  std::size_t failed = 0;
  for (const RunningDataflow& each : survey->dataflows) {
    running += each.status == "Running" ? 1 : 0;
    failed += each.status == "Failed" ? 1 : 0;
  }
  checks.push_back({"dataflows", Level::Pass,
                    fmt::format("Dataflows: {} running, {} failed, {} total", running, failed,
                                survey->dataflows.size())});
  std::ranges::move(check_nodes(survey->dataflows), std::back_inserter(checks));
  return checks;
}

}  // namespace dora::cli

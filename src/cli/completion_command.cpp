// SPDX-License-Identifier: Apache-2.0
// `dora completion` prints the script for a shell; the script asks `dora __complete --`, which must
// answer before a person notices.
#include <algorithm>
#include <fstream>

#include <fmt/format.h>
#include <unistd.h>

#include "base/spelling.hpp"
#include "cli/build_session.hpp"
#include "cli/commands.hpp"
#include "cli/completion.hpp"
#include "cli/control_client.hpp"
#include "cli/control_request.hpp"
#include "cli/dataflow_file.hpp"
#include "cli/log_source.hpp"
#include "cli/run_options.hpp"
#include "cli/running_node.hpp"
#include "cli/topics.hpp"
#include "dataflow/error_codes.hpp"
#include "dataflow/load.hpp"
#include "hub/index_fetcher.hpp"

namespace dora::cli {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

// What a person waits for a completion, and how many names help.
constexpr auto survey_patience = 30ms;
constexpr std::size_t most_names = 500;

// Asks the running dataflows and the disk.
class LiveSource : public CompletionSource {
 public:
  explicit LiveSource(const Environment& environment) : environment_(environment) {}

  std::vector<Candidate> names(const NameQuery& query) override {
    switch (query.kind) {
      case Complete::Nothing:
      case Complete::LogFilter:  // of LoggedNodes
      case Complete::NodeList:   // of Nodes
        return {};
      case Complete::Files:
        return files(query.begun, false);
      case Complete::DataflowFiles:
        return files(query.begun, true);
      case Complete::Dataflows:
        return dataflows();
      case Complete::Nodes:
        return query.file.empty() ? nodes(query) : nodes_of_file(query.file);
      case Complete::LoggedNodes:
        return query.file.empty() ? logged_nodes(query) : nodes_of_file(query.file);
      case Complete::Outputs:
      case Complete::Inputs:
        return ports(query);
      case Complete::Packages:
        return packages();
      case Complete::DataflowFilesOrPackages: {
        std::vector<Candidate> found = files(query.begun, true);
        std::ranges::move(packages(), std::back_inserter(found));
        return found;
      }
      case Complete::Parameters:
        return parameters(query);
      case Complete::Codes:
        return codes();
      case Complete::Topics:
        return commands_and_topics();
    }
    return {};
  }

 private:
  static std::vector<Candidate> files(std::string_view begun, bool only_yaml) {
    std::vector<Candidate> found;
    const auto slash = begun.rfind('/');
    const std::string folder(slash == std::string_view::npos ? "" : begun.substr(0, slash + 1));
    std::error_code error;
    fs::directory_iterator entry(folder.empty() ? "." : folder, error);
    for (; !error && entry != fs::directory_iterator() && found.size() < most_names;
         entry.increment(error)) {
      const std::string name = entry->path().filename().string();
      // Hidden ones when they are asked for.
      if (name.starts_with('.') && !begun.substr(folder.size()).starts_with('.')) continue;
      std::error_code unknown;
      const bool is_folder = entry->is_directory(unknown);
      const bool is_yaml = name.ends_with(".yml") || name.ends_with(".yaml");
      if (is_folder || is_yaml || !only_yaml)
        found.push_back({folder + name + (is_folder ? "/" : ""), ""});
    }
    std::ranges::sort(found, {}, &Candidate::word);
    return found;
  }

  static std::vector<RunningDataflow> running() {
    auto survey = survey_dataflows(std::chrono::steady_clock::now() + survey_patience);
    return survey ? std::move(survey->dataflows) : std::vector<RunningDataflow>{};
  }

  // Those that the command line means.
  static std::vector<RunningDataflow> running(const NameQuery& query) {
    std::vector<RunningDataflow> found = running();
    if (!query.dataflow.empty())
      std::erase_if(found, [&](const RunningDataflow& each) {
        return each.name != query.dataflow && each.uuid != query.dataflow;
      });
    return found;
  }

  static std::vector<Candidate> dataflows() {
    std::vector<Candidate> found;
    for (const RunningDataflow& each : running())
      found.push_back({each.name.empty() ? each.uuid : each.name,
                       fmt::format("{}, {} nodes", each.status, each.nodes)});
    return found;
  }

  static std::vector<Candidate> nodes(const NameQuery& query) {
    std::vector<Candidate> found;
    for (const RunningDataflow& each : running(query))
      for (const std::string& node : each.running_nodes)
        found.push_back({node, each.name});
    return found;
  }

  // Those whose files `dora logs` would show.
  static std::vector<Candidate> logged_nodes(const NameQuery& query) {
    std::vector<Candidate> found = nodes(query);
    LogWish wish;
    if (!query.dataflow.empty()) wish.dataflow = query.dataflow;
    std::error_code error;
    wish.directory = fs::current_path(error);
    const auto source = find_log_source(wish, Survey{.dataflows = running(query), .errors = {}});
    if (!source) return found;
    for (const fs::path& folder : source->folders) {
      fs::directory_iterator entry(folder, error);
      for (; !error && entry != fs::directory_iterator(); entry.increment(error)) {
        const std::string name = entry->path().filename().string();
        if (name.starts_with("log_") && name.ends_with(".jsonl"))
          found.push_back({name.substr(4, name.size() - 10), ""});
      }
    }
    return found;
  }

  static std::vector<Candidate> nodes_of_file(const std::string& typed) {
    std::vector<Candidate> found;
    const auto path = find_dataflow_file(typed);
    if (!path) return found;
    const dataflow::LoadResult loaded = dataflow::load(*path);
    if (const auto& known = loaded.dataflow ? loaded.dataflow : loaded.sketch)
      for (const dataflow::Node& node : known->nodes)
        found.push_back({std::string(node.id.text()), node.path});
    return found;
  }

  static std::vector<Candidate> ports(const NameQuery& query) {
    std::vector<Candidate> found;
    for (const RunningDataflow& each : running(query)) {
      const auto loaded = dataflow::load(each.file);
      if (!loaded.dataflow) continue;
      for (const dataflow::Node& node : loaded.dataflow->nodes) {
        const auto add = [&](std::string_view port) {
          found.push_back({fmt::format("{}/{}", node.id.text(), port), each.name});
        };
        if (query.kind == Complete::Inputs) {
          for (const dataflow::Input& input : node.ports.inputs)
            add(input.id.text());
        } else {
          for (const dataflow::Output& output : node.ports.outputs)
            add(output.id.text());
        }
      }
    }
    return found;
  }

  // Of the indexes that were fetched before: nobody is asked.
  std::vector<Candidate> packages() const {
    std::vector<Candidate> found;
    const auto config = hub::HubConfig::load(environment_);
    if (!config) return found;
    const hub::IndexFetcher fetcher(lookup_context().inherited, hub::IndexFetcher::Ask::Never);
    for (const hub::IndexConfig& index : config->indexes()) {
      const auto catalog = fetcher.peek(index);
      if (!catalog) continue;
      for (const auto& [name_space, name] : catalog->packages())
        found.push_back({fmt::format("{}/{}", name_space, name), index.alias});
    }
    return found;
  }

  static std::vector<Candidate> parameters(const NameQuery& query) {
    std::vector<Candidate> found;
    const auto deadline = std::chrono::steady_clock::now() + survey_patience;
    for (const RunningDataflow& each : running(query)) {
      const auto answer = ask(
          each.instance, {"GET", path_of_node(each.uuid, query.node, "/parameters"), ""}, deadline);
      const auto* all = answer ? answer->if_contains("parameters") : nullptr;
      if (all == nullptr || !all->is_object()) continue;
      for (const auto& parameter : all->get_object())
        found.push_back({std::string(parameter.key()), ""});
    }
    return found;
  }

  static std::vector<Candidate> codes() {
    std::vector<Candidate> found;
    for (const dataflow::ErrorCode& code : dataflow::error_codes())
      found.push_back({std::string(code.code), std::string(code.title)});
    return found;
  }

  static std::vector<Candidate> commands_and_topics() {
    std::vector<Candidate> found;
    for (const Command* command : commands())
      if (!command->is_hidden && !command->name.contains(' '))
        found.push_back({std::string(command->name), std::string(command->summary)});
    for (const Family& family : families())
      found.push_back({std::string(family.name), std::string(family.summary)});
    for (const Topic& topic : topics())
      found.push_back({std::string(topic.name), std::string(topic.summary)});
    return found;
  }

  const Environment& environment_;
};

int complete_words(const CommandContext& context) {
  LiveSource source(context.environment);
  std::string text;
  for (const Candidate& each : complete(context.command.arguments(), source)) {
    // Names come from files: one that would break the lines is not offered.
    if (each.word.find_first_of("\n\t\r") != std::string::npos) continue;
    text += each.help.empty() ? each.word + "\n" : fmt::format("{}\t{}\n", each.word, each.help);
  }
  print_result(text);
  return 0;
}

// The shell that we were called from; else the one that the user has.
std::string shell_of_user(const Environment& environment) {
  std::string name;
  std::ifstream(fmt::format("/proc/{}/comm", ::getppid())) >> name;
  if (!completion_script(name).empty()) return name;
  return fs::path(environment("SHELL").value_or("")).filename().string();
}

int completion(const CommandContext& context) {
  const auto& arguments = context.command.arguments();
  const std::string shell =
      arguments.empty() ? shell_of_user(context.environment) : arguments.front();
  const std::string_view script = completion_script(shell);
  if (!script.empty()) {
    print_result(script);
    return 0;
  }
  const std::string known[] = {"bash", "zsh", "fish", "elvish", "powershell"};
  const auto near = closest_match(shell, known);
  print_error(
      context.terminal,
      shell.empty()
          ? "cannot tell which shell this is: name it, bash, zsh, fish, elvish or powershell"
          : fmt::format("there is no completion for `{}`: use bash, zsh, fish, elvish or "
                        "powershell{}",
                        shell, near ? fmt::format(", did you mean `{}`?", *near) : ""));
  return exit_usage;
}

}  // namespace

constinit const Command completion_command{
    .name = "completion",
    .group = Group::Help,
    .summary = "Print the script that completes commands in your shell",
    .arguments = {{{"SHELL",
                    "bash, zsh, fish, elvish or powershell; none: the one this is called from",
                    Argument::Takes::Optional, Complete::Nothing,
                    "bash|zsh|fish|elvish|powershell"}}},
    .description =
        "Completes commands, flags and their values, files, and the names of running dataflows, "
        "their nodes and their outputs.",
    .examples =
        "dora completion bash # in ~/.bashrc: source <(dora completion bash)\n"
        "dora completion zsh # in ~/.zshrc: source <(dora completion zsh)\n"
        "dora completion fish # in config.fish: dora completion fish | source",
    .run = completion,
};

constinit const Command complete_command{
    .name = "__complete",
    .group = Group::Help,
    .summary = "Answer the completion of a shell",
    .arguments = {{{"WORD", "What stands behind `dora`", Argument::Takes::AnyNumber}}},
    .run = complete_words,
    .is_hidden = true,
};

}  // namespace dora::cli

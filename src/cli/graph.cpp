// SPDX-License-Identifier: Apache-2.0
// `dora graph`: a picture of a dataflow, made here, for a browser, a terminal or a document.
#include <cerrno>
#include <cstring>

#include <fcntl.h>
#include <fmt/format.h>
#include <spawn.h>
#include <sys/wait.h>

#include "base/file_descriptor.hpp"
#include "cli/commands.hpp"
#include "cli/dataflow_file.hpp"
#include "cli/file_url.hpp"
#include "cli/graph_layout.hpp"
#include "cli/graph_model.hpp"
#include "cli/shared_flags.hpp"
#include "daemon/program_lookup.hpp"

namespace dora::cli {
namespace {

namespace fs = std::filesystem;

constexpr int most_files = 10'000;

// `mermaid`, `svg`, `ascii`, or `html`, which needs no flag.
std::string wanted_form(const ParsedCommand& command) {
  for (const char* form : {"mermaid", "svg", "ascii", "json"})
    if (command.has(std::string("--") + form)) return form;
  return command.value("--format").value_or("html");
}

Result<> write_file(const fs::path& path, std::string_view text, int how) {
  const FileDescriptor file(
      ::open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC | O_NOCTTY | how, 0666));
  if (!file)
    return fail(errno == EEXIST ? ErrorKind::Busy : ErrorKind::Failed,
                fmt::format("cannot write {}: {}", path.string(), std::strerror(errno)));
  return write_all(file.get(), text).while_doing(fmt::format("writing {}", path.string()));
}

// `<stem>-graph.html` in the current folder, or the first free `<stem>-graph.1.html`, ...
Result<fs::path> write_page(const std::string& stem, std::string_view page) {
  for (int number = 0; number < most_files; ++number) {
    fs::path path = number == 0 ? fmt::format("{}-graph.html", stem)
                                : fmt::format("{}-graph.{}.html", stem, number);
    auto written = write_file(path, page, O_EXCL);
    if (written) return path;
    if (written.error().kind != ErrorKind::Busy) return std::unexpected(written.error());
  }
  return fail(ErrorKind::Failed,
              fmt::format("there are {} pages of {} here already: remove some", most_files, stem));
}

// By the program of the desktop; it goes on by itself.
bool open_in_browser(const std::string& url, const Environment& environment) {
  const std::string search_path = environment("PATH").value_or("");
  std::string program = environment("BROWSER").value_or("");
  if (program.empty() || program.find_first_of(" %:") != std::string::npos) program = "xdg-open";
  if (!program.contains('/')) program = daemon::find_on_path(program, search_path).string();
  if (program.empty()) return false;
  std::string argument = url;
  char* arguments[] = {program.data(), argument.data(), nullptr};
  pid_t child = -1;
  if (::posix_spawn(&child, program.c_str(), nullptr, nullptr, arguments, environ) != 0)
    return false;
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

int fail_with(const Terminal& terminal, const Error& error) {
  print_error(terminal, error.message);
  return exit_code_of(error);
}

void tell_of_straight_arrows(const Graph& graph, std::size_t straight, const Terminal& terminal) {
  if (straight == 0 || terminal.is_quiet) return;
  print_notice(
      fmt::format("The graph is large: its {} longest arrows of {} are drawn straight, behind the "
                  "nodes between their ends.\n",
                  straight, graph.edges.size()));
}

int graph(const CommandContext& context) {
  const ParsedCommand& command = context.command;
  const std::string form = wanted_form(command);
  if (command.has("--open") && form != "html") {
    print_error(context.terminal, "`--open` is for the page in HTML");
    return exit_usage;
  }
  int exit_code = 0;
  const auto file = load_dataflow_file(command.arguments().front(), context.terminal, exit_code);
  if (!file) return exit_code;
  print_diagnostics(file->loaded, context.terminal, "");
  // What is missing is drawn as missing.
  const auto& drawn = file->loaded.dataflow ? file->loaded.dataflow : file->loaded.sketch;
  if (!drawn) return exit_invalid_dataflow;
  const int outcome = file->loaded.dataflow ? 0 : exit_invalid_dataflow;
  const Graph graph = make_graph(*drawn);
  const std::string title = file->path.filename().string();
  std::string text;
  if (form == "mermaid") text = to_mermaid(graph);
  if (form == "ascii") text = to_ascii(graph);
  if (form == "json") text = to_json_text(graph);
  if (form == "svg" || form == "html") {
    const Layout layout = lay_out(graph);
    text = form == "svg" ? to_svg(graph, title, layout) : to_html(graph, title, layout);
    tell_of_straight_arrows(graph, layout.straight, context.terminal);
  }
  if (const auto output = command.value("--output")) {
    auto written = write_file(*output, text, O_TRUNC);
    if (!written) return fail_with(context.terminal, written.error());
    if (form != "html") return outcome;
  } else if (form != "html") {
    print_result(text);
    if (form == "mermaid" && !context.terminal.is_quiet)
      print_notice("Paste the above on https://mermaid.live, or into Markdown.\n");
    return outcome;
  }
  fs::path page = command.value("--output").value_or("");
  if (page.empty()) {
    auto written = write_page(file->path.stem().string(), text);
    if (!written) return fail_with(context.terminal, written.error());
    page = *written;
  }
  const std::string url = file_url(page);
  print_result(fmt::format("View graph by opening the following in your browser:\n  {}\n", url));
  if (command.has("--open") && !open_in_browser(url, context.environment)) {
    print_warning(context.terminal, "no browser could be opened: there is no desktop here");
    return exit_failed;
  }
  return outcome;
}

constexpr Flag graph_flags[] = {
    {.name = "--mermaid", .help = "Print the text of a Mermaid flowchart", .conflicts = "--svg"},
    {.name = "--svg", .help = "Print a picture in SVG", .conflicts = "--ascii"},
    {.name = "--ascii", .help = "Print it for a terminal", .conflicts = "--mermaid"},
    {.name = "--format",
     .short_name = "-f",
     .value = "FORMAT",
     .help = "html (a page in a file, the default), svg, mermaid, ascii or json",
     .takes = Flag::Takes::Value,
     .choices = "html|svg|mermaid|ascii|json"},
    json_flag,
    {.name = "--output",
     .short_name = "-o",
     .value = "FILE",
     .help = "Write to this file",
     .takes = Flag::Takes::Value,
     .complete = Complete::Files},
    {.name = "--open", .help = "Open the page in the browser"},
};

}  // namespace

constinit const Command graph_command{
    .name = "graph",
    .group = Group::Write,
    .summary = "Draw a dataflow",
    .arguments = {{{"PATH", "The YAML file, or a folder that holds dataflow.yml",
                    Argument::Takes::One, Complete::DataflowFiles}}},
    .flags = graph_flags,
    .description =
        "Writes a page with the picture into the current folder, as `<name>-graph.html`. It needs "
        "no network, and follows the light or dark colours of the system. Programs need not be "
        "there: only the file is read. What an input reads, but nobody sends, is drawn as missing; "
        "then the exit code is 3.",
    .examples =
        "dora graph dataflow.yml --open\n"
        "dora graph dataflow.yml --ascii\n"
        "dora graph dataflow.yml --svg -o graph.svg",
    .run = graph,
};

}  // namespace dora::cli

// SPDX-License-Identifier: Apache-2.0
#include "cli/screen_tables.hpp"

#include <filesystem>
#include <map>

#include <fcntl.h>
#include <fmt/format.h>

#include "base/file_descriptor.hpp"
#include "cli/console_text.hpp"
#include "cli/file_url.hpp"
#include "cli/graph_model.hpp"
#include "cli/table.hpp"
#include "cli/text_layout.hpp"
#include "dataflow/load.hpp"

namespace dora::cli {
namespace {

constexpr double bytes_of_a_megabyte = 1e6;

std::vector<std::string> row_of(const NodeLine& node) {
  const bool has_process = node.pid > 0;
  const double megabytes = static_cast<double>(node.memory_bytes) / bytes_of_a_megabyte;
  return {terminal_safe(node.id, false),
          node.status,
          has_process ? std::to_string(node.pid) : "-",
          has_process ? fmt::format("{:.1f}%", node.cpu_percent) : "-",
          has_process ? fmt::format("{:.1f} MB", megabytes) : "-",
          std::to_string(node.restarts)};
}

}  // namespace

std::string top_table(const std::vector<NodeLine>& nodes, const std::vector<OutputRate>& rates,
                      const std::vector<daemon::EdgeTotals>& edges) {
  std::vector<std::vector<std::string>> rows;
  for (const NodeLine& node : nodes)
    rows.push_back(row_of(node));
  std::string text = format_table({"NODE", "STATUS", "PID", "CPU", "MEMORY", "RESTARTS"}, rows);
  std::map<std::string, std::uint64_t> dropped;
  for (const daemon::EdgeTotals& edge : edges)
    dropped[edge.producer + "/" + edge.output] += edge.dropped();
  rows.clear();
  for (const OutputRate& rate : rates) {
    rows.push_back({rate.output, fmt::format("{:.1f} Hz", rate.hertz),
                    format_byte_rate(rate.bytes_per_second), std::to_string(dropped[rate.output])});
  }
  if (!rows.empty()) text += format_table({"OUTPUT", "RATE", "BANDWIDTH", "DROPPED"}, rows);
  text = indented(text);
  text.erase(text.find_last_not_of('\n') + 1);
  return text;
}

Result<std::string> write_graph_page(const std::string& file,
                                     const std::vector<std::string>& log_folders) {
  const dataflow::LoadResult loaded = dataflow::load(file);
  if (!loaded.dataflow)
    return fail(ErrorKind::InvalidInput, fmt::format("{} has mistakes by now", file));
  const std::filesystem::path folder(log_folders.empty() ? "." : log_folders.front());
  const std::filesystem::path path = folder / "graph.html";
  const FileDescriptor page(
      ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0666));
  if (!page) return fail_errno("writing " + path.string());
  const std::string title = std::filesystem::path(file).filename().string();
  TRY(write_all(page.get(), to_html(make_graph(*loaded.dataflow), title))
          .while_doing("writing " + path.string()));
  return file_url(path);
}

}  // namespace dora::cli

// SPDX-License-Identifier: Apache-2.0
// What is asked of single nodes of the dataflows of a dora.
#include <utility>

#include <boost/asio/post.hpp>
#include <fmt/format.h>

#include "daemon/host.hpp"
#include "daemon/plan_node.hpp"
#include "daemon/process_usage.hpp"
#include "daemon/run.hpp"

namespace dora::daemon {

Result<Host::FoundNode> Host::find_node(std::string_view run, std::string_view node) const {
  Run* found = TRY(find_run(run));
  return FoundNode{found, TRY(found->find_node(node))};
}

Result<Run*> Host::find_run(std::string_view run) const {
  Run* found = engine_.find(run);
  if (found != nullptr) return found;
  return fail(ErrorKind::NotFound,
              fmt::format("the dataflow {} does not run any more, so nothing can be done with its "
                          "nodes",
                          run));
}

void Host::remember_changes(std::string_view run) {
  const auto known = known_.find(run);
  const Run* found = engine_.find(run);
  if (known == known_.end() || found == nullptr) return;
  known->second.plan.nodes = found->plan().nodes;
  std::erase_if(known->second.plan.nodes, [](const NodePlan& node) { return node.is_removed; });
}

Result<NodeDescription> Host::describe_node(std::string_view run, std::string_view node) const {
  const FoundNode found = TRY(find_node(run, node));
  NodeDescription told = found.run->describe(found.index);
  measure(told.info, list_processes());
  return told;
}

void Host::stop_node(std::string_view run, std::string_view node, const StopOptions& options,
                     std::function<void(Result<>)> on_ended) {
  const auto found = find_node(run, node);
  if (!found) return on_ended(std::unexpected(found.error()));
  found->run->stop_node(found->index, options, std::move(on_ended));
}

Result<> Host::restart_node(std::string_view run, std::string_view node,
                            const StopOptions& options) {
  const FoundNode found = TRY(find_node(run, node));
  return found.run->restart_node(found.index, options);
}

Result<std::map<std::string, std::string>> Host::parameters(std::string_view run,
                                                            std::string_view node) const {
  const FoundNode found = TRY(find_node(run, node));
  return found.run->parameters(found.index);
}

void Host::set_parameter(std::string_view run, std::string_view node, const std::string& key,
                         std::optional<std::string> value, std::function<void(Result<>)> on_set) {
  const auto found = find_node(run, node);
  if (!found) return on_set(std::unexpected(found.error()));
  // Nothing to be written down.
  if (!history_ || (!value && !found->run->parameters(found->index).contains(key)))
    return on_set(set_parameter_now(run, node, key, std::move(value)));
  history_->set_parameter(
      std::string(run), std::string(node), key, value,
      [this, run = std::string(run), node = std::string(node), key, value,
       on_set = std::move(on_set)](const Result<>& written) {
        // What is not on the disk is not acknowledged, and no node is told of it.
        on_set(written ? set_parameter_now(run, node, key, value)
                       : fail(ErrorKind::Failed,
                              "the parameter was not changed, as that cannot be written down in "
                              "the store: " +
                                  written.error().message));
      });
}

Result<> Host::set_parameter_now(std::string_view run, std::string_view node,
                                 const std::string& key, std::optional<std::string> value) {
  const FoundNode found = TRY(find_node(run, node));
  TRY(found.run->set_parameter(found.index, key, std::move(value)));
  remember_changes(run);
  return {};
}

void Host::with_definition(std::string_view run, const std::filesystem::path& file,
                           std::string_view replaced,
                           std::function<void(Result<std::pair<Run*, NodePlan>>)> what) {
  const auto found = find_run(run);
  if (!found) return what(std::unexpected(found.error()));
  boost::asio::post(
      planner_, [this, self = self_, id = std::string(run), replaced = std::string(replaced), file,
                 plan = (*found)->plan(), what = std::move(what)]() mutable {
        auto node = plan_node(plan, file, replaced);
        boost::asio::post(loop_, [self, id = std::move(id), node = std::move(node),
                                  what = std::move(what)]() mutable {
          if (*self == nullptr) return;
          if (!node) return what(std::unexpected(node.error()));
          const auto still = (*self)->find_run(id);
          if (!still) return what(std::unexpected(still.error()));
          what(std::pair(*still, *std::move(node)));
          (*self)->remember_changes(id);
        });
      });
}

void Host::add_node(std::string_view run, const std::filesystem::path& file,
                    std::function<void(Result<std::string>)> on_added) {
  with_definition(run, file, {}, [on_added = std::move(on_added)](auto found) {
    if (!found) return on_added(std::unexpected(found.error()));
    auto& [target, node] = *found;
    const std::string id = node.id.text();
    const auto added = target->add_node(std::move(node));
    on_added(added ? Result<std::string>(id) : std::unexpected(added.error()));
  });
}

void Host::remove_node(std::string_view run, std::string_view node, const StopOptions& options,
                       std::function<void(Result<>)> on_removed) {
  const auto found = find_node(run, node);
  if (!found) return on_removed(std::unexpected(found.error()));
  found->run->remove_node(found->index, options,
                          [self = self_, id = std::string(run),
                           on_removed = std::move(on_removed)](const Result<>& removed) {
                            if (*self != nullptr) (*self)->remember_changes(id);
                            on_removed(removed);
                          });
}

void Host::replace_node(std::string_view run, std::string_view node,
                        const std::filesystem::path& file, const StopOptions& options,
                        std::function<void(Result<>)> on_replaced) {
  const auto known = find_node(run, node);
  if (!known) return on_replaced(std::unexpected(known.error()));
  with_definition(
      run, file, node,
      [name = std::string(node), options, on_replaced = std::move(on_replaced)](auto found) {
        if (!found) return on_replaced(std::unexpected(found.error()));
        const auto index = found->first->find_node(name);
        if (!index) return on_replaced(std::unexpected(index.error()));
        found->first->replace_node(*index, std::move(found->second), options, on_replaced);
      });
}

Result<> Host::connect(std::string_view run, std::string_view output, std::string_view input) {
  Run* found = TRY(find_run(run));
  TRY(found->connect(output, input));
  remember_changes(run);
  return {};
}

Result<> Host::disconnect(std::string_view run, std::string_view output, std::string_view input) {
  Run* found = TRY(find_run(run));
  TRY(found->disconnect(output, input));
  remember_changes(run);
  return {};
}

}  // namespace dora::daemon

// SPDX-License-Identifier: Apache-2.0
// `dora runtime`: the process in which operators in shared libraries run. The daemon starts it.
#include "operators/runtime.hpp"

#include <cstdlib>
#include <memory>
#include <thread>
#include <vector>

#include <fmt/format.h>

#include "cli/commands.hpp"
#include "message/node_config.hpp"
#include "node/control_connection.hpp"
#include "node/node.hpp"
#include "operators/exported_functions.hpp"

namespace dora::cli {
namespace {

Result<std::shared_ptr<node::Node>> join(const char* config) {
  auto created = TRY(node::Node::create(config));
  std::shared_ptr<node::Node> node(std::move(created));
  for (;;) {
    auto joined = node->join();
    if (joined) return node;
    if (!node::is_interruption(joined.error())) return std::unexpected(joined.error());
  }
}

Result<> run_thread(operators::Runtime& runtime, std::size_t number) {
  for (;;) {
    operators::Runtime::Delivery delivery;
    const auto outcome =
        TRY(runtime.next(number, DORA_OPERATOR_CONTINUE, -1, runtime.nudges(), &delivery));
    if (outcome == operators::Runtime::Outcome::Ended) return {};
  }
}

Result<> run_operators(const char* config) {
  const auto node = TRY(join(config));
  const auto runtime = TRY(operators::Runtime::create(node));
  for (std::size_t index = 0; index < runtime->operator_count(); ++index) {
    if (!runtime->is_hosted(index)) continue;
    return fail(ErrorKind::Unsupported,
                fmt::format("operator '{}' is not in a shared library", runtime->config(index).id));
  }
  std::vector<std::thread> threads;
  for (std::size_t number = 1; number < runtime->thread_count(); ++number) {
    // What fails there ends the loop here, with the same error.
    threads.emplace_back([&, number] { (void)run_thread(*runtime, number); });
  }
  auto result = run_thread(*runtime, 0);
  for (std::thread& thread : threads)
    thread.join();
  return result;
}

int run_runtime(const CommandContext& context) {
  const char* config = std::getenv(message::node_config_variable);
  if (config == nullptr) {
    print_error(context.terminal,
                "`dora runtime` runs the operators of a dataflow and is started by dora itself: "
                "DORA_NODE_CONFIG and DORA_RUNTIME_CONFIG are not set\n"
                "  start the dataflow with `dora run dataflow.yml`");
    return exit_usage;
  }
  // Also keeps them in the program.
  if (operators::exported_functions().empty()) return exit_failed;
  auto result = run_operators(config);
  if (result) return 0;
  print_error(context.terminal, result.error().message);
  return exit_failed;
}

}  // namespace

constinit const Command runtime_command{
    .name = "runtime",
    .group = Group::Run,
    .summary = "Run operators in shared libraries; started by dora itself",
    .run = run_runtime,
    .is_hidden = true,
};

}  // namespace dora::cli

// SPDX-License-Identifier: Apache-2.0
// No bytes on the control socket may break the server or the interface behind it, and whatever a
// client sends, its connection comes to an end.
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <utility>

#include <boost/asio/io_context.hpp>
#include <sys/socket.h>

#include "base/check.hpp"
#include "daemon/control_api.hpp"
#include "transport/http_server.hpp"

namespace dora::daemon {
namespace {

class OneDataflow : public ControlTarget {
 public:
  std::vector<DataflowStatus> dataflows(Usage) const override {
    DataflowStatus dataflow;
    dataflow.run.id = "0190";
    dataflow.run.name = "hello";
    dataflow.run.status = RunStatus::Running;
    return {dataflow};
  }
  void stop(std::string_view run, const StopOptions& options,
            std::function<void(Result<RunResult>)> on_ended) override {
    CHECK(run == "0190");
    CHECK(options.grace.count() >= 0);
    on_ended(RunResult{});
  }
  void start(StartRequest request, std::function<void(Result<StartedRun>)> on_started) override {
    CHECK(request.file.is_absolute());
    on_started(StartedRun{"0191", request.name});
  }
  void restart(std::string_view run, const StopOptions&,
               std::function<void(Result<StartedRun>)> on_started) override {
    CHECK(run == "0190");
    on_started(StartedRun{"0191", "hello"});
  }
  Result<> watch(std::string_view run, bool before_start,
                 const std::shared_ptr<Watcher>& watcher) override {
    CHECK(run == "0190" || before_start);
    watcher->on_status(RunStatus::Running);
    return {};
  }
  Result<std::shared_ptr<NodeTerminal>> terminal_of(std::string_view,
                                                    std::string_view node) override {
    return fail(ErrorKind::Unsupported, std::string(node) + " has no terminal");
  }
  Result<NodeSurroundings> surroundings_of(std::string_view, std::string_view) override {
    return NodeSurroundings{"/work", {{"MODEL", "yolo"}}};
  }
  void forget(std::string_view run, std::function<void(Result<>)> on_forgotten) override {
    CHECK(run == "0190");
    on_forgotten(fail(ErrorKind::Busy, "it is running"));
  }
  Result<NodeDescription> describe_node(std::string_view run,
                                        std::string_view node) const override {
    CHECK(run == "0190");
    NodeDescription told;
    told.dataflow_id = run;
    told.info.node = node;
    return told;
  }
  void stop_node(std::string_view run, std::string_view, const StopOptions&,
                 std::function<void(Result<>)> on_ended) override {
    CHECK(run == "0190");
    on_ended({});
  }
  Result<> restart_node(std::string_view run, std::string_view, const StopOptions&) override {
    CHECK(run == "0190");
    return fail(ErrorKind::Busy, "it has ended already");
  }
  Result<std::map<std::string, std::string>> parameters(std::string_view,
                                                        std::string_view) const override {
    return std::map<std::string, std::string>{{"gain", "0.5"}};
  }
  void set_parameter(std::string_view, std::string_view, const std::string& key,
                     std::optional<std::string> value,
                     std::function<void(Result<>)> on_set) override {
    CHECK(key.size() <= 256 || !value);
    CHECK(!value || value->size() <= 65536);
    on_set({});
  }
  void add_node(std::string_view, const std::filesystem::path& file,
                std::function<void(Result<std::string>)> on_added) override {
    CHECK(file.is_absolute());
    on_added("new");
  }
  void remove_node(std::string_view run, std::string_view, const StopOptions&,
                   std::function<void(Result<>)> on_removed) override {
    CHECK(run == "0190");
    on_removed({});
  }
  void replace_node(std::string_view, std::string_view, const std::filesystem::path& file,
                    const StopOptions& options,
                    std::function<void(Result<>)> on_replaced) override {
    CHECK(file.is_absolute() && options.grace.count() >= 0);
    on_replaced({});
  }
  Result<> connect(std::string_view, std::string_view output, std::string_view input) override {
    CHECK(!output.empty() && !input.empty());
    return {};
  }
  Result<> disconnect(std::string_view, std::string_view, std::string_view) override {
    return fail(ErrorKind::NotFound, "there is no such connection");
  }
  void shut_down(bool, std::function<void(Result<>)> on_ended) override { on_ended({}); }
};

void serve(std::string_view bytes) {
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends) != 0) return;
  FileDescriptor client(ends[0]);
  FileDescriptor served(ends[1]);
  OneDataflow target;
  const ControlApi api(target);
  boost::asio::io_context loop;
  transport::HttpServer server(
      loop, FileDescriptor(),
      [&](const transport::HttpRequest& request, transport::HttpServer::Reply reply) {
        api.answer(request, std::move(reply));
      },
      {.max_header_bytes = 1024, .max_body_bytes = 4096},
      [&](const transport::HttpRequest& request, transport::HttpServer::Accept accept,
          transport::HttpServer::Reply reply) {
        api.answer(request, std::move(reply), std::move(accept));
      });
  server.serve(std::move(served));
  (void)::send(client.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
  (void)::shutdown(client.get(), SHUT_WR);
  loop.run();
  CHECK(server.connections() == 0);
}

}  // namespace
}  // namespace dora::daemon

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  dora::daemon::serve({reinterpret_cast<const char*>(data), size});
  return 0;
}

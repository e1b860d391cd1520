// SPDX-License-Identifier: Apache-2.0
// `dora attach`: sits down at the terminal of a node, until it ends or somebody leaves.
#include <array>
#include <csignal>
#include <optional>
#include <string>
#include <utility>

#include <boost/asio/error.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/json.hpp>
#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/file_descriptor.hpp"
#include "cli/commands.hpp"
#include "cli/control_client.hpp"
#include "cli/control_request.hpp"
#include "cli/daemon_address.hpp"
#include "cli/raw_keyboard.hpp"
#include "cli/shared_flags.hpp"
#include "transport/http_client.hpp"
#include "transport/web_socket.hpp"

namespace dora::cli {
namespace {

namespace asio = boost::asio;
namespace json = boost::json;
using asio::posix::stream_descriptor;
using boost::system::error_code;
using transport::WebSocket;

// Ctrl-], as telnet and machine consoles have it: no program that people use in a terminal does.
constexpr char leave_key = 0x1d;
constexpr std::chrono::seconds connecting_patience{5};

class Attachment {
 public:
  Attachment(const RunningDataflow& dataflow, std::string node, const Terminal& terminal)
      : dataflow_(dataflow),
        node_(std::move(node)),
        terminal_(terminal),
        is_interactive_(::isatty(STDIN_FILENO) == 1),
        input_(loop_),
        window_(loop_, SIGWINCH),
        ending_(loop_, SIGTERM, SIGHUP) {}

  Result<int> run() {
    auto connection = TRY(transport::connect_until(
        dataflow_.instance.socket, std::chrono::steady_clock::now() + connecting_patience));
    socket_ = WebSocket::connect(
        loop_, std::move(connection), terminal_path(dataflow_.uuid, node_),
        {.on_open = [this] { sit_down(); },
         .on_message = [this](WebSocket::Kind kind,
                              std::string_view message) { on_message(kind, message); },
         .on_refused =
             [this](const transport::HttpResponse& answer) {
               end(std::unexpected(error_of(answer)));
             },
         .on_closed =
             [this](const Error& why) {
               end(fail(ErrorKind::Disconnected,
                        fmt::format("lost {}: {}", dataflow_.instance.description, why.message)));
             }},
        {});
    loop_.run();
    socket_.reset();
    keyboard_.reset();
    if (!farewell_.empty() && !terminal_.is_quiet) print_notice(farewell_);
    return end_;
  }

 private:
  void sit_down() {
    if (is_interactive_ && !terminal_.is_quiet) {
      print_notice(fmt::format("attached to {} of [{}]: Ctrl-] leaves, Ctrl-C goes to the node\n",
                               node_, dataflow_.name));
    }
    if (is_interactive_) keyboard_.emplace(STDIN_FILENO, RawKeyboard::Signals::AreKeys);
    ending_.async_wait([this](error_code error, int signal) {
      if (!error) end(128 + signal);
    });
    tell_size();
    wait_for_input();
  }

  // The node's window is as large as the one that shows it.
  void tell_size() {
    winsize size{};
    if (::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) {
      socket_->send(WebSocket::Kind::Text,
                    json::serialize(json::object{{"columns", size.ws_col}, {"rows", size.ws_row}}));
    }
    window_.async_wait([this](error_code error, int) {
      if (!error) tell_size();
    });
  }

  void wait_for_input() {
    if (!input_.is_open()) {
      error_code error;
      input_.assign(::dup(STDIN_FILENO), error);
    }
    input_.async_wait(stream_descriptor::wait_read, [this](error_code error) {
      if (error == asio::error::operation_aborted) return;
      // A file cannot be waited for: it is there at once.
      while (read_input() && error) {
      }
      if (!error && !is_input_over_) wait_for_input();
    });
  }

  // False at the end of the input: what the node says is shown all the same.
  bool read_input() {
    char typed[4096];
    const auto length =
        retry_interrupted([&] { return ::read(STDIN_FILENO, typed, sizeof typed); });
    is_input_over_ = length <= 0;
    if (is_input_over_) return false;
    std::string text(typed, static_cast<std::size_t>(length));
    const auto leave = is_interactive_ ? text.find(leave_key) : std::string::npos;
    text.resize(std::min(leave, text.size()));
    if (!text.empty() && !socket_->send(WebSocket::Kind::Bytes, std::move(text)))
      print_notice("\a");
    if (leave == std::string::npos) return true;
    farewell_ = fmt::format("\nleft {}, which goes on\n", node_);
    is_input_over_ = true;
    end(0);
    return false;
  }

  void on_message(WebSocket::Kind kind, std::string_view message) {
    if (kind == WebSocket::Kind::Bytes) {
      if (!write_all(STDOUT_FILENO, message)) end(0);
      return;
    }
    error_code error;
    const json::value parsed =
        json::parse(json::string_view(message.data(), message.size()), error);
    const json::value* why =
        error || !parsed.is_object() ? nullptr : parsed.get_object().if_contains("ended");
    if (why == nullptr || !why->is_string()) return;
    farewell_ = fmt::format("\n{} has ended: {}\n", node_, std::string_view(why->get_string()));
    end(0);
  }

  void end(Result<int> result) {
    end_ = std::move(result);
    loop_.stop();
  }

  const RunningDataflow& dataflow_;
  const std::string node_;
  const Terminal& terminal_;
  const bool is_interactive_;
  asio::io_context loop_{1};
  stream_descriptor input_;
  asio::signal_set window_;
  asio::signal_set ending_;
  std::shared_ptr<WebSocket> socket_;
  std::optional<RawKeyboard> keyboard_;
  std::string farewell_;
  bool is_input_over_ = false;
  Result<int> end_ = exit_failed;
};

Result<int> attach_to(const CommandContext& context) {
  const std::string& node = context.command.arguments().front();
  const DaemonAddress address = TRY(daemon_address(context.command, context.environment));
  const RunningDataflow dataflow =
      TRY(find_dataflow_of_node(node, context.command.value("--dataflow"), address.only()));
  Attachment attachment(dataflow, node, context.terminal);
  return attachment.run();
}

int attach(const CommandContext& context) {
  const auto code = attach_to(context);
  if (code) return *code;
  print_error(context.terminal, code.error().message);
  return exit_code_of(code.error());
}

constexpr auto attach_flags = join_flags(std::array{dataflow_flag}, coordinator_flags);

}  // namespace

constinit const Command attach_command{
    .name = "attach",
    .group = Group::Look,
    .summary = "Sit down at the terminal of a node: for breakpoint(), input() and the like",
    .arguments = {{{"NODE", "A node of a running dataflow", Argument::Takes::One,
                    Complete::Nodes}}},
    .flags = attach_flags,
    .description =
        "You see what the node prints, and what you type goes to it, Ctrl-C included. Ctrl-] "
        "leaves; the "
        "node goes on. Its window is as large as yours. Several may sit there at once.",
    .examples =
        "dora attach detector\n"
        "dora attach detector -d hello",
    .run = attach,
};

}  // namespace dora::cli

// SPDX-License-Identifier: Apache-2.0
#include "cli/daemon_address.hpp"

#include <algorithm>
#include <charconv>
#include <cstdint>

#include <fmt/format.h>

namespace dora::cli {
namespace {

constexpr std::uint16_t default_port = 6013;

Result<std::uint16_t> parse_port(const std::string& text) {
  std::uint16_t port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (error != std::errc() || end != text.data() + text.size() || port == 0) {
    return fail(ErrorKind::InvalidInput,
                fmt::format("`{}` is no port: give a number from 1 to 65535 as --coordinator-port "
                            "or DORA_COORDINATOR_PORT",
                            text));
  }
  return port;
}

bool is_loopback(const std::string& address) {
  return address == "localhost" || address == "::1" || address.starts_with("127.");
}

bool is_ip_address(const std::string& text) {
  return !text.empty() && std::ranges::all_of(text, [](unsigned char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || c == '.' || c == ':';
  });
}

// Flags come with the values of their environment variables; `dora up` has the variables only.
std::optional<std::string> value_of(const ParsedCommand& command, const Environment& environment,
                                    const char* flag, const char* variable) {
  const auto typed = command.value(flag);
  return typed ? typed : environment(variable);
}

}  // namespace

Result<DaemonAddress> daemon_address(const ParsedCommand& command, const Environment& environment) {
  const auto host = value_of(command, environment, "--coordinator-addr", "DORA_COORDINATOR_ADDR");
  const auto port = value_of(command, environment, "--coordinator-port", "DORA_COORDINATOR_PORT");
  const std::uint16_t number = port ? TRY(parse_port(*port)) : default_port;
  if (host && !is_loopback(*host)) {
    if (!is_ip_address(*host)) {
      return fail(ErrorKind::InvalidInput,
                  fmt::format("`{}` is no IP address: give one as --coordinator-addr or "
                              "DORA_COORDINATOR_ADDR",
                              *host));
    }
    return fail(ErrorKind::Disconnected,
                fmt::format("no coordinator can be reached at {}:{}: this version of dora speaks "
                            "to those on this machine only",
                            *host, number));
  }
  return DaemonAddress{
      .instance = number == default_port ? "default" : fmt::format("port-{}", number),
      .is_chosen = host.has_value() || port.has_value()};
}

Result<std::optional<daemon::Instance>> look_for_daemon(const DaemonAddress& address) {
  for (daemon::Instance& found : TRY(daemon::list_instances()))
    if (found.name == address.instance) return std::optional(std::move(found));
  return std::optional<daemon::Instance>();
}

Result<daemon::Instance> find_daemon(const DaemonAddress& address) {
  auto found = TRY(look_for_daemon(address));
  if (found) return *std::move(found);
  const auto root = TRY(daemon::instances_root());
  return fail(ErrorKind::Disconnected,
              fmt::format("no dora daemon is running (nobody listens at {}): start one with `dora "
                          "up`",
                          (root / address.instance / "control.sock").string()));
}

}  // namespace dora::cli

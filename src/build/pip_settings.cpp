// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>

#include "build/python_environment.hpp"
#include "build/script_block.hpp"

namespace dora::build {
namespace {

struct Setting {
  std::string_view option;  ///< in pip.conf
  std::string_view pip;
  std::string_view uv;
};

constexpr std::array<Setting, 8> settings{{
    {"index-url", "PIP_INDEX_URL", "UV_DEFAULT_INDEX"},
    {"extra-index-url", "PIP_EXTRA_INDEX_URL", "UV_INDEX"},
    {"find-links", "PIP_FIND_LINKS", "UV_FIND_LINKS"},
    {"no-index", "PIP_NO_INDEX", "UV_NO_INDEX"},
    {"constraint", "PIP_CONSTRAINT", "UV_CONSTRAINT"},
    {"trusted-host", "PIP_TRUSTED_HOST", "UV_INSECURE_HOST"},
    {"cert", "PIP_CERT", "SSL_CERT_FILE"},
    {"timeout", "PIP_DEFAULT_TIMEOUT", "UV_HTTP_TIMEOUT"},
}};

// Earlier names of uv for the same.
constexpr std::array<std::pair<std::string_view, std::string_view>, 2> aliases{{
    {"UV_DEFAULT_INDEX", "UV_INDEX_URL"},
    {"UV_INDEX", "UV_EXTRA_INDEX_URL"},
}};

/// The values of a pip.conf, later files and the section `install` first.
void read_pip_conf(const std::filesystem::path& path, Variables& found) {
  std::ifstream file(path);
  std::string section;
  std::string* value = nullptr;
  for (std::string line; std::getline(file, line);) {
    const std::string_view text = trimmed(line);
    if (text.empty() || text.starts_with('#') || text.starts_with(';')) continue;
    if (text.starts_with('[')) {
      section = text;
      value = nullptr;
    } else if ((line[0] == ' ' || line[0] == '\t') && value != nullptr) {
      *value += (value->empty() ? "" : " ") + std::string(text);
    } else if (const auto equals = text.find_first_of("=:");
               equals != std::string_view::npos &&
               (section == "[global]" || section == "[install]")) {
      std::string key(trimmed(text.substr(0, equals)));
      std::ranges::replace(key, '_', '-');
      value = &found[key];
      *value = trimmed(text.substr(equals + 1));
    }
  }
}

Variables read_pip_confs(const Variables& variables) {
  Variables found;
  const std::string named = value_of(variables, "PIP_CONFIG_FILE");
  if (named == "/dev/null") return found;
  const std::filesystem::path home = value_of(variables, "HOME");
  const std::string config = value_of(variables, "XDG_CONFIG_HOME");
  read_pip_conf("/etc/xdg/pip/pip.conf", found);
  read_pip_conf("/etc/pip.conf", found);
  read_pip_conf(home / ".pip/pip.conf", found);
  read_pip_conf(
      (config.empty() ? home / ".config" : std::filesystem::path(config)) / "pip/pip.conf", found);
  if (!named.empty()) read_pip_conf(named, found);
  return found;
}

}  // namespace

void add_pip_settings(Variables& variables) {
  const Variables configured = read_pip_confs(variables);
  for (const Setting& setting : settings) {
    const auto alias =
        std::ranges::find(aliases, setting.uv, [](const auto& pair) { return pair.first; });
    if (variables.contains(std::string(setting.uv)) ||
        (alias != aliases.end() && variables.contains(std::string(alias->second))))
      continue;
    std::string value = value_of(variables, setting.pip);
    if (value.empty()) value = value_of(configured, setting.option);
    // The one list that uv separates by commas.
    if (setting.uv == "UV_FIND_LINKS") std::ranges::replace(value, ' ', ',');
    if (!value.empty()) variables[std::string(setting.uv)] = value;
  }
}

}  // namespace dora::build

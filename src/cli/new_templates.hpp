#pragma once
// SPDX-License-Identifier: Apache-2.0
// What `dora new` writes. In the texts `@name@` stands for the name that was given, `@module@` for
// the same as a Python name, `@LANGUAGE@` and `@ending@` for what CMake calls the language and how
// its sources end.

#include <span>
#include <string_view>

namespace dora::cli {

struct TemplateFile {
  std::string_view path;
  std::string_view text;
  /// Stands before the text.
  std::string_view beginning{};
};

struct Template {
  std::string_view language;  ///< "python", "c", "cxx"
  std::string_view kind;      ///< "dataflow", "node", "operator"
  /// "yaml dataflow", for the last line.
  std::string_view title;
  std::span<const TemplateFile> files;
  /// What to type next, line by line.
  std::string_view next;
  /// For `--template`; empty: what one gets without it.
  std::string_view name{};
};

/// The names for `--template`.
inline constexpr std::string_view template_names = "shapes";

/// Those for C and C++.
std::span<const Template> native_templates();

/// Nothing when there is no such one.
const Template* find_template(std::string_view language, std::string_view kind,
                              std::string_view name = {});

}  // namespace dora::cli

// SPDX-License-Identifier: Apache-2.0
// `dora explain`: what an error code means, with an example and the way out.
#include <algorithm>
#include <cctype>

#include <boost/json.hpp>
#include <fmt/format.h>

#include "base/spelling.hpp"
#include "cli/commands.hpp"
#include "cli/shared_flags.hpp"
#include "cli/text_layout.hpp"
#include "dataflow/error_codes.hpp"

namespace dora::cli {
namespace {

namespace json = boost::json;
using dataflow::ErrorCode;

std::string to_json_line(const ErrorCode& code) {
  const json::value line = {{"schema_version", 1},
                            {"code", code.code},
                            {"severity", code.code.starts_with('W') ? "warning" : "error"},
                            {"title", code.title},
                            {"explanation", code.explanation}};
  return json::serialize(line) + "\n";
}

std::string to_text(const ErrorCode& code) {
  return wrap(fmt::format("{}: {}", code.code, code.title)) + "\n" +
         wrap(std::string(code.explanation));
}

std::string upper(std::string text) {
  std::ranges::transform(text, text.begin(),
                         [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
  return text;
}

// `E13`, `13`, `[e013]` and `error[E013]` are understood as well.
std::string normal_form(const std::string& typed) {
  std::string word = upper(typed);
  if (const auto bracket = word.find('['); bracket != std::string::npos)
    word = word.substr(bracket + 1);
  while (word.ends_with(']') || word.ends_with(':'))
    word.pop_back();
  std::string letter = "E";
  if (word.starts_with('E') || word.starts_with('W')) {
    letter = word.substr(0, 1);
    word = word.substr(1);
  }
  const bool is_number = !word.empty() && word.size() <= 3 &&
                         std::ranges::all_of(word, [](char c) { return c >= '0' && c <= '9'; });
  return is_number ? fmt::format("{}{:0>3}", letter, word) : upper(typed);
}

std::string list_of_codes() {
  std::string text;
  for (const ErrorCode& code : dataflow::error_codes())
    text += row(code.code, 4, code.title);
  return text + "\n`dora explain CODE` tells more of one.\n";
}

int explain(const CommandContext& context) {
  const bool as_json = wants_json(context.command);
  const auto& typed = context.command.arguments();
  if (typed.empty()) {
    std::string text;
    for (const ErrorCode& code : dataflow::error_codes())
      text += to_json_line(code);
    print_result(as_json ? text : list_of_codes());
    return 0;
  }
  int exit_code = 0;
  std::string text;
  for (const std::string& word : typed) {
    if (const ErrorCode* code = dataflow::find_error_code(normal_form(word))) {
      if (!text.empty() && !as_json) text += "\n";
      text += as_json ? to_json_line(*code) : to_text(*code);
      continue;
    }
    std::vector<std::string> known;
    for (const ErrorCode& code : dataflow::error_codes())
      known.emplace_back(code.code);
    const auto near = closest_match(normal_form(word), known);
    print_error(context.terminal,
                fmt::format("there is no error code `{}`{}; `dora explain` lists them all", word,
                            near ? fmt::format(", did you mean `{}`?", *near) : ""));
    exit_code = exit_not_found;
  }
  print_result(text);
  return exit_code;
}

constexpr Flag explain_flags[] = {
    text_format_flag("text, or json: one object per code and line"),
    json_flag,
};

}  // namespace

constinit const Command explain_command{
    .name = "explain",
    .group = Group::Help,
    .summary = "Explain an error code, such as E013",
    .arguments = {{{"CODE", "What stands in brackets behind `error` or `warning`; none: all codes",
                    Argument::Takes::AnyNumber, Complete::Codes}}},
    .flags = explain_flags,
    .examples =
        "dora explain E013\n"
        "dora explain # every code, a line of each\n"
        "dora explain W001 --json",
    .run = explain,
};

}  // namespace dora::cli

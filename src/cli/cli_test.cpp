// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <set>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/clock.hpp"
#include "cli/command_line.hpp"
#include "cli/console_text.hpp"
#include "cli/duration.hpp"
#include "cli/env_option.hpp"
#include "cli/help.hpp"
#include "cli/log_filter.hpp"
#include "cli/text_layout.hpp"

namespace dora::cli {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Pair;
using testing::StartsWith;

std::optional<std::string> nothing(std::string_view) {
  return std::nullopt;
}

CommandLine parse(std::vector<std::string> words, const Environment& environment = nothing) {
  return parse_command_line(words, environment);
}

std::string usage_error(std::vector<std::string> words) {
  const auto parsed = parse(std::move(words));
  const auto* error = std::get_if<UsageError>(&parsed);
  return error == nullptr ? "no error" : error->message;
}

ParsedCommand command(std::vector<std::string> words, const Environment& environment = nothing) {
  auto parsed = parse(std::move(words), environment);
  if (const auto* error = std::get_if<UsageError>(&parsed)) ADD_FAILURE() << error->message;
  return std::get<ParsedCommand>(parsed);
}

TEST(Duration, ReadsNumbersWithUnits) {
  EXPECT_EQ(parse_duration("10s").value(), 10s);
  EXPECT_EQ(parse_duration("500ms").value(), 500ms);
  EXPECT_EQ(parse_duration("2m").value(), 2min);
  EXPECT_EQ(parse_duration("1h30m").value(), 90min);
  EXPECT_EQ(parse_duration("1h 30m").value(), 90min);
  EXPECT_EQ(parse_duration("2d").value(), 48h);
  EXPECT_EQ(parse_duration("1.5s").value(), 1500ms);
  EXPECT_EQ(parse_duration("7").value(), 7s);
  EXPECT_EQ(parse_duration("0.25").value(), 250ms);
  EXPECT_EQ(parse_duration("0").value(), 0s);
  EXPECT_EQ(parse_duration("20us").value(), 20us);
}

TEST(Duration, RefusesEverythingElse) {
  for (const char* text : {"", " ", "s", "-1", "-1s", "+1", "10 0", "10x", "1e3", "inf", "nan",
                           "1h30", "10s ", "0x10", "999999999999d", "1..2s", "ten", "1,5s"}) {
    const auto parsed = parse_duration(text);
    ASSERT_FALSE(parsed) << text << " is " << parsed->count();
    EXPECT_EQ(parsed.error().kind, ErrorKind::InvalidInput);
  }
}

TEST(Duration, IsShownInTheUnitThatSuits) {
  EXPECT_EQ(format_duration(120us), "120 µs");
  EXPECT_EQ(format_duration(12ms), "12 ms");
  EXPECT_EQ(format_duration(11200ms), "11.2 s");
  EXPECT_EQ(format_duration(999'999us), "1.0 s");
  EXPECT_EQ(format_duration(200s), "3 min 20 s");
  EXPECT_EQ(format_duration(2h + 5min), "2 h 5 min");
  EXPECT_EQ(format_duration(49h), "2 d 1 h");
}

TEST(LogFilter, PlainOutputIsNoSeverity) {
  const auto all = parse_log_filter("stdout", "").value();
  EXPECT_TRUE(all.passes("a", LogLevel::Stdout));
  EXPECT_TRUE(all.passes("a", LogLevel::Trace));
  const auto info = parse_log_filter("INFO", "").value();
  EXPECT_FALSE(info.passes("a", LogLevel::Stdout));
  EXPECT_TRUE(info.passes("a", LogLevel::Warn));
  EXPECT_TRUE(info.passes("a", LogLevel::Info));
  EXPECT_FALSE(info.passes("a", LogLevel::Debug));
}

TEST(LogFilter, ReplacesTheMinimumOfANode) {
  const auto filter = parse_log_filter("error", "camera=debug,detector=stdout").value();
  EXPECT_TRUE(filter.passes("camera", LogLevel::Debug));
  EXPECT_TRUE(filter.passes("detector", LogLevel::Stdout));
  EXPECT_FALSE(filter.passes("other", LogLevel::Warn));
}

TEST(LogFilter, RefusesWhatItDoesNotKnow) {
  EXPECT_THAT(parse_log_filter("inof", "").error().message, HasSubstr("`info`"));
  EXPECT_FALSE(parse_log_filter("info", "camera"));
  EXPECT_FALSE(parse_log_filter("info", "=warn"));
  EXPECT_FALSE(parse_log_filter("info", "camera=loud"));
  EXPECT_FALSE(parse_log_filter("info", "a=info,,b=warn"));
}

TEST(EnvOption, SplitsAtTheFirstEqualsSign) {
  const std::vector<std::string> options{"A=1", "B=x=y", "A=2", "C=", "D=1.5", "E=true", "F=-3"};
  EXPECT_THAT(parse_env_options(options).value(),
              ElementsAre(Pair("A", "2"), Pair("B", "x=y"), Pair("C", ""), Pair("D", "1.5"),
                          Pair("E", "true"), Pair("F", "-3")));
}

TEST(EnvOption, RefusesWhatYamlWouldChange) {
  for (const char* option : {"A", "=1", "A=$HOME", "A=1.10", "A=01234", "A=1e5", "A=True", "A=0x10",
                             "A=~", "A=.5", "A=+1", "A=1.0", "A=.inf", "A=-0", "A=0o17"}) {
    const std::vector<std::string> options{option};
    EXPECT_FALSE(parse_env_options(options)) << option;
  }
  for (const char* option : {"A=1.2.3", "A=v1.10", "A=yes", "A=1_000", "A=-", "A=a b", "A=0xzz"}) {
    const std::vector<std::string> options{option};
    EXPECT_TRUE(parse_env_options(options)) << option;
  }
}

TEST(TerminalSafe, KeepsColorsAndNothingElse) {
  EXPECT_EQ(terminal_safe("plain text", true), "plain text");
  EXPECT_EQ(terminal_safe("\x1b[31mred\x1b[0m", true), "\x1b[31mred\x1b[0m");
  EXPECT_EQ(terminal_safe("\x1b[31mred", true), "\x1b[31mred\x1b[0m");
  EXPECT_EQ(terminal_safe("\x1b[31mred\x1b[0m", false), "red");
  EXPECT_EQ(terminal_safe("\x1b[2J", true), "␛[2J");
  EXPECT_EQ(terminal_safe("\x1b]0;title\x07", true), "␛]0;title␇");
  EXPECT_EQ(terminal_safe(std::string_view("a\0b", 3), true), "a␀b");
  EXPECT_EQ(terminal_safe("a\tb\r", true), "a\tb");
  EXPECT_EQ(terminal_safe("a\rb", true), "a␍b");
  EXPECT_EQ(terminal_safe("\x7f", true), "␡");
  EXPECT_EQ(terminal_safe("\xc2\x9b", true), "\\x9b");
  EXPECT_EQ(terminal_safe("\xe2\x80\xae", true), "\\u{202e}");
}

TEST(TerminalSafe, ReplacesWhatIsNoUtf8) {
  EXPECT_EQ(terminal_safe("grüße", true), "grüße");
  EXPECT_EQ(terminal_safe("\xff\xfe", true), "��");
  EXPECT_EQ(terminal_safe("\xc3", true), "�");
  EXPECT_EQ(terminal_safe("\xed\xa0\x80", true), "���");
  EXPECT_EQ(display_width("grüße"), 5U);
  EXPECT_EQ(display_width("日本"), 4U);
}

TEST(CommandLine, GivesFlagsAndArguments) {
  const auto run = command({"run", "--env", "A=1", "flow.yml", "--env", "B=[x,y]",
                            "--log-level=info", "--exit-when-nodes-finish", "--allow-shell-nodes"});
  EXPECT_EQ(run.command().name, "run");
  EXPECT_THAT(run.arguments(), ElementsAre("flow.yml"));
  EXPECT_THAT(run.values("--env"), ElementsAre("A=1", "B=[x,y]"));
  EXPECT_EQ(run.value("--log-level"), "info");
  EXPECT_EQ(run.value("--exit-when-nodes-finish"), "true");
  EXPECT_TRUE(run.has("--allow-shell-nodes"));
  EXPECT_FALSE(run.has("--uv"));
}

TEST(CommandLine, AFlagWithAnOptionalValueTakesNoWord) {
  EXPECT_THAT(command({"run", "--exit-when-nodes-finish", "flow.yml"}).arguments(),
              ElementsAre("flow.yml"));
  EXPECT_EQ(command({"run", "--exit-when-nodes-finish=false", "flow.yml"})
                .value("--exit-when-nodes-finish"),
            "false");
}

TEST(CommandLine, TheLastOfEqualFlagsWinsAndFlagsMayComeFirst) {
  EXPECT_EQ(
      command({"run", "--log-level", "info", "--log-level", "warn", "f"}).value("--log-level"),
      "warn");
  EXPECT_EQ(command({"--color", "never", "run", "f"}).value("--color"), "never");
  EXPECT_TRUE(command({"-q", "run", "f"}).has("--quiet"));
  EXPECT_TRUE(command({"list", "-q"}).has("--uuids"));
  EXPECT_TRUE(command({"stop", "-af"}).has("--force"));
  EXPECT_EQ(command({"list", "-fjson"}).value("--format"), "json");
  EXPECT_EQ(command({"list", "-f=JSON"}).value("--format"), "json");
  EXPECT_EQ(command({"list", "-f", "json"}).value("--format"), "json");
}

TEST(CommandLine, AFlagBeatsItsEnvironmentVariable) {
  const Environment environment = [](std::string_view name) -> std::optional<std::string> {
    if (name == "DORA_LOG_LEVEL") return "debug";
    return std::nullopt;
  };
  EXPECT_EQ(command({"run", "f"}, environment).value("--log-level"), "debug");
  EXPECT_EQ(command({"run", "f", "--log-level", "warn"}, environment).value("--log-level"), "warn");
  const Environment wrong = [](std::string_view name) -> std::optional<std::string> {
    if (name == "DORA_COLOR") return "blue";
    return std::nullopt;
  };
  const std::vector<std::string> words{"list"};
  const auto parsed = parse_command_line(words, wrong);
  EXPECT_EQ(std::get<UsageError>(parsed).message, "DORA_COLOR=blue: use auto, always or never");
}

TEST(CommandLine, WordsAfterTwoDashesAreArguments) {
  EXPECT_THAT(command({"run", "--", "--odd.yml"}).arguments(), ElementsAre("--odd.yml"));
}

TEST(CommandLine, SaysWhatWasMeant) {
  EXPECT_EQ(usage_error({"rnu", "hello"}), "unknown command `rnu`, did you mean `run`?");
  EXPECT_EQ(usage_error({"run", "f", "--stop-aftr", "1s"}),
            "unknown flag `--stop-aftr` for `dora run`, did you mean `--stop-after`?");
  EXPECT_EQ(usage_error({"dataflow.yml"}),
            "unknown command `dataflow.yml`, did you mean `dora run dataflow.yml`?");
  EXPECT_EQ(usage_error({"--colour", "never"}),
            "unknown flag `--colour` for `dora`, did you mean `--color`?");
  EXPECT_THAT(usage_error({"trace", "f"}), HasSubstr("not in this version yet"));
  EXPECT_EQ(usage_error({"hub", "serach"}),
            "unknown command `hub serach`, did you mean `hub search`?");
  EXPECT_EQ(usage_error({"xyzzy"}), "unknown command `xyzzy`");
}

TEST(CommandLine, RefusesWhatMakesNoSense) {
  EXPECT_THAT(usage_error({"run"}), HasSubstr("`dora run` needs PATH"));
  EXPECT_THAT(usage_error({"run", "a", "b"}), HasSubstr("takes only one PATH"));
  EXPECT_THAT(usage_error({"list", "a"}), HasSubstr("takes no argument"));
  EXPECT_THAT(usage_error({"run", "a", "--log-level"}), HasSubstr("needs a value"));
  EXPECT_THAT(usage_error({"run", "a", "--uv=1"}), HasSubstr("takes no value"));
  EXPECT_THAT(usage_error({"stop", "--grace-duration", "1s", "--force"}),
              HasSubstr("exclude each other"));
  EXPECT_THAT(usage_error({"run", "a", "--locked", "--write-lockfile"}),
              HasSubstr("exclude each other"));
  EXPECT_THAT(usage_error({"stop", "-x"}), HasSubstr("unknown flag `-x`"));
  EXPECT_EQ(usage_error({"list", "--format", "jsno"}),
            "`--format jsno`: use table or json, did you mean `json`?");
  EXPECT_EQ(usage_error({"run", "a", "--log-level", "--uv"}),
            "`--log-level` needs a value: --log-level LEVEL");
}

TEST(Help, FitsOnOneScreenAndNamesEveryCommand) {
  const std::string text = general_help();
  EXPECT_LE(std::ranges::count(text, '\n'), 24);
  for (const Command* each : commands()) {
    const std::string first(each->name.substr(0, each->name.find(' ')));
    if (!each->is_hidden) {
      EXPECT_THAT(text, HasSubstr(first));
    }
  }
}

TEST(Help, HasNoLineWiderThanATerminal) {
  std::string text = beginner_help() + general_help() + all_help();
  for (const Command* each : commands())
    text += command_help(*each);
  for (const Family& each : families())
    text += family_help(each);
  for (std::size_t begin = 0; begin < text.size();) {
    const std::string line = text.substr(begin, text.find('\n', begin) - begin);
    EXPECT_LE(display_width(line), text_width) << line;
    begin += line.size() + 1;
  }
}

TEST(CommandTable, IsConsistent) {
  std::set<std::string_view> names;
  for (const Command* each : commands()) {
    SCOPED_TRACE(each->name);
    EXPECT_TRUE(names.insert(each->name).second);
    for (const std::string_view alias : each->aliases)
      if (!alias.empty()) {
        EXPECT_TRUE(names.insert(alias).second) << alias;
      }
    EXPECT_NE(each->run, nullptr);
    EXPECT_FALSE(each->summary.empty());
    EXPECT_FALSE(each->summary.ends_with('.'));
    if (!each->is_hidden) {
      EXPECT_FALSE(each->examples.empty());
    }
    for (std::string_view rest = each->examples; !rest.empty();) {
      EXPECT_THAT(rest, StartsWith("dora "));
      const auto end = rest.find('\n');
      rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
    }
    std::set<std::string_view> flags;
    for (const Flag& flag : each->flags) {
      SCOPED_TRACE(flag.name);
      EXPECT_TRUE(flag.name.starts_with("--"));
      EXPECT_TRUE(flags.insert(flag.name).second);
      if (!flag.short_name.empty()) {
        EXPECT_TRUE(flags.insert(flag.short_name).second);
      }
      EXPECT_EQ(flag.value.empty(), flag.takes == Flag::Takes::Nothing);
      if (!flag.conflicts.empty()) {
        EXPECT_NE(find_flag(*each, flag.conflicts), nullptr);
      }
      if (!flag.environment.empty()) {
        EXPECT_TRUE(flag.environment.starts_with("DORA_"));
      }
    }
    const auto arguments = each->own_arguments();
    for (std::size_t i = 0; i + 1 < arguments.size(); ++i)
      EXPECT_TRUE(arguments[i].takes == Argument::Takes::One ||
                  arguments[i].takes == Argument::Takes::Optional);
  }
}

TEST(TextLayout, WrapsParagraphsAndLeavesTheRest) {
  EXPECT_EQ(wrap("one two three\nfour", 9), "one two\nthree\nfour\n");
  EXPECT_EQ(wrap("one\n\n  indented line stays\ntwo", 9), "one\n\n  indented line stays\ntwo\n");
  EXPECT_EQ(wrap("averyveryverylongword b", 9), "averyveryverylongword\nb\n");
  EXPECT_EQ(wrap("", 9), "");
}

TEST(TextLayout, PutsExplanationsBesideLabels) {
  EXPECT_EQ(row("-a", 4, "All"), "  -a    All\n");
  EXPECT_EQ(row("--a-long-one", 4, "All"), "  --a-long-one\n        All\n");
  const std::string text = row("-a", 4, std::string(40, 'x') + " " + std::string(40, 'y'));
  EXPECT_EQ(text, "  -a    " + std::string(40, 'x') + "\n        " + std::string(40, 'y') + "\n");
}

TEST(Help, IsGivenWhereverItIsAskedFor) {
  for (const auto& words : std::vector<std::vector<std::string>>{
           {"--help"}, {"-h"}, {"run", "--help"}, {"run", "x", "-h"}, {"help", "-h"}}) {
    EXPECT_TRUE(std::holds_alternative<HelpWanted>(parse(words)));
  }
  EXPECT_TRUE(std::holds_alternative<VersionWanted>(parse({"-V"})));
  EXPECT_EQ(usage_error({}), "");
}

}  // namespace
}  // namespace dora::cli

// SPDX-License-Identifier: Apache-2.0
#include "daemon/watchers.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace dora::daemon {
namespace {

using testing::ElementsAre;

class WatchersTest : public testing::Test {
 protected:
  std::shared_ptr<Watcher> watcher(const std::string& name) {
    auto made = std::make_shared<Watcher>();
    made->on_log = [this, name](const LogEntry& entry) {
      heard_.push_back(name + ": " + entry.message);
    };
    made->on_status = [this, name](RunStatus status) {
      heard_.push_back(name + ": " + to_string(status));
    };
    made->on_finished = [this, name](const RunResult& result, const std::string& next) {
      heard_.push_back(name + ": end of " + result.id + " " + next);
    };
    return made;
  }
  void say(const std::string& run, const std::string& text) {
    LogEntry entry;
    entry.dataflow_id = run;
    entry.message = text;
    watchers_.tell_log(entry);
  }

  Watchers watchers_;
  std::vector<std::string> heard_;
};

TEST_F(WatchersTest, EverybodyHearsWhatHeWatches) {
  const auto first = watcher("first");
  const auto second = watcher("second");
  watchers_.add("a", first);
  watchers_.add("b", second);
  watchers_.add("a", second);
  say("a", "one");
  say("b", "two");
  say("c", "three");
  EXPECT_THAT(heard_, ElementsAre("first: one", "second: one", "second: two"));
}

TEST_F(WatchersTest, AStatusIsToldOnce) {
  const auto first = watcher("first");
  watchers_.add("a", first);
  for (const RunStatus status : {RunStatus::Starting, RunStatus::Running, RunStatus::Running})
    watchers_.tell_status("a", status);
  EXPECT_THAT(heard_, ElementsAre("first: running"));
}

TEST_F(WatchersTest, WhoIsGoneIsForgotten) {
  auto first = watcher("first");
  watchers_.add("a", first);
  first.reset();
  say("a", "one");
  EXPECT_FALSE(watchers_.has_any("a"));
  watchers_.add("never-started", watcher("second"));
  const auto third = watcher("third");
  watchers_.add("b", third);
  EXPECT_FALSE(watchers_.has_any("never-started"));
  EXPECT_THAT(heard_, ElementsAre());
}

TEST_F(WatchersTest, WhoWatchesWhatIsRestartedWatchesWhatComesNext) {
  const auto first = watcher("first");
  watchers_.add("a", first);
  RunResult result;
  result.id = "a";
  watchers_.tell_finished(result, "b");
  say("b", "again");
  result.id = "b";
  watchers_.tell_finished(result, "");
  say("b", "nobody hears this");
  EXPECT_THAT(heard_, ElementsAre("first: end of a b", "first: again", "first: end of b "));
}

}  // namespace
}  // namespace dora::daemon

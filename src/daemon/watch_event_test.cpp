// SPDX-License-Identifier: Apache-2.0
#include "daemon/watch_event.hpp"

#include <gtest/gtest.h>

namespace dora::daemon {
namespace {

template <typename Event>
Event back_and_forth(const Event& event) {
  const auto parsed = parse_watch_event(to_text(event));
  EXPECT_TRUE(parsed);
  return std::get<Event>(*parsed);
}

TEST(WatchEvent, ALineArrivesWithEverythingItHas) {
  LogEntry entry;
  entry.dataflow_id = "0190-a";
  entry.node = "camera";
  entry.level = LogLevel::Warn;
  entry.stream = LogEntry::Stream::Stderr;
  entry.time_ns = 1'700'000'000'512'000'000;
  entry.message = "no \"light\"\n\x01";
  entry.target = "optics";
  entry.module_path = "optics.lens";
  entry.file = "lens.py";
  entry.line = 7;
  entry.fields = {{"lux", "0"}};
  entry.is_continued = true;
  EXPECT_EQ(back_and_forth(entry), entry);
  EXPECT_EQ(back_and_forth(LogEntry{.message = "said by dora"}).stream, LogEntry::Stream::None);
}

TEST(WatchEvent, AResultArrivesWithWhatItsSummariesNeed) {
  RunFinished finished{.result = {.id = "0190-a",
                                  .name = "hello",
                                  .succeeded = false,
                                  .nodes = {{.node = "camera",
                                             .outcome = Outcome::Failed,
                                             .cause = "exited with code 1",
                                             .restarts = 2,
                                             .ended_ns = 12}},
                                  .edges = {{.producer = "camera",
                                             .output = "image",
                                             .consumer = "plot",
                                             .input = "in",
                                             .sent = 10,
                                             .delivered = 7,
                                             .drops = {{"queue full", 3}}}},
                                  .duration_ns = 99,
                                  .log_folder = "/out"},
                       .summary = "Node `camera` failed",
                       .next = "0190-b"};
  const RunFinished arrived = back_and_forth(finished);
  EXPECT_FALSE(arrived.result.succeeded);
  EXPECT_EQ(arrived.result.duration_ns, 99);
  EXPECT_EQ(arrived.result.log_folder, "/out");
  ASSERT_EQ(arrived.result.nodes.size(), 1U);
  EXPECT_EQ(arrived.result.nodes.front().outcome, Outcome::Failed);
  EXPECT_EQ(arrived.result.nodes.front().ended_ns, 12);
  ASSERT_EQ(arrived.result.edges.size(), 1U);
  EXPECT_EQ(arrived.result.edges.front().output, "image");
  EXPECT_EQ(arrived.result.edges.front().dropped(), 3U);
  EXPECT_EQ(arrived.summary, finished.summary);
  EXPECT_EQ(arrived.next, "0190-b");
}

TEST(WatchEvent, ThereAreSmallOnes) {
  EXPECT_EQ(back_and_forth(RunStatus::Stopping), RunStatus::Stopping);
  EXPECT_EQ(back_and_forth(LostLines{12}).count, 12U);
}

TEST(WatchEvent, NonsenseIsAnErrorAndAnUnknownKindNothing) {
  for (const char* text : {"", "[]", "{", R"({"type":"log"})", R"({"type":"log","level":"loud"})"})
    EXPECT_EQ(parse_watch_event(text).error().kind, ErrorKind::InvalidInput) << text;
  EXPECT_EQ(std::get<LostLines>(*parse_watch_event(R"({"type":"new"})")).count, 0U);
  EXPECT_TRUE(parse_watch_event(R"({"type":"finished","nodes":[3],"edges":[{"output":4}]})"));
}

}  // namespace
}  // namespace dora::daemon

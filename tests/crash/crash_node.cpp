// SPDX-License-Identifier: Apache-2.0
// A node for crash_test.cpp:
//
//   send COUNT         sends COUNT messages on the output `data`: small ones and large ones, now
//   and
//                      then a request
//   send-and-shrink COUNT   the same; then waits until its memory has gone back to the kernel
//   take COUNT         takes everything, keeping the last COUNT events; checks content, order, end
//   fail-once          ends with code 1 the first time
//   wait               until STOP
//
// Exits with 3 and says why when it saw something that must not be.
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <map>
#include <string>
#include <vector>

#include <dirent.h>
#include <sys/stat.h>
#include <unistd.h>

#include "dora/node.h"

namespace {

constexpr std::size_t sizes[] = {8, 100, 900, 5000, 100'000, 1'000'000};

[[noreturn]] void complain(const std::string& what) {
  std::printf("wrong: %s\n", what.c_str());
  std::exit(3);
}

void check(dora_status status) {
  if (status != DORA_OK) complain(dora_error_message());
}

std::vector<std::uint64_t> content(std::uint64_t number) {
  std::vector<std::uint64_t> words((sizes[number % std::size(sizes)] + 7) / 8);
  for (std::size_t i = 0; i < words.size(); ++i)
    words[i] = number * 0x9e3779b97f4a7c15 + i;
  return words;
}

dora_text text(const char* letters) {
  return {letters, std::strlen(letters)};
}

/// What the kernel has given for the arena of this node.
std::uint64_t arena_bytes() {
  std::uint64_t bytes = 0;
  DIR* listing = ::opendir("/proc/self/fd");
  while (const dirent* entry = ::readdir(listing)) {
    char target[64] = {};
    if (::readlinkat(::dirfd(listing), entry->d_name, target, sizeof target - 1) < 0) continue;
    struct stat status{};
    if (std::strstr(target, "memfd:dora-arena") != nullptr &&
        ::fstatat(::dirfd(listing), entry->d_name, &status, 0) == 0)
      bytes += static_cast<std::uint64_t>(status.st_blocks) * 512;
  }
  ::closedir(listing);
  return bytes;
}

void send(dora_node* node, std::uint64_t count) {
  std::uint32_t output = 0;
  check(dora_node_find_output(node, "data", 4, &output));
  dora_metadata* request = dora_metadata_create();
  check(dora_metadata_set_string(request, text("request_id"), text("r")));
  for (std::uint64_t number = 1; number <= count; ++number) {
    const auto words = content(number);
    check(dora_node_send_bytes(node, output, words.data(), words.size() * 8,
                               number % 16 == 0 ? request : nullptr));
  }
  dora_metadata_free(request);
  std::printf("sent %lu\n", static_cast<unsigned long>(count));
}

void wait_until_shrunk(dora_node* node) {
  // What every sender keeps ready, and a little more.
  while (arena_bytes() > 2'000'000) {
    dora_event* event = nullptr;
    if (dora_node_next(node, 100'000'000, &event) == DORA_OK && event == nullptr)
      complain("the end came first");
    dora_event_release(event);
  }
  std::printf("shrunk\n");
}

void check_message(dora_event* event, std::uint64_t last) {
  const std::uint64_t number = dora_event_sequence(event);
  if (number <= last) complain("a message overtook another");
  dora_tensor tensor{};
  if (!dora_event_tensor(event, &tensor)) complain("no array");
  const auto words = content(number);
  if (tensor.shape[0] != static_cast<std::int64_t>(words.size() * 8) ||
      std::memcmp(tensor.data, words.data(), words.size() * 8) != 0)
    complain("a damaged message");
}

void take(dora_node* node, std::uint64_t kept_events) {
  std::deque<dora_event*> kept;
  std::map<std::string, std::uint64_t> last;
  bool has_failed = false;
  bool has_closed = false;
  for (;;) {
    dora_event* event = nullptr;
    check(dora_node_next(node, -1, &event));
    if (event == nullptr) break;
    std::size_t length = 0;
    const std::string id = dora_event_id(event, &length);
    switch (dora_event_get_type(event)) {
      case DORA_EVENT_INPUT:
        if (has_failed) complain("a message after NODE_FAILED");
        check_message(event, last[id]);
        last[id] = dora_event_sequence(event);
        break;
      case DORA_EVENT_NODE_FAILED:
        if (has_closed) complain("NODE_FAILED after INPUT_CLOSED");
        has_failed = true;
        std::printf("failed: %s\n", id.c_str());
        break;
      case DORA_EVENT_INPUT_CLOSED:
        has_closed = true;
        std::printf("closed: %s\n", id.c_str());
        break;
      case DORA_EVENT_ERROR:
        complain(dora_event_text(event, &length));
      default:
        break;
    }
    kept.push_back(event);
    if (kept.size() > kept_events) {
      dora_event_release(kept.front());
      kept.pop_front();
    }
  }
  // Those kept are still whole.
  for (dora_event* event : kept) {
    if (dora_event_get_type(event) == DORA_EVENT_INPUT) check_message(event, 0);
    dora_event_release(event);
  }
  std::printf("ended\n");
}

void wait_for_stop(dora_node* node) {
  dora_event* event = nullptr;
  while (dora_node_next(node, -1, &event) == DORA_OK && event != nullptr)
    dora_event_release(event);
}

}  // namespace

int main(int argc, char** argv) {
  ::setvbuf(stdout, nullptr, _IOLBF, 0);
  const std::string verb = argc > 1 ? argv[1] : "";
  const std::uint64_t count = argc > 2 ? std::strtoull(argv[2], nullptr, 10) : 0;
  dora_node* node = nullptr;
  check(dora_node_open(&node));
  if (verb == "send" || verb == "send-and-shrink") send(node, count);
  if (verb == "send-and-shrink") wait_until_shrunk(node);
  if (verb == "take") take(node, count);
  if (verb == "wait") wait_for_stop(node);
  if (verb == "fail-once" && dora_node_restart_count(node) == 0) return 1;
  dora_node_close(node);
  return 0;
}

#pragma once
// SPDX-License-Identifier: Apache-2.0
// Places at which a test can kill the process, to show that the others survive its death right
// there: DORA_CRASH_AT=<label> kills it (SIGKILL) at that place, DORA_CRASH_AT=<label>:<n> at the
// n-th time it passes. In Debug builds only; elsewhere crash_point() is nothing.

#include <algorithm>
#include <array>
#include <string_view>

namespace dora {

/// All places, those in nodes in the order of a message's life. The tests kill at each of them.
inline constexpr std::array<std::string_view, 29> crash_labels = {
    // A sender.
    "producer.loaned",     // memory is taken, nothing is written
    "producer.filled",     // the payload is written, no slot knows of it
    "producer.written",    // a slot is written, not published
    "producer.published",  // published; one entry too many if the ring was full
    "producer.evicted",    // the oldest is taken back, not yet counted
    "producer.queued",     // on one edge of several
    "producer.rung",       // the bit is set, the sleeper not woken
    "producer.waiting",    // about to wait for room
    "producer.closed",     // its outputs are closed, the daemon does not know
    // A receiver.
    "consumer.parked",     // about to sleep
    "consumer.taken",      // a message is taken, a waiting sender not told
    "consumer.announced",  // a waiting sender is told, not woken
    "consumer.borrowed",   // a block is lent, the delivery not counted
    "consumer.copied",     // a block is copied, its slot not given back
    "consumer.returning",  // a slot is given back, not announced
    "consumer.closed",     // its inputs are closed, the daemon does not know
    // The daemon.
    "daemon.provided",     // memory is made, no process
    "daemon.spawned",      // a process is made, others are not
    "daemon.sent",         // one order is sent: memory, a connection, start, stop, an end
    "daemon.saw-end",      // a process has ended, nothing is done about it
    "daemon.closed-side",  // a dead side is marked on one edge, nobody is woken
    "daemon.renewed",      // a restarted node has new memory, the neighbours do not know
    "daemon.finished",     // the run is over, nobody knows
    // The processes around the daemon.
    "front.forked",      // the watcher is made, nobody waits for it
    "front.cleaning",    // the watcher has ended, nothing is cleaned up
    "watcher.began",     // it has looked at nobody
    "watcher.forked",    // the engine is made, nobody waits for it
    "watcher.cleaning",  // the engine has ended, nothing is cleaned up
    "engine.began",      // it has done nothing
};

/// A label of the list above; any other text does not compile.
struct CrashPoint {
  // NOLINTNEXTLINE(google-explicit-constructor): crash_point("label") is how it reads best.
  consteval CrashPoint(const char* text) : label(text) {
    if (std::ranges::find(crash_labels, label) == crash_labels.end()) throw "no such label";
  }
  std::string_view label;
};

#ifdef NDEBUG
inline void crash_point(CrashPoint) {}
#else
void crash_point(CrashPoint point);
#endif

}  // namespace dora

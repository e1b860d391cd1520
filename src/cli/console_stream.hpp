#pragma once
// SPDX-License-Identifier: Apache-2.0
// Writes lines to stdout or stderr without ever waiting for whoever reads them. What the reader
// does not take in time is kept up to a limit; beyond it lines are dropped and counted, and nothing
// else suffers: no node, no other stream. On the event loop's thread.

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>

#include "base/file_descriptor.hpp"

namespace boost::asio {
class io_context;
}

namespace dora::cli {

class ConsoleStream {
 public:
  struct Options {
    /// Kept while the reader is slow.
    std::size_t max_pending_bytes = std::size_t{8} << 20;
    /// Counts every line as lost: the stream was closed when the program began.
    bool is_closed = false;
  };

  /// `fd` stays the caller's, and its flags as they are: other programs share them.
  ConsoleStream(boost::asio::io_context& loop, int fd, Options options);
  ~ConsoleStream();
  ConsoleStream(ConsoleStream&&) noexcept;
  ConsoleStream& operator=(ConsoleStream&&) noexcept;

  /// Takes one line with its line end, or several. They are written in the same turn of the loop.
  void write(std::string_view lines);

  /// Writes what is pending, for as long as the reader takes something at least every `patience`.
  /// What is left then is lost. Blocks; for the end of the program.
  void finish(std::chrono::milliseconds patience);

  /// Lines that nobody could read, since the beginning.
  std::uint64_t lost_lines() const;
  /// Nobody wants to read (any more): the reader went away, or the stream was closed from the
  /// start.
  bool is_unwanted() const;
  /// Writing failed for another reason: a full disk.
  bool is_broken() const;

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace dora::cli

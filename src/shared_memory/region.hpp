#pragma once
// SPDX-License-Identifier: Apache-2.0
// Memory that processes share: an anonymous file (memfd) and a mapping of it.
//
// A memfd has no name, is not bounded by the size of /dev/shm, and disappears with the last process
// that holds it. Its size is sealed, so a mapping that was checked once cannot fault later.

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "base/file_descriptor.hpp"
#include "base/result.hpp"
#include "shared_memory/fork_guard.hpp"

namespace dora::shared_memory {

class MemoryFile {
 public:
  MemoryFile() = default;

  /// A new file of `size` zero bytes, none of them backed by memory yet. Its size can never change.
  /// `name` is seen in /proc/<pid>/maps only.
  static Result<MemoryFile> create(std::string_view name, std::uint64_t size);

  /// Takes over a descriptor that came from another process. Fails with InvalidInput unless it is a
  /// memory file whose size is sealed.
  static Result<MemoryFile> adopt(FileDescriptor fd);

  /// A descriptor of the same file through which no writable mapping can be made.
  Result<FileDescriptor> reopen_read_only() const;
  Result<MemoryFile> duplicate() const;

  int fd() const { return fd_.get(); }
  std::uint64_t size() const { return size_; }
  FileDescriptor take_fd() && { return std::move(fd_); }

  /// Gives the memory behind `length` bytes at `offset` (both page multiples) back to the kernel;
  /// they read as zero afterwards.
  Result<> punch_hole(std::uint64_t offset, std::uint64_t length) const;

 private:
  FileDescriptor fd_;
  std::uint64_t size_ = 0;
};

enum class Access { ReadOnly, ReadWrite };
/// What the child of fork() sees. None: touching the memory is a fault there, which is what we want
/// of pages that two processes may not both play the same role on.
enum class InForkedChild { Mapped, None };

/// The whole of a memory file in this process, until it is destroyed.
class Mapping {
 public:
  Mapping() = default;
  static Result<Mapping> map(const MemoryFile& file, Access access,
                             InForkedChild child = InForkedChild::None);
  Mapping(Mapping&& other) noexcept
      : data_(std::exchange(other.data_, nullptr)),
        size_(std::exchange(other.size_, 0)),
        generation_(other.generation_) {}
  Mapping& operator=(Mapping&& other) noexcept;
  Mapping(const Mapping&) = delete;
  Mapping& operator=(const Mapping&) = delete;
  ~Mapping() { unmap(); }

  std::byte* data() const { return data_; }
  std::uint64_t size() const { return size_; }
  /// Whether this process is a forked child of the one that made the mapping: then it must not be
  /// touched (see fork_guard.hpp).
  bool is_inherited() const { return generation_ != fork_generation(); }
  /// The object at `offset`; the caller has checked that it lies inside.
  template <typename T>
  T* at(std::uint64_t offset) const {
    return reinterpret_cast<T*>(data_ + offset);
  }

 private:
  void unmap() noexcept;

  std::byte* data_ = nullptr;
  std::uint64_t size_ = 0;
  std::uint32_t generation_ = fork_generation();
};

inline constexpr std::uint64_t page_bytes = 4096;

constexpr std::uint64_t round_up(std::uint64_t value, std::uint64_t multiple) {
  return (value + multiple - 1) / multiple * multiple;
}

}  // namespace dora::shared_memory

// SPDX-License-Identifier: Apache-2.0
#include "shared_memory/region.hpp"

#include <limits>
#include <string>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#ifndef MFD_NOEXEC_SEAL
#define MFD_NOEXEC_SEAL 0x0008U
#endif

namespace dora::shared_memory {
namespace {

constexpr int size_seals = F_SEAL_SHRINK | F_SEAL_GROW;

}  // namespace

Result<MemoryFile> MemoryFile::create(std::string_view name, std::uint64_t size) {
  if (size == 0 || size > std::uint64_t{std::numeric_limits<std::int64_t>::max()}) {
    return fail(ErrorKind::InvalidInput, fmt::format("a memory file cannot have {} bytes", size));
  }
  const std::string label = fmt::format("dora-{}", name);
  constexpr unsigned flags = MFD_CLOEXEC | MFD_ALLOW_SEALING;
  int fd = ::memfd_create(label.c_str(), flags | MFD_NOEXEC_SEAL);
  // Kernels before 6.3 do not know MFD_NOEXEC_SEAL.
  if (fd < 0 && errno == EINVAL) fd = ::memfd_create(label.c_str(), flags);
  if (fd < 0) return fail_errno("creating shared memory (memfd_create)");

  MemoryFile file;
  file.fd_ = FileDescriptor(fd);
  file.size_ = size;
  if (::ftruncate(fd, static_cast<off_t>(size)) != 0) {
    return fail_errno(fmt::format("sizing shared memory '{}' to {} bytes", name, size));
  }
  // Without write permission on the inode a read-only descriptor cannot be reopened for writing.
  if (::fchmod(fd, S_IRUSR) != 0) return fail_errno("protecting shared memory");
  // F_SEAL_SEAL: nobody may add a seal that would stop the owner from writing.
  if (::fcntl(fd, F_ADD_SEALS, size_seals | F_SEAL_SEAL) != 0) {
    return fail_errno("sealing shared memory");
  }
  return file;
}

Result<MemoryFile> MemoryFile::adopt(FileDescriptor fd) {
  int seals = ::fcntl(fd.get(), F_GET_SEALS);
  if (seals < 0 || (seals & size_seals) != size_seals) {
    return fail(ErrorKind::InvalidInput, "the descriptor is not shared memory of fixed size");
  }
  struct stat status{};
  if (::fstat(fd.get(), &status) != 0) return fail_errno("looking at shared memory");
  if (!S_ISREG(status.st_mode) || status.st_size <= 0) {
    return fail(ErrorKind::InvalidInput, "the shared memory is empty");
  }
  MemoryFile file;
  file.fd_ = std::move(fd);
  file.size_ = static_cast<std::uint64_t>(status.st_size);
  return file;
}

Result<FileDescriptor> MemoryFile::reopen_read_only() const {
  const std::string path = fmt::format("/proc/self/fd/{}", fd_.get());
  int fd = retry_interrupted([&] { return ::open(path.c_str(), O_RDONLY | O_CLOEXEC); });
  if (fd < 0) return fail_errno(fmt::format("reopening shared memory read-only ({})", path));
  return FileDescriptor(fd);
}

Result<MemoryFile> MemoryFile::duplicate() const {
  MemoryFile file;
  file.fd_ = TRY(fd_.duplicate());
  file.size_ = size_;
  return file;
}

Result<> MemoryFile::punch_hole(std::uint64_t offset, std::uint64_t length) const {
  int result = retry_interrupted([&] {
    return ::fallocate(fd_.get(), FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
                       static_cast<off_t>(offset), static_cast<off_t>(length));
  });
  if (result != 0) return fail_errno("giving shared memory back");
  return {};
}

Result<Mapping> Mapping::map(const MemoryFile& file, Access access, InForkedChild child) {
  const int protection = access == Access::ReadOnly ? PROT_READ : PROT_READ | PROT_WRITE;
  // MAP_NORESERVE: most of an arena is never touched, and must not count as promised memory.
  void* address =
      ::mmap(nullptr, file.size(), protection, MAP_SHARED | MAP_NORESERVE, file.fd(), 0);
  if (address == MAP_FAILED) {
    return fail_errno(fmt::format("mapping {} bytes of shared memory", file.size()));
  }
  Mapping mapping;
  mapping.data_ = static_cast<std::byte*>(address);
  mapping.size_ = file.size();
  // A core dump would read every page of a sparse arena, and so make it: gigabytes, for minutes.
  ::madvise(address, file.size(), MADV_DONTDUMP);
  install_fork_guard();
  if (child == InForkedChild::None) {
    if (::madvise(address, file.size(), MADV_DONTFORK) != 0) {
      return fail_errno("keeping shared memory out of forked children");
    }
  }
  return mapping;
}

Mapping& Mapping::operator=(Mapping&& other) noexcept {
  if (this != &other) {
    unmap();
    data_ = std::exchange(other.data_, nullptr);
    size_ = std::exchange(other.size_, 0);
    generation_ = other.generation_;
  }
  return *this;
}

void Mapping::unmap() noexcept {
  // In a forked child these addresses may belong to something else by now.
  if (data_ != nullptr && !is_inherited()) ::munmap(data_, size_);
  data_ = nullptr;
}

}  // namespace dora::shared_memory

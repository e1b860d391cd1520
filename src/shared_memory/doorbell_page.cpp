// SPDX-License-Identifier: Apache-2.0
#include "shared_memory/doorbell_page.hpp"

#include <sys/eventfd.h>
#include <unistd.h>

#include "base/clock.hpp"

namespace dora::shared_memory {
namespace {

constexpr ObjectHeader doorbell_header{doorbell_magic, layout_version, sizeof(DoorbellLayout),
                                       page_bytes};

}  // namespace

Result<MemoryFile> DoorbellPage::create_file() {
  MemoryFile file = TRY(MemoryFile::create("doorbell", page_bytes));
  Mapping mapping = TRY(Mapping::map(file, Access::ReadWrite));
  *mapping.at<ObjectHeader>(0) = doorbell_header;
  return file;
}

Result<FileDescriptor> DoorbellPage::create_event_fd() {
  int fd = ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  if (fd < 0) return fail_errno("creating an event descriptor (eventfd)");
  return FileDescriptor(fd);
}

Result<std::shared_ptr<DoorbellPage>> DoorbellPage::open(MemoryFile page, FileDescriptor event_fd) {
  if (page.size() != page_bytes) {
    return fail(ErrorKind::InvalidInput, "this memory is not a doorbell");
  }
  Mapping mapping = TRY(Mapping::map(page, Access::ReadWrite));
  TRY(check_header(*mapping.at<ObjectHeader>(0), doorbell_header, "a doorbell"));
  return std::shared_ptr<DoorbellPage>(new DoorbellPage(std::move(mapping), std::move(event_fd)));
}

[[gnu::hot]] void DoorbellPage::wake(Wake wake) {
  if (wake.futex) bell().wake_futex();
  if (wake.event_fd) {
    const std::uint64_t one = 1;
    // Fails only when the counter is full, and then the descriptor is readable anyway.
    static_cast<void>(!::write(event_fd_.get(), &one, sizeof(one)));
  }
}

[[gnu::hot]] bool DoorbellPage::spin(std::int64_t duration_ns) const {
  const std::int64_t end = monotonic_ns() + duration_ns;
  for (;;) {
    for (int i = 0; i < 32; ++i) {
      if (is_ready()) return true;
      relax_processor();
    }
    if (monotonic_ns() >= end) return is_ready();
  }
}

void DoorbellPage::disarm() {
  bell().disarm();
  std::uint64_t count = 0;
  // EAGAIN when nobody rang: fine.
  static_cast<void>(!::read(event_fd_.get(), &count, sizeof(count)));
}

void DoorbellPage::note_first_wait(std::int64_t now_ns) {
  // relaxed: see first_wait_ns(). Two threads may both find 0; they write nearly the same.
  if (page().first_wait_ns.load(std::memory_order_relaxed) == 0) {
    page().first_wait_ns.store(now_ns == 0 ? 1 : now_ns, std::memory_order_relaxed);
  }
}

}  // namespace dora::shared_memory

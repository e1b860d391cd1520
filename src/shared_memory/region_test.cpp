// SPDX-License-Identifier: Apache-2.0
#include "shared_memory/region.hpp"

#include <cstring>
#include <fstream>
#include <string>

#include <fcntl.h>
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "shared_memory/doorbell_page.hpp"
#include "shared_memory/edge.hpp"

namespace dora::shared_memory {
namespace {

TEST(MemoryFile, HasASizeThatNobodyCanChange) {
  MemoryFile file = MemoryFile::create("test", 2 * page_bytes).value();
  EXPECT_NE(::ftruncate(file.fd(), 0), 0);
  EXPECT_NE(::ftruncate(file.fd(), 4 * page_bytes), 0);
  EXPECT_NE(::fcntl(file.fd(), F_ADD_SEALS, F_SEAL_WRITE), 0) << "and nobody can seal writing";
}

TEST(MemoryFile, IsSharedBetweenMappings) {
  MemoryFile file = MemoryFile::create("test", page_bytes).value();
  Mapping one = Mapping::map(file, Access::ReadWrite).value();
  Mapping two = Mapping::map(file, Access::ReadOnly).value();
  *one.at<int>(64) = 42;
  EXPECT_EQ(*two.at<int>(64), 42);
}

TEST(MemoryFile, ReopenedReadOnlyAllowsNoWritableMapping) {
  MemoryFile file = MemoryFile::create("test", page_bytes).value();
  MemoryFile view = MemoryFile::adopt(file.reopen_read_only().value()).value();
  EXPECT_FALSE(Mapping::map(view, Access::ReadWrite));
  Mapping mapping = Mapping::map(view, Access::ReadOnly).value();
  EXPECT_NE(::mprotect(mapping.data(), page_bytes, PROT_READ | PROT_WRITE), 0);
  EXPECT_FALSE(view.punch_hole(0, page_bytes));
}

TEST(MemoryFile, AdoptsOnlySealedMemory) {
  int pipe_ends[2];
  ASSERT_EQ(::pipe2(pipe_ends, O_CLOEXEC), 0);
  FileDescriptor reader(pipe_ends[0]);
  FileDescriptor writer(pipe_ends[1]);
  EXPECT_EQ(MemoryFile::adopt(std::move(reader)).error().kind, ErrorKind::InvalidInput);
  FileDescriptor unsealed(::memfd_create("unsealed", MFD_CLOEXEC | MFD_ALLOW_SEALING));
  ASSERT_EQ(::ftruncate(unsealed.get(), page_bytes), 0);
  EXPECT_EQ(MemoryFile::adopt(std::move(unsealed)).error().kind, ErrorKind::InvalidInput);
  FileDescriptor file(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  EXPECT_FALSE(MemoryFile::adopt(std::move(file)));
  EXPECT_FALSE(MemoryFile::adopt(FileDescriptor()));
}

TEST(MemoryFile, GivesMemoryBackThroughHoles) {
  MemoryFile file = MemoryFile::create("test", 64 * page_bytes).value();
  Mapping mapping = Mapping::map(file, Access::ReadWrite).value();
  std::memset(mapping.data(), 1, mapping.size());
  ASSERT_TRUE(file.punch_hole(page_bytes, 32 * page_bytes));
  struct stat status{};
  ASSERT_EQ(::fstat(file.fd(), &status), 0);
  EXPECT_EQ(status.st_blocks * 512, 32 * 4096);
  EXPECT_EQ(mapping.data()[page_bytes], std::byte{0});
  EXPECT_EQ(mapping.data()[0], std::byte{1});
}

TEST(MemoryFile, CannotHaveImpossibleSizes) {
  EXPECT_FALSE(MemoryFile::create("test", 0));
  EXPECT_FALSE(MemoryFile::create("test", ~std::uint64_t{0}));
}

TEST(Mapping, IsNoPartOfACoreDump) {
  const MemoryFile file = MemoryFile::create("test", page_bytes).value();
  const Mapping mapping = Mapping::map(file, Access::ReadWrite).value();
  std::ifstream maps("/proc/self/smaps");
  const std::string begin = fmt::format("{:x}-", reinterpret_cast<std::uintptr_t>(mapping.data()));
  std::string line;
  while (std::getline(maps, line) && !line.starts_with(begin)) {
  }
  while (std::getline(maps, line) && !line.starts_with("VmFlags:")) {
  }
  EXPECT_NE((line + " ").find(" dd "), std::string::npos) << line;
}

TEST(Mapping, KnowsThatItIsInAForkedChild) {
  MemoryFile file = MemoryFile::create("test", page_bytes).value();
  Mapping mapping = Mapping::map(file, Access::ReadWrite).value();
  EXPECT_FALSE(mapping.is_inherited());
  const pid_t child = ::fork();
  if (child == 0) {
    // What the child maps itself is its own.
    auto own = Mapping::map(file, Access::ReadWrite);
    const bool is_right = mapping.is_inherited() && own && !own->is_inherited();
    mapping = Mapping();  // must not unmap what is not there
    ::_exit(is_right ? 0 : 1);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
}

TEST(Headers, RefuseAnotherVersionAndAnotherKind) {
  MemoryFile file = EdgeMemory::create_file({}).value();
  Mapping mapping = Mapping::map(file, Access::ReadWrite).value();
  ASSERT_TRUE(EdgeMemory::open(file.duplicate().value()));
  auto& header = *mapping.at<EdgeHeader>(0);

  header.object.version = 99;
  auto refused = EdgeMemory::open(file.duplicate().value());
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind, ErrorKind::Unsupported);
  EXPECT_NE(refused.error().message.find("99"), std::string::npos);
  header.object.version = layout_version;

  const EdgeHeader healthy = header;
  header.object.magic = arena_magic;
  EXPECT_EQ(EdgeMemory::open(file.duplicate().value()).error().kind, ErrorKind::InvalidInput);
  header = healthy;
  header.ordinary_capacity = 1 << 20;
  EXPECT_FALSE(EdgeMemory::open(file.duplicate().value()));
  header = healthy;
  header.ordinary_capacity = 0;
  EXPECT_FALSE(EdgeMemory::open(file.duplicate().value()));
  header = healthy;
  header.slots = 0xfffff000;
  EXPECT_FALSE(EdgeMemory::open(file.duplicate().value()));
  header = healthy;
  EXPECT_TRUE(EdgeMemory::open(file.duplicate().value()));

  EXPECT_FALSE(DoorbellPage::open(file.duplicate().value(), FileDescriptor()));
  EXPECT_FALSE(EdgeMemory::open(DoorbellPage::create_file().value()));
}

}  // namespace
}  // namespace dora::shared_memory

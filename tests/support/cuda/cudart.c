/* Stands for the CUDA runtime and driver, to the letter of their C declarations; the device's
   memory are files in the working directory. As with CUDA, a handle is of a whole allocation. */
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

enum { INVALID_VALUE = 1, OUT_OF_MEMORY = 2, INVALID_CONTEXT = 201 };
typedef struct {
  char reserved[64];
} cudaIpcMemHandle_t;
typedef struct {
  char name[64];
  char* begin;
  size_t size;
} mapping;

static mapping mappings[1024];

static mapping* find(const void* memory) {
  for (mapping* each = mappings; each < mappings + 1024; ++each)
    if (each->begin && (char*)memory >= each->begin && (char*)memory < each->begin + each->size)
      return each;
  return 0;
}
static void* map(const char* name, size_t size, int flags) {
  mapping* unused = mappings;
  while (unused->begin)
    ++unused;
  int fd = open(name, flags, 0600);
  if (fd < 0 || (size && ftruncate(fd, size))) return 0;
  struct stat state;
  fstat(fd, &state);
  void* memory = mmap(0, state.st_size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  close(fd);
  *unused = (mapping){.begin = memory, .size = state.st_size};
  memcpy(unused->name, name, sizeof unused->name);
  return memory;
}
static int unmap(void* memory) {
  mapping* found = find(memory);
  if (!found || munmap(found->begin, found->size)) return INVALID_VALUE;
  found->begin = 0;
  return 0;
}
int cudaMalloc(void** memory, size_t size) {
  static int count;
  char name[64] = {0};
  snprintf(name, sizeof name, "device-%d-%d", getpid(), count++);
  return (*memory = map(name, size, O_RDWR | O_CREAT)) ? 0 : OUT_OF_MEMORY;
}
int cudaFree(void* memory) {
  mapping* found = find(memory);
  if (!found) return INVALID_VALUE;
  unlink(found->name);
  return unmap(memory);
}
int cudaIpcGetMemHandle(cudaIpcMemHandle_t* handle, void* memory) {
  mapping* found = find(memory);
  if (!found) return INVALID_VALUE;
  memcpy(handle->reserved, found->name, sizeof found->name);
  return 0;
}
int cudaIpcOpenMemHandle(void** memory, cudaIpcMemHandle_t handle, unsigned flags) {
  if (flags != 1) return INVALID_VALUE;
  return (*memory = map(handle.reserved, 0, O_RDWR)) ? 0 : INVALID_CONTEXT;
}
int cudaIpcCloseMemHandle(void* memory) {
  return unmap(memory);
}
const char* cudaGetErrorString(int error) {
  return error == INVALID_CONTEXT ? "invalid device context" : "invalid argument";
}
int cuMemGetAddressRange_v2(uint64_t* begin, size_t* size, uint64_t memory) {
  mapping* found = find((void*)memory);
  if (!found) return INVALID_VALUE;
  *begin = (uint64_t)found->begin;
  *size = found->size;
  return 0;
}

// SPDX-License-Identifier: Apache-2.0
// What a test in Python needs to send an Arrow array through the module `array` and back. Each
// function yields 0, or writes why not into `problem`.
#include <atomic>
#include <cstdlib>
#include <cstring>
#include <memory>

#include "array/decoder.hpp"
#include "array/encoder.hpp"

namespace {

std::atomic<int> bodies_alive = 0;

/// A body on the heap, exactly as large as it must be.
struct Body {
  Body(std::size_t its_size, std::size_t alignment) : size(its_size) {
    if (posix_memalign(&memory, alignment, size) != 0) std::abort();
    std::memset(memory, 0xee, size);
    ++bodies_alive;
  }
  Body(const Body&) = delete;
  ~Body() {
    std::memset(memory, 0xdd, size);
    std::free(memory);
    --bodies_alive;
  }
  void* memory = nullptr;
  std::size_t size;
};

int refuse(const dora::Error& error, char* problem, std::size_t problem_size) {
  std::strncpy(problem, error.message.c_str(), problem_size - 1);
  return 1;
}

}  // namespace

#define EXPORT extern "C" __attribute__((visibility("default")))

/// Sends `array` of `schema`, which it releases, and receives it as `out` of `out_schema`.
EXPORT int round_trip(ArrowSchema* schema, ArrowArray* array, std::size_t alignment,
                      ArrowSchema* out_schema, ArrowArray* out, std::size_t* body_size,
                      char* problem, std::size_t problem_size) {
  using namespace dora::array;
  auto release = [](auto* piece) { piece->release(piece); };
  std::unique_ptr<ArrowSchema, decltype(release)> owned_schema(schema);
  std::unique_ptr<ArrowArray, decltype(release)> owned_array(array);
  auto sent = Type::from_schema(*schema);
  if (!sent) return refuse(sent.error(), problem, problem_size);
  Encoder encoder;
  if (auto result = encoder.prepare(*sent, *array); !result) {
    return refuse(result.error(), problem, problem_size);
  }
  *body_size = encoder.size_bytes(alignment);
  auto body = std::make_unique<Body>(*body_size, alignment);
  encoder.write(static_cast<std::byte*>(body->memory), alignment);

  auto received = Type::decode(sent->encoded());
  if (!received) return refuse(received.error(), problem, problem_size);
  if (!received->matches(*schema)) {
    return refuse({.message = "the type does not match the schema it was made from"}, problem,
                  problem_size);
  }
  Keep keep{[](void* context) { delete static_cast<Body*>(context); }, body.get()};
  std::span bytes(static_cast<const std::byte*>(body->memory), *body_size);
  if (auto result = decode(*received, bytes, keep, out, Check::Full); !result) {
    return refuse(result.error(), problem, problem_size);
  }
  (void)body.release();  // by now the array's
  if (auto result = received->to_schema(out_schema); !result) {
    out->release(out);
    return refuse(result.error(), problem, problem_size);
  }
  return 0;
}

/// How many received bodies are still needed by an array.
EXPORT int count_bodies() {
  return bodies_alive;
}

#pragma once
// SPDX-License-Identifier: Apache-2.0
// Operators in C++:
//
//   class Doubler : public dora::Operator {
//     dora::Status on_event(const dora::Event& event, dora::Sender& sender) override {
//       if (event.is_input()) sender.send("doubled", event.numbers<int>()[0] * 2);
//       return dora::Status::Continue;
//     }
//   };
//   std::unique_ptr<dora::Operator> dora::make_operator() { return std::make_unique<Doubler>(); }
//
// In CMake: find_package(dora), then dora_add_operator(doubler doubler.cpp). An exception fails the
// node, with its text.

#include <exception>

#include <dora/operator.h>
#include <dora/sending.hpp>

namespace dora {

enum class Status {
  Continue = DORA_OPERATOR_CONTINUE,
  Stop = DORA_OPERATOR_STOP,        ///< end this operator
  StopAll = DORA_OPERATOR_STOP_ALL  ///< stop the whole dataflow
};

/// What an operator sends with, during on_event.
class Sender : public Sending<Sender> {
 public:
  explicit Sender(dora_operator* self) : self_(self) {}

  std::string_view operator_id() const { return dora_operator_id(self_); }
  std::string_view node_id() const { return dora_operator_node_id(self_); }

  /// Takes `array` over. Operators of the same node receive its very buffers.
  void send_arrow(std::string_view output, ArrowArray& array, const ArrowSchema& schema,
                  const Metadata* metadata = nullptr) {
    Error::check(dora_operator_send_arrow(self_, find(output), &array, &schema, raw(metadata)));
  }
  /// Passes on the payload of an input; no copy is made for operators of the same node.
  void pass_on(std::string_view output, const Event& event, const Metadata* metadata = nullptr) {
    Error::check(dora_operator_send_event(self_, find(output), event.get(), raw(metadata)));
  }
  /// Writes a log line. level: "error", "warn", "info", "debug" or "trace".
  void log(std::string_view level, std::string_view text) {
    Error::check(dora_operator_log(self_, std::string(level).c_str(), text.data(), text.size()));
  }

 private:
  friend class Sending<Sender>;

  std::uint32_t find(std::string_view output) const {
    std::uint32_t number = 0;
    Error::check(dora_operator_find_output(self_, output.data(), output.size(), &number));
    return number;
  }
  dora_status bytes_call(std::uint32_t output, const void* data, std::size_t size,
                         const dora_metadata* metadata) {
    return dora_operator_send_bytes(self_, output, data, size, metadata);
  }
  dora_status tensor_call(std::uint32_t output, const dora_tensor* tensor,
                          const dora_metadata* metadata) {
    return dora_operator_send_tensor(self_, output, tensor, metadata);
  }

  dora_operator* self_;
};

class Operator {
 public:
  Operator() = default;
  virtual ~Operator() = default;
  Operator(const Operator&) = delete;
  Operator& operator=(const Operator&) = delete;

  /// Handles an event. Events come one after the other, on one thread; none after a STOP.
  virtual Status on_event(const Event& event, Sender& sender) = 0;
};

/// Makes the operator of this library. Every such library defines it.
std::unique_ptr<Operator> make_operator();

/// Runs `function`; what it throws becomes the failure of the operator.
template <typename Function>
dora_status catch_failures(dora_operator* self, Function&& function) {
  try {
    function();
    return DORA_OK;
  } catch (const std::exception& error) {
    const std::string_view text = error.what();
    return dora_operator_fail(self, text.data(), text.size());
  } catch (...) {
    constexpr std::string_view text = "it threw something that is no std::exception";
    return dora_operator_fail(self, text.data(), text.size());
  }
}

}  // namespace dora

// What the runtime looks for. Weak, so that several sources may include this header.
extern "C" {

__attribute__((weak)) DORA_API dora_status dora_operator_create(dora_operator* self, void** state) {
  return dora::catch_failures(self, [&] { *state = dora::make_operator().release(); });
}

__attribute__((weak)) DORA_API dora_status dora_operator_on_event(dora_operator* self, void* state,
                                                                  dora_event* event,
                                                                  dora_operator_status* answer) {
  return dora::catch_failures(self, [&] {
    dora::Sender sender(self);
    const dora::Event shared = dora::Event::share(event);
    *answer = static_cast<dora_operator_status>(
        static_cast<dora::Operator*>(state)->on_event(shared, sender));
  });
}

__attribute__((weak)) DORA_API void dora_operator_destroy(dora_operator*, void* state) {
  delete static_cast<dora::Operator*>(state);
}

}  // extern "C"

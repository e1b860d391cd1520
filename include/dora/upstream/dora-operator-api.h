#pragma once
// SPDX-License-Identifier: Apache-2.0
// What C++ operators of dora-rs are written with, over <dora/operator.h>: a class Operator in a
// file operator.h, and the functions below for it. Such an operator is compiled anew, as C++20, and
// needs no change. New operators are better off with <dora/operator.hpp>.

#include <exception>
#include <memory>
#include <set>
#include <string>

#include <dora/operator.h>
#include <dora/sending.hpp>
#include <dora/upstream/rust_types.hpp>

/// A text in `error` fails the node, whatever `stop` says.
struct DoraOnInputResult final {
  rust::String error;
  bool stop;
};

struct DoraSendOutputResult final {
  rust::String error;
};

/// Valid during the call that it is given to.
class OutputSender final {
 public:
  explicit OutputSender(dora_operator* self) : self_(self) {}

  /// An output that the dataflow does not declare is warned about once, and nothing is sent.
  DoraSendOutputResult send(rust::Str id, rust::Slice<const std::uint8_t> data) {
    std::uint32_t output = 0;
    dora_status status = dora_operator_find_output(self_, id.data(), id.size(), &output);
    if (status == DORA_NOT_FOUND) {
      const std::string why = dora_error_message();
      static std::set<std::string> told;
      if (told.insert(dora_operator_id(self_) + ('/' + std::string(id))).second)
        dora_operator_log(self_, "warn", why.data(), why.size());
      return {};
    }
    if (status == DORA_OK)
      status = dora_operator_send_bytes(self_, output, data.data(), data.size(), nullptr);
    return {status == DORA_OK ? "" : dora_error_message()};
  }

 private:
  dora_operator* self_;
};

inline DoraSendOutputResult send_output(OutputSender& sender, rust::Str id,
                                        rust::Slice<const std::uint8_t> data) {
  return sender.send(id, data);
}

// Named after the class, which includes this file itself as a rule.
#if __has_include("operator.h")
#include "operator.h"
#endif

class Operator;
std::unique_ptr<Operator> new_operator();
DoraOnInputResult on_input(Operator& op, rust::Str id, rust::Slice<const std::uint8_t> data,
                           OutputSender& output_sender);
DoraOnInputResult on_input_closed(Operator& op, rust::Str id, OutputSender& output_sender);
DoraOnInputResult on_stop(Operator& op, OutputSender& output_sender);
DoraOnInputResult on_input_parse_error(Operator& op, rust::Str id, rust::Str error,
                                       OutputSender& output_sender);

namespace dora_upstream {

// Templates, so that `Kind` need be complete at the end of the file only.
template <typename Kind>
void* make() {
  std::unique_ptr<Kind> made = new_operator();
  return made.release();
}
template <typename Kind>
void destroy(void* state) {
  delete static_cast<Kind*>(state);
}

inline dora_status fail(dora_operator* self, std::string_view text) {
  return dora_operator_fail(self, text.data(), text.size());
}

inline dora_status on_event(dora_operator* self, Operator& op, dora_event* handle,
                            dora_operator_status* answer) {
  const dora::Event event = dora::Event::share(handle);
  OutputSender sender(self);
  const std::string_view id = event.id();
  const rust::Str name(id.data(), id.size());
  DoraOnInputResult result{{}, false};
  switch (event.type()) {
    case DORA_EVENT_INPUT: {
      const auto tensor = event.tensor();
      if (tensor && tensor->format == 'C') {
        const auto bytes = event.bytes();
        result = on_input(op, name, {bytes.data(), bytes.size()}, sender);
        break;
      }
      ArrowSchema schema{};
      dora::Error::check(dora_event_schema(event.get(), &schema));
      const std::string format = schema.format;
      schema.release(&schema);
      // A tick, for instance.
      if (format == "n") {
        result = on_input(op, name, {}, sender);
        break;
      }
      return fail(self, "input '" + std::string(id) +
                            "': expected byte array, not the Arrow format '" + format + "'");
    }
    case DORA_EVENT_INPUT_CLOSED:
      result = on_input_closed(op, name, sender);
      break;
    case DORA_EVENT_STOP:
      result = on_stop(op, sender);
      break;
    case DORA_EVENT_ERROR: {
      const std::string_view text = event.text();
      result = on_input_parse_error(op, name, {text.data(), text.size()}, sender);
      break;
    }
    default:
      break;
  }
  if (!result.error.empty()) return fail(self, {result.error.data(), result.error.size()});
  if (result.stop) *answer = DORA_OPERATOR_STOP;
  return DORA_OK;
}

template <typename Function>
dora_status catch_failures(dora_operator* self, Function&& function) {
  try {
    return function();
  } catch (const std::exception& error) {
    return fail(self, error.what());
  } catch (...) {
    return fail(self, "it threw something that is no std::exception");
  }
}

}  // namespace dora_upstream

// What the runtime looks for. Weak, so that several sources may include this header.
extern "C" {

__attribute__((weak)) DORA_API dora_status dora_operator_create(dora_operator* self, void** state) {
  return dora_upstream::catch_failures(self, [&] {
    *state = dora_upstream::make<Operator>();
    return *state != nullptr ? DORA_OK : dora_upstream::fail(self, "new_operator() gave nothing");
  });
}

__attribute__((weak)) DORA_API dora_status dora_operator_on_event(dora_operator* self, void* state,
                                                                  dora_event* event,
                                                                  dora_operator_status* answer) {
  return dora_upstream::catch_failures(self, [&] {
    return dora_upstream::on_event(self, *static_cast<Operator*>(state), event, answer);
  });
}

__attribute__((weak)) DORA_API void dora_operator_destroy(dora_operator*, void* state) {
  dora_upstream::destroy<Operator>(state);
}

}  // extern "C"

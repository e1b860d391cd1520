// SPDX-License-Identifier: Apache-2.0
#include "prepared.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

#include <dora/host.h>

#include "event.hpp"

namespace dora::python {
namespace {

constexpr int most_dimensions = 4;

/// What an array is but for its content.
struct Form {
  std::uint64_t type_key = 0;  ///< 0: none
  bool is_ndarray = false;
  int rank = 0;
  std::int64_t shape[most_dimensions] = {};
  std::size_t size = 0;  ///< bytes
  bool operator==(const Form&) const = default;
};

Form last_made;
PyObject* last_type = nullptr;
bool is_repeated = false;

Form prepared_form;
PyObject* prepared = nullptr;
void* prepared_data = nullptr;

/// Without a type when no value is ever prepared for such a payload.
Form form_of(const dora_event* event, const dora_tensor& tensor) {
  const std::size_t message = dora_event_message_size(event);
  if (message == 0 || message > small_message) return {};
  if (tensor.item_bits % 8 != 0 || tensor.rank > most_dimensions) return {};
  Form form{.is_ndarray = tensor.is_ndarray, .rank = tensor.rank};
  std::size_t size = tensor.item_bits / 8;
  for (int i = 0; i < tensor.rank; ++i) {
    form.shape[i] = tensor.shape[i];
    // Each of the numbers was checked, and so was their product.
    size *= static_cast<std::size_t>(tensor.shape[i]);
  }
  if (size == 0) return {};
  form.size = size;
  form.type_key = dora_event_type_key(event);
  return form;
}

}  // namespace

PyObject* take_prepared_value(const dora_event* event, const dora_tensor& tensor) {
  if (prepared == nullptr) return nullptr;
  if (form_of(event, tensor) != prepared_form) return nullptr;
  std::memcpy(prepared_data, tensor.data, prepared_form.size);
  return std::exchange(prepared, nullptr);
}

void note_made_value(const dora_event* event, const dora_tensor& tensor, PyObject* type) {
  const Form form = form_of(event, tensor);
  is_repeated = form.type_key != 0 && form == last_made;
  if (is_repeated) return;
  last_made = form;
  Py_INCREF(type);
  Py_XDECREF(std::exchange(last_type, type));
}

void prepare_value() {
  if (!is_repeated || (prepared != nullptr && prepared_form == last_made)) return;
  Py_CLEAR(prepared);
  const Ref type = borrow(last_type);
  const Form form = last_made;
  void* data = nullptr;
  PyObject* made = form.is_ndarray
                       ? make_blank_ndarray(type.ptr(), form.rank, form.shape, form.size, &data)
                       : make_blank_arrow(type.ptr(), form.shape[0], form.size, &data);
  if (made == nullptr) {
    // The message that needs it will say why.
    PyErr_Clear();
    is_repeated = false;
    return;
  }
  // Another thread may have been here meanwhile.
  PyObject* other = std::exchange(prepared, made);
  prepared_form = form;
  prepared_data = data;
  Py_XDECREF(other);
}

void RecentEvents::note(PyObject* event) {
  if (last_ != nullptr) watch_event(last_, nullptr);
  last_ = event;
  watch_event(event, &last_);
}

void RecentEvents::before_sleep() {
  PyObject* last = std::exchange(last_, nullptr);
  if (last != nullptr) {
    watch_event(last, nullptr);
    Py_INCREF(last);
  }
  Py_XDECREF(std::exchange(kept_, last));
  prepare_value();
}

void RecentEvents::clear() {
  if (last_ != nullptr) watch_event(std::exchange(last_, nullptr), nullptr);
  Py_XDECREF(std::exchange(kept_, nullptr));
}

}  // namespace dora::python

// SPDX-License-Identifier: Apache-2.0
#include "value.hpp"

#include <cstdlib>
#include <unordered_map>

#include <dora/host.h>

#include "numpy_arrays.hpp"
#include "prepared.hpp"

namespace dora::python {
namespace {

Lazy array_class("pyarrow", "Array");
Lazy data_type_class("pyarrow", "DataType");
Lazy empty_array("dora._values", "EMPTY");
Lazy log_value("dora._log_value", "LogValue");
Lazy array_of_bytes("dora._values", "array_of_bytes");

constexpr std::size_t most_types = 4096;

/// pyarrow's object for the payload's type; borrowed. Kept, as making one costs more than a
/// message.
PyObject* find_type(const dora_event* event) {
  static std::unordered_map<std::uint64_t, PyObject*> types;
  static std::uint64_t last_key = 0;
  static PyObject* last_type = nullptr;
  std::uint64_t key = dora_event_type_key(event);
  if (key == last_key) return last_type;
  auto found = types.find(key);
  if (found == types.end()) {
    PyObject* data_type = data_type_class.get();
    if (data_type == nullptr) return nullptr;
    ArrowSchema schema;
    if (dora_status status = dora_event_schema(event, &schema); status != DORA_OK) {
      return raise_status(status);
    }
    Ref address = steal(PyLong_FromVoidPtr(&schema));
    PyObject* type =
        address ? PyObject_CallMethodObjArgs(data_type, names.import_from_c, address.ptr(), nullptr)
                : nullptr;
    if (schema.release != nullptr) schema.release(&schema);
    if (type == nullptr) return nullptr;
    if (types.size() >= most_types) {
      for (auto& [_, old] : types)
        Py_DECREF(old);
      types.clear();
      last_key = 0;
    }
    // Another thread may have been here while pyarrow let it run.
    auto [place, is_new] = types.emplace(key, type);
    if (!is_new) Py_DECREF(type);
    found = place;
  }
  last_key = key;
  return last_type = found->second;
}

/// pyarrow's array of what `array` describes. `array` is taken over, also when that fails.
PyObject* import_array(ArrowArray& array, PyObject* type) {
  static PyObject* import_from_c = nullptr;
  if (import_from_c == nullptr) {
    PyObject* array_type = array_class.get();
    if (array_type != nullptr) import_from_c = PyObject_GetAttr(array_type, names.import_from_c);
  }
  Ref address = steal(import_from_c == nullptr ? nullptr : PyLong_FromVoidPtr(&array));
  PyObject* value =
      address ? PyObject_CallFunctionObjArgs(import_from_c, address.ptr(), type, nullptr) : nullptr;
  if (value == nullptr && array.release != nullptr) array.release(&array);
  return value;
}

PyObject* make_arrow(dora_event* event, const dora_tensor* tensor) {
  PyObject* type = find_type(event);
  if (type == nullptr) return nullptr;
  Ref type_kept = borrow(type);
  ArrowArray array;
  if (dora_status status = dora_event_arrow(event, &array, nullptr); status != DORA_OK) {
    return raise_status(status);
  }
  if (array.length == 0 && array.n_buffers == 0 && array.n_children == 0) {
    // Null of length 0, as every tick of a timer has it.
    array.release(&array);
    PyObject* empty = empty_array.get();
    Py_XINCREF(empty);
    return empty;
  }
  PyObject* value = import_array(array, type);
  if (value != nullptr && tensor != nullptr) note_made_value(event, *tensor, type);
  return value;
}

/// The memory of an array without a null, and what Arrow wants to know of it.
struct Blank {
  const void* buffers[2];
  alignas(64) std::byte data[1];
};

}  // namespace

PyObject* make_blank_arrow(PyObject* type, std::int64_t length, std::size_t size, void** data) {
  const std::size_t whole = (offsetof(Blank, data) + size + 63) / 64 * 64;
  auto* blank = static_cast<Blank*>(std::aligned_alloc(64, whole));
  if (blank == nullptr) return PyErr_NoMemory();
  blank->buffers[0] = nullptr;
  blank->buffers[1] = *data = blank->data;
  ArrowArray array{};
  array.length = length;
  array.n_buffers = 2;
  array.buffers = blank->buffers;
  array.private_data = blank;
  array.release = [](ArrowArray* released) {
    std::free(released->private_data);
    released->release = nullptr;
  };
  return import_array(array, type);
}

// What an operator of this process sent is never looked at through the C API here: that would make
// an Arrow array of it, which may wait for a thread that waits for the GIL.
PyObject* make_value(dora_event* event) {
  if (auto* object = static_cast<PyObject*>(dora_event_object(event))) {
    if (PyBytes_Check(object) == 0) return borrow(object).release().ptr();
    PyObject* function = array_of_bytes.get();
    return function == nullptr ? nullptr : PyObject_CallFunctionObjArgs(function, object, nullptr);
  }
  dora_tensor tensor;
  const bool is_tensor = dora_event_tensor(event, &tensor);
  if (is_tensor) {
    if (PyObject* value = take_prepared_value(event, tensor)) return value;
    if (tensor.is_ndarray) return make_ndarray(event, tensor);
  }
  if (!dora_event_is_log(event)) return make_arrow(event, is_tensor ? &tensor : nullptr);
  Ref array = steal(make_arrow(event, nullptr));
  PyObject* wrap = log_value.get();
  if (!array || wrap == nullptr) return nullptr;
  return PyObject_CallFunctionObjArgs(wrap, array.ptr(), nullptr);
}

PyObject* make_data(dora_event* event) {
  auto* object = static_cast<PyObject*>(dora_event_object(event));
  if (object != nullptr && PyBytes_Check(object) != 0) return borrow(object).release().ptr();
  dora_tensor tensor;
  if (object == nullptr && dora_event_tensor(event, &tensor)) {
    std::int64_t count = 1;
    for (int i = 0; i < tensor.rank; ++i)
      count *= tensor.shape[i];
    std::int64_t size = (count * tensor.item_bits + 7) / 8;
    return PyBytes_FromStringAndSize(static_cast<const char*>(tensor.data), size);
  }
  Ref value = steal(make_value(event));
  PyObject* function = bytes_of.get();
  if (!value || function == nullptr) return nullptr;
  return PyObject_CallFunctionObjArgs(function, value.ptr(), nullptr);
}

}  // namespace dora::python

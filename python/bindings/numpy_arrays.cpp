// SPDX-License-Identifier: Apache-2.0
#include "numpy_arrays.hpp"

#include <cstring>
#include <string>
#include <unordered_map>
#include <utility>

#include "prepared.hpp"

namespace dora::python {
namespace {

// ---- The keeper of a payload's memory ----------------------------------------------------------

struct Payload {
  PyObject_HEAD dora_event* event;
};

PyTypeObject* payload_type = nullptr;

void payload_dealloc(PyObject* self) {
  dora_event_release(reinterpret_cast<Payload*>(self)->event);
  free_instance(self);
}

Ref keep(dora_event* event) {
  PyObject* payload = PyType_GenericAlloc(payload_type, 0);
  if (payload != nullptr) reinterpret_cast<Payload*>(payload)->event = dora_event_retain(event);
  return steal(payload);
}

// ---- numpy -------------------------------------------------------------------------------------

using NewFromDescription = PyObject* (*)(PyTypeObject* type, PyObject* dtype, int rank,
                                         const Py_ssize_t* shape, const Py_ssize_t* strides,
                                         void* data, int flags, PyObject* prototype);
using SetBaseObject = int (*)(PyObject* array, PyObject* base);
constexpr int place_of_new_from_description = 94;
constexpr int place_of_set_base_object = 282;
constexpr int c_contiguous_and_aligned = 0x0001 | 0x0100;  // and not writeable
constexpr int longest_rank = 32;                           // numpy 1; numpy 2 has 64

struct Numpy {
  NewFromDescription new_from_description = nullptr;
  SetBaseObject set_base_object = nullptr;
  PyTypeObject* ndarray = nullptr;  // dora.NDArray
  PyObject* dtypes[128] = {};       // by Arrow format letter
  std::unordered_map<std::string, PyObject*> temporal_dtypes;
};
Numpy numpy;
Lazy array_api("dora._ndarray", "ARRAY_API");
Lazy ndarray_class("dora._ndarray", "NDArray");
Lazy dtype_of("dora._ndarray", "dtype_of");

bool load_numpy() {
  if (numpy.ndarray != nullptr) return true;
  PyObject* capsule = array_api.get();
  PyObject* type = ndarray_class.get();
  if (capsule == nullptr || type == nullptr) return false;
  auto** table = static_cast<void**>(PyCapsule_GetPointer(capsule, nullptr));
  if (table == nullptr) return false;
  numpy.new_from_description =
      reinterpret_cast<NewFromDescription>(table[place_of_new_from_description]);
  numpy.set_base_object = reinterpret_cast<SetBaseObject>(table[place_of_set_base_object]);
  numpy.ndarray = reinterpret_cast<PyTypeObject*>(type);
  return true;
}

/// Borrowed.
PyObject* find_dtype(const dora_tensor& tensor) {
  bool is_plain = tensor.arrow_format[1] == '\0';
  auto letter = static_cast<unsigned char>(tensor.arrow_format[0]);
  if (is_plain && letter < 128 && numpy.dtypes[letter] != nullptr) return numpy.dtypes[letter];
  if (!is_plain) {
    auto found = numpy.temporal_dtypes.find(tensor.arrow_format);
    if (found != numpy.temporal_dtypes.end()) return found->second;
  }
  PyObject* function = dtype_of.get();
  if (function == nullptr) return nullptr;
  PyObject* dtype = PyObject_CallFunction(function, "s", tensor.arrow_format);
  if (dtype == nullptr) return nullptr;
  if (is_plain && letter < 128) {
    numpy.dtypes[letter] = dtype;
  } else {
    numpy.temporal_dtypes.emplace(tensor.arrow_format, dtype);
  }
  return dtype;
}

/// Up to here a copy costs less, in time and in memory, than to keep the whole event alive.
constexpr std::size_t most_copied = 128;

std::size_t size_of(const dora_tensor& tensor) {
  // The numbers were checked, and so was their product.
  std::size_t size = tensor.item_bits / 8;
  for (int i = 0; i < tensor.rank; ++i)
    size *= static_cast<std::size_t>(tensor.shape[i]);
  return size;
}

/// One byte for each bit, in an immutable object.
Ref unpack_bits(const void* data, Py_ssize_t count) {
  Ref bytes = steal(PyBytes_FromStringAndSize(nullptr, count));
  if (!bytes) return bytes;
  char* to = PyBytes_AsString(bytes.ptr());
  const auto* from = static_cast<const unsigned char*>(data);
  for (Py_ssize_t i = 0; i < count; ++i) {
    to[i] = static_cast<char>((from[i >> 3] >> (i & 7)) & 1);
  }
  return bytes;
}

/// Takes over `base`, which keeps `data`. `shape` has `rank` numbers.
PyObject* new_array(PyObject* dtype, int rank, const std::int64_t* shape, void* data, Ref base) {
  static_assert(sizeof(Py_ssize_t) == sizeof(std::int64_t));
  Py_INCREF(dtype);  // numpy takes one reference over
  PyObject* array = numpy.new_from_description(numpy.ndarray, dtype, rank,
                                               reinterpret_cast<const Py_ssize_t*>(shape), nullptr,
                                               data, c_contiguous_and_aligned, nullptr);
  if (array == nullptr) return nullptr;
  if (numpy.set_base_object(array, base.release().ptr()) < 0) {
    Py_DECREF(array);
    return nullptr;
  }
  return array;
}

}  // namespace

PyObject* make_blank_ndarray(PyObject* dtype, int rank, const std::int64_t* shape, std::size_t size,
                             void** data) {
  Ref base = steal(PyBytes_FromStringAndSize(nullptr, static_cast<Py_ssize_t>(size)));
  if (!base) return nullptr;
  *data = PyBytes_AsString(base.ptr());
  return new_array(dtype, rank, shape, *data, std::move(base));
}

PyObject* make_ndarray(dora_event* event, const dora_tensor& tensor) {
  if (!load_numpy()) return nullptr;
  if (tensor.rank > longest_rank) {
    PyErr_Format(PyExc_ValueError, "an array of %d dimensions; numpy takes at most %d", tensor.rank,
                 longest_rank);
    return nullptr;
  }
  PyObject* dtype = find_dtype(tensor);
  if (dtype == nullptr) return nullptr;

  Ref base;
  void* data = const_cast<void*>(tensor.data);
  if (tensor.item_bits == 1) {
    Py_ssize_t count = 1;
    for (int i = 0; i < tensor.rank; ++i)
      count *= static_cast<Py_ssize_t>(tensor.shape[i]);
    base = unpack_bits(tensor.data, count);
    if (base) data = PyBytes_AsString(base.ptr());
  } else if (const std::size_t size = size_of(tensor); size > 0 && size <= most_copied) {
    base = steal(PyBytes_FromStringAndSize(static_cast<const char*>(tensor.data),
                                           static_cast<Py_ssize_t>(size)));
    if (base) data = PyBytes_AsString(base.ptr());
  } else {
    base = keep(event);
  }
  if (!base) return nullptr;
  static char nothing[8];
  if (data == nullptr) data = nothing;

  PyObject* array = new_array(dtype, tensor.rank, tensor.shape, data, std::move(base));
  if (array != nullptr) note_made_value(event, tensor, dtype);
  return array;
}

bool make_payload_type() {
  PyType_Slot slots[] = {
      {Py_tp_dealloc, reinterpret_cast<void*>(payload_dealloc)},
      {Py_tp_doc, const_cast<char*>("Keeps the memory of a received message alive.")},
      {0, nullptr}};
  PyType_Spec spec = {"dora._dora.Payload", sizeof(Payload), 0,
                      Py_TPFLAGS_DEFAULT | Py_TPFLAGS_DISALLOW_INSTANTIATION, slots};
  payload_type = reinterpret_cast<PyTypeObject*>(PyType_FromSpec(&spec));
  return payload_type != nullptr;
}

}  // namespace dora::python

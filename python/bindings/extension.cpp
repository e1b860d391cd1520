// SPDX-License-Identifier: Apache-2.0
// The methods of NodeBase for the extension table.
#include <cstring>

#include "node.hpp"

namespace dora::python {
namespace {

/// What the calls have in common: (namespace, key, third argument).
struct Call {
  dora_text space{};
  dora_text key{};
  PyObject* third = nullptr;
};

bool read_text(PyObject* object, const char* what, dora_text& text) {
  if (!PyUnicode_Check(object)) {
    PyErr_Format(PyExc_TypeError, "the %s must be a str, not %R", what, object);
    return false;
  }
  Py_ssize_t length = 0;
  text.data = PyUnicode_AsUTF8AndSize(object, &length);
  text.length = static_cast<std::size_t>(length);
  return text.data != nullptr;
}

/// Reads the arguments, and checks that there is a daemon to ask; false with a Python error.
bool read_call(PyObject* self, const Parameters& parameters, PyObject* const* arguments,
               Py_ssize_t count, PyObject* keywords, Call& call) {
  PyObject* values[3] = {};
  if (!parse_arguments(parameters, arguments, count, keywords, values) ||
      !read_text(values[0], "namespace", call.space) ||
      (values[1] != nullptr && !read_text(values[1], "key", call.key))) {
    return false;
  }
  call.third = values[2];
  if (local_of(self)) {
    raise(DORA_UNSUPPORTED, "a node that was started by hand has no extension table");
    return false;
  }
  return check_is_open(state_of(self));
}

template <typename Function>
dora_status ask(PyObject* self, Function&& function) {
  NodeState& state = state_of(self);
  NodeUse use(state);
  return without_gil([&] { return function(state.handle); });
}

PyObject* none_or_error(dora_status status) {
  if (status != DORA_OK) return raise_status(status);
  Py_RETURN_NONE;
}

/// Memory that the C API gave away; `data` may be NULL.
struct Answer {
  Answer() = default;
  ~Answer() { dora_memory_free(data); }
  Answer(const Answer&) = delete;
  Answer& operator=(const Answer&) = delete;
  char* data = nullptr;
  std::size_t size = 0;
};

constexpr const char* names_of_parameters[] = {"namespace", "key"};

}  // namespace

PyObject* node_extension_store(PyObject* self, PyObject* const* arguments, Py_ssize_t count,
                               PyObject* keywords) {
  static const char* const parameter_names[] = {"namespace", "key", "value"};
  Call call;
  if (!read_call(self, {"extension_store", parameter_names, 3, 3}, arguments, count, keywords,
                 call)) {
    return nullptr;
  }
  if (!PyBytes_Check(call.third)) return raise_type("the value must be bytes, not %R", call.third);
  char* bytes = nullptr;
  Py_ssize_t size = 0;
  if (PyBytes_AsStringAndSize(call.third, &bytes, &size) < 0) return nullptr;
  return none_or_error(ask(self, [&](dora_node* node) {
    return dora_node_extension_store(node, call.space, call.key, bytes,
                                     static_cast<std::size_t>(size));
  }));
}

PyObject* node_extension_load(PyObject* self, PyObject* const* arguments, Py_ssize_t count,
                              PyObject* keywords) {
  static const char* const parameter_names[] = {"namespace", "key", "remove"};
  Call call;
  if (!read_call(self, {"extension_load", parameter_names, 3, 2}, arguments, count, keywords,
                 call)) {
    return nullptr;
  }
  const int remove = call.third == nullptr ? 0 : PyObject_IsTrue(call.third);
  if (remove < 0) return nullptr;
  Answer answer;
  const dora_status status = ask(self, [&](dora_node* node) {
    return dora_node_extension_load(node, call.space, call.key, remove != 0, &answer.data,
                                    &answer.size);
  });
  if (status != DORA_OK || answer.data == nullptr) return none_or_error(status);
  return PyBytes_FromStringAndSize(answer.data, static_cast<Py_ssize_t>(answer.size));
}

PyObject* node_extension_drop(PyObject* self, PyObject* const* arguments, Py_ssize_t count,
                              PyObject* keywords) {
  Call call;
  if (!read_call(self, {"extension_drop", names_of_parameters, 2, 2}, arguments, count, keywords,
                 call)) {
    return nullptr;
  }
  return none_or_error(ask(
      self, [&](dora_node* node) { return dora_node_extension_drop(node, call.space, call.key); }));
}

PyObject* node_drain_dropped_extension_keys(PyObject* self, PyObject* const* arguments,
                                            Py_ssize_t count, PyObject* keywords) {
  Call call;
  if (!read_call(self, {"drain_dropped_extension_keys", names_of_parameters, 1, 1}, arguments,
                 count, keywords, call)) {
    return nullptr;
  }
  Answer answer;
  const dora_status status = ask(self, [&](dora_node* node) {
    return dora_node_extension_dropped(node, call.space, &answer.data, &answer.size);
  });
  if (status != DORA_OK) return raise_status(status);
  Ref keys = steal(PyList_New(0));
  for (std::size_t begin = 0; keys && begin < answer.size;) {
    const std::size_t length = std::strlen(answer.data + begin);
    Ref key = steal(
        PyUnicode_DecodeUTF8(answer.data + begin, static_cast<Py_ssize_t>(length), "replace"));
    if (!key || PyList_Append(keys.ptr(), key.ptr()) < 0) return nullptr;
    begin += length + 1;
  }
  return keys.release().ptr();
}

}  // namespace dora::python

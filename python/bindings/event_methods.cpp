// SPDX-License-Identifier: Apache-2.0
#include "event_methods.hpp"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <string_view>
#include <utility>

namespace dora::python {
namespace {

constexpr std::array delegated = {"keys",       "values", "items", "pop",         "popitem",
                                  "setdefault", "update", "clear", "__reversed__"};
std::array<PyObject*, delegated.size()> dict_methods;
getiterfunc dict_iterate = nullptr;
reprfunc dict_represent = nullptr;
richcmpfunc dict_compare = nullptr;
binaryfunc dict_inplace_or = nullptr;

bool make_whole_if_event(PyObject* object) {
  return !is_event(object) || make_whole(object);
}

/// Calls method `Index` of dict on the whole event.
template <std::size_t Index>
PyObject* delegate(PyObject* self, PyObject* arguments, PyObject* keywords) {
  if (delegated[Index] == std::string_view("clear")) {
    forget_late_entries(self);
  } else if (!make_whole(self)) {
    return nullptr;
  }
  Py_ssize_t count = PyTuple_Size(arguments);
  Ref all = steal(PyTuple_New(count + 1));
  if (!all) return nullptr;
  Py_INCREF(self);
  PyTuple_SetItem(all.ptr(), 0, self);
  for (Py_ssize_t i = 0; i < count; ++i) {
    PyObject* argument = PyTuple_GetItem(arguments, i);
    Py_INCREF(argument);
    PyTuple_SetItem(all.ptr(), i + 1, argument);
  }
  return PyObject_Call(dict_methods[Index], all.ptr(), keywords);
}

PyObject* event_copy(PyObject* self, PyObject*) {
  return copy_event(self);
}

/// Pickles and deep copies as the type and a plain dict.
PyObject* event_reduce(PyObject* self, PyObject*) {
  if (!make_whole(self)) return nullptr;
  Ref plain = steal(PyDict_New());
  if (!plain || PyDict_Update(plain.ptr(), self) < 0) return nullptr;
  return Py_BuildValue("(O(O))", Py_TYPE(self), plain.ptr());
}

template <std::size_t... Index>
void fill(PyMethodDef* methods, std::index_sequence<Index...>) {
  (void(methods[Index] = {delegated[Index],
                          reinterpret_cast<PyCFunction>(
                              reinterpret_cast<void (*)()>(&delegate<Index>)),
                          METH_VARARGS | METH_KEYWORDS, nullptr}),
   ...);
}

}  // namespace

bool find_dict_methods() {
  auto* dict = reinterpret_cast<PyObject*>(&PyDict_Type);
  for (std::size_t i = 0; i < delegated.size(); ++i) {
    dict_methods[i] = PyObject_GetAttrString(dict, delegated[i]);
    if (dict_methods[i] == nullptr) return false;
  }
  dict_iterate = reinterpret_cast<getiterfunc>(PyType_GetSlot(&PyDict_Type, Py_tp_iter));
  dict_represent = reinterpret_cast<reprfunc>(PyType_GetSlot(&PyDict_Type, Py_tp_repr));
  dict_compare = reinterpret_cast<richcmpfunc>(PyType_GetSlot(&PyDict_Type, Py_tp_richcompare));
  dict_inplace_or = reinterpret_cast<binaryfunc>(PyType_GetSlot(&PyDict_Type, Py_nb_inplace_or));
  return true;
}

void append_methods(const PyMethodDef* own, std::size_t own_count, PyMethodDef* all,
                    std::size_t capacity) {
  if (own_count + delegated.size() + 5 > capacity) std::abort();
  all = std::copy_n(own, own_count, all);
  fill(all, std::make_index_sequence<delegated.size()>());
  all += delegated.size();
  *all++ = {"copy", event_copy, METH_NOARGS, "copy($self)\n--\n\nA shallow copy."};
  *all++ = {"__copy__", event_copy, METH_NOARGS, "__copy__($self)\n--\n\nA shallow copy."};
  *all++ = {"__reduce__", event_reduce, METH_NOARGS,
            "__reduce__($self)\n--\n\nA plain dict when it is loaded."};
  *all++ = {"__reduce_ex__", event_reduce, METH_O,
            "__reduce_ex__($self, protocol, /)\n--\n\nA plain dict when it is loaded."};
  *all = {nullptr, nullptr, 0, nullptr};
}

PyObject* event_iterate(PyObject* self) {
  return make_whole(self) ? dict_iterate(self) : nullptr;
}

PyObject* event_represent(PyObject* self) {
  return make_whole(self) ? dict_represent(self) : nullptr;
}

PyObject* event_compare(PyObject* self, PyObject* other, int operation) {
  if (!make_whole_if_event(self) || !make_whole_if_event(other)) return nullptr;
  return dict_compare(self, other, operation);
}

PyObject* event_or(PyObject* left, PyObject* right) {
  if (!make_whole_if_event(left) || !make_whole_if_event(right)) return nullptr;
  if (!PyDict_Check(left) || !PyDict_Check(right)) {
    Py_INCREF(Py_NotImplemented);
    return Py_NotImplemented;
  }
  // A plain dict, whichever side the event is on.
  Ref result = steal(PyDict_New());
  if (!result || PyDict_Update(result.ptr(), left) < 0 || PyDict_Update(result.ptr(), right) < 0) {
    return nullptr;
  }
  return result.release().ptr();
}

PyObject* event_inplace_or(PyObject* self, PyObject* other) {
  if (!make_whole(self) || !make_whole_if_event(other)) return nullptr;
  return dict_inplace_or(self, other);
}

}  // namespace dora::python

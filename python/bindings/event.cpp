// SPDX-License-Identifier: Apache-2.0
// The type Event. Behaves as a dict that holds kind, type, id, value and metadata: whoever looks
// for one key gets it made, and whoever looks at the whole (iterates, compares, prints, copies)
// gets all of them entered first. `data` (and `meatadata`, a misspelling in an old guide) can be
// asked for, but are no part of the whole: a copy of the payload would make printing an event
// expensive.
#include "event.hpp"

#include <utility>

#include <dora/host.h>

#include "event_methods.hpp"
#include "value.hpp"

namespace dora::python {
namespace {

PyTypeObject* event_type = nullptr;
Py_ssize_t dict_size = 0;  // our fields follow those of dict
PyObject* no_arguments = nullptr;
newfunc dict_new = nullptr;
destructor dict_dealloc = nullptr;
traverseproc dict_traverse = nullptr;
inquiry dict_clear = nullptr;

/// What has not been entered into the dict yet.
enum Pending : unsigned char { PendingValue = 1, PendingMetadata = 2 };

struct Fields {
  dora_event* event;      // NULL in copies
  PyObject* value;        // made, and still pending
  PyObject* metadata;     // made, and still pending
  PyObject* data;         // once asked for
  PyObject** watched_at;  // watch_event()
  unsigned char pending;
};

Fields& fields(PyObject* self) {
  return *reinterpret_cast<Fields*>(reinterpret_cast<char*>(self) + dict_size);
}

bool is_pending(PyObject* self, Pending what) {
  return (fields(self).pending & what) != 0;
}

void settle(PyObject* self, Pending what) {
  fields(self).pending = static_cast<unsigned char>(fields(self).pending & ~what);
}

PyObject* name_of(Pending what) {
  return what == PendingValue ? names.value : names.metadata;
}

/// What was made of it, or nullptr. Still pending.
PyObject*& made_of(PyObject* self, Pending what) {
  return what == PendingValue ? fields(self).value : fields(self).metadata;
}

enum class Key { Other, Value, Metadata, Data };

Key which(PyObject* key) {
  // Keys in source code are interned; only computed ones are compared by content.
  if (key == names.value) return Key::Value;
  if (key == names.metadata) return Key::Metadata;
  if (key == names.data) return Key::Data;
  if (key == names.type || key == names.id || !PyUnicode_Check(key)) return Key::Other;
  if (PyUnicode_CompareWithASCIIString(key, "value") == 0) return Key::Value;
  if (PyUnicode_CompareWithASCIIString(key, "metadata") == 0) return Key::Metadata;
  if (PyUnicode_CompareWithASCIIString(key, "meatadata") == 0) return Key::Metadata;
  if (PyUnicode_CompareWithASCIIString(key, "data") == 0) return Key::Data;
  return Key::Other;
}

/// Value or metadata, which is pending. Borrowed; nullptr with a Python error.
PyObject* make_late(PyObject* self, Pending what) {
  PyObject*& place = made_of(self, what);
  if (place != nullptr) return place;
  dora_event* event = fields(self).event;
  Ref made = steal(what == PendingValue ? make_value(event) : make_metadata(event));
  if (!made) return nullptr;
  // Another thread may have made it meanwhile: then the first one stays.
  if (!is_pending(self, what)) {
    return PyDict_GetItemWithError(self, name_of(what));
  }
  if (place == nullptr) place = made.release().ptr();
  return place;
}

bool enter_late(PyObject* self, Pending what) {
  if (!is_pending(self, what)) return true;
  PyObject* made = make_late(self, what);
  // Removed meanwhile, it is no failure.
  if (made == nullptr) return PyErr_Occurred() == nullptr;
  if (!is_pending(self, what)) return true;
  if (PyDict_SetItem(self, name_of(what), made) < 0) return false;
  settle(self, what);
  Py_CLEAR(made_of(self, what));
  return true;
}

/// The payload as bytes; borrowed. nullptr without an error when there is none.
PyObject* data_of(PyObject* self) {
  Fields& own = fields(self);
  if (own.data != nullptr) return own.data;
  Ref data;
  if (own.event != nullptr) {
    data = steal(make_data(own.event));
  } else {
    PyObject* value = PyDict_GetItemWithError(self, names.value);
    if (value == nullptr) return nullptr;
    PyObject* function = bytes_of.get();
    if (function == nullptr) return nullptr;
    data = steal(PyObject_CallFunctionObjArgs(function, value, nullptr));
  }
  if (!data) return nullptr;
  if (own.data == nullptr) own.data = data.release().ptr();
  return own.data;
}

/// Borrowed; nullptr without an error when there is no such entry.
PyObject* find(PyObject* self, PyObject* key) {
  const Key known = which(key);
  if (known == Key::Value && is_pending(self, PendingValue)) return make_late(self, PendingValue);
  if (known == Key::Metadata && is_pending(self, PendingMetadata))
    return make_late(self, PendingMetadata);
  PyObject* found = PyDict_GetItemWithError(self, key);
  if (found != nullptr || known == Key::Other || PyErr_Occurred() != nullptr) return found;
  // Or metadata by its misspelling.
  return known == Key::Data ? data_of(self) : PyDict_GetItemWithError(self, names.metadata);
}

PyObject* event_subscript(PyObject* self, PyObject* key) {
  PyObject* found = find(self, key);
  if (found != nullptr) {
    Py_INCREF(found);
  } else if (PyErr_Occurred() == nullptr) {
    PyErr_SetObject(PyExc_KeyError, key);
  }
  return found;
}

PyObject* event_get(PyObject* self, PyObject* const* arguments, Py_ssize_t count, PyObject*) {
  if (count < 1 || count > 2) {
    PyErr_Format(PyExc_TypeError, "get expected 1 or 2 arguments, got %zd", count);
    return nullptr;
  }
  PyObject* found = find(self, arguments[0]);
  if (found == nullptr) {
    if (PyErr_Occurred() != nullptr) return nullptr;
    found = count == 2 ? arguments[1] : Py_None;
  }
  Py_INCREF(found);
  return found;
}

int event_contains(PyObject* self, PyObject* key) {
  int stored = PyDict_Contains(self, key);
  if (stored != 0) return stored;
  switch (which(key)) {
    case Key::Value:
      return is_pending(self, PendingValue);
    case Key::Metadata:
      return is_pending(self, PendingMetadata) || PyDict_Contains(self, names.metadata) == 1;
    case Key::Data:
      return fields(self).event != nullptr || PyDict_Contains(self, names.value) == 1;
    case Key::Other:
      return 0;
  }
  return 0;
}

/// What was pending of value or metadata is of no interest any more. Tells whether it was.
bool drop_late(PyObject* self, Pending what) {
  if (!is_pending(self, what)) return false;
  settle(self, what);
  Py_CLEAR(made_of(self, what));
  return true;
}

int event_assign(PyObject* self, PyObject* key, PyObject* value) {
  const Key known = which(key);
  const bool was_pending = (known == Key::Value && drop_late(self, PendingValue)) ||
                           (known == Key::Metadata && drop_late(self, PendingMetadata));
  if (value != nullptr) return PyDict_SetItem(self, key, value);
  return was_pending ? 0 : PyDict_DelItem(self, key);
}

Py_ssize_t event_length(PyObject* self) {
  return PyDict_Size(self) + __builtin_popcount(fields(self).pending);
}

int event_traverse(PyObject* self, visitproc visit, void* arg) {
  Py_VISIT(reinterpret_cast<PyObject*>(Py_TYPE(self)));
  Py_VISIT(fields(self).value);
  Py_VISIT(fields(self).metadata);
  return dict_traverse(self, visit, arg);
}

int event_clear(PyObject* self) {
  Py_CLEAR(fields(self).value);
  Py_CLEAR(fields(self).metadata);
  return dict_clear(self);
}

void event_dealloc(PyObject* self) {
  PyObject_GC_UnTrack(self);
  if (fields(self).watched_at != nullptr) *fields(self).watched_at = nullptr;
  dora_event_release(fields(self).event);
  for (PyObject* owned : {fields(self).value, fields(self).metadata, fields(self).data})
    Py_XDECREF(owned);
  PyTypeObject* type = Py_TYPE(self);
  dict_dealloc(self);
  Py_DECREF(reinterpret_cast<PyObject*>(type));
}

}  // namespace

bool is_event(PyObject* object) {
  return Py_TYPE(object) == event_type;
}

bool make_whole(PyObject* self) {
  return enter_late(self, PendingValue) && enter_late(self, PendingMetadata);
}

void forget_late_entries(PyObject* self) {
  drop_late(self, PendingValue);
  drop_late(self, PendingMetadata);
}

PyObject* copy_event(PyObject* self) {
  if (!make_whole(self)) return nullptr;
  Ref copy = steal(dict_new(event_type, no_arguments, nullptr));
  if (!copy || PyDict_Update(copy.ptr(), self) < 0) return nullptr;
  return copy.release().ptr();
}

PyObject* make_input_head(PyObject* id) {
  return Py_BuildValue("{OOOOOO}", names.kind, names.dora, names.type,
                       names.event_types[DORA_EVENT_INPUT], names.id, id);
}

PyObject* make_input_event(dora_event* event, PyObject* head) {
  PyObject* self = dict_new(event_type, no_arguments, nullptr);
  if (self == nullptr) {
    dora_event_release(event);
    return nullptr;
  }
  fields(self).event = event;
  // Into an empty dict: then it is copied as a whole.
  if (PyDict_Update(self, head) < 0) {
    Py_DECREF(self);
    return nullptr;
  }
  fields(self).pending = PendingValue | PendingMetadata;
  return self;
}

void watch_event(PyObject* event, PyObject** place) {
  fields(event).watched_at = place;
}

bool is_small_event(PyObject* event) {
  if (!is_event(event) || fields(event).event == nullptr) return false;
  const std::size_t size = dora_event_message_size(fields(event).event);
  return size > 0 && size <= small_message;
}

bool add_event_type(PyObject* module) {
  // dict's size is no part of the stable ABI, but it tells it.
  Ref size =
      steal(PyObject_GetAttrString(reinterpret_cast<PyObject*>(&PyDict_Type), "__basicsize__"));
  if (!size) return false;
  dict_size = PyLong_AsSsize_t(size.ptr());
  no_arguments = PyTuple_New(0);
  if (dict_size <= 0 || no_arguments == nullptr || !find_dict_methods()) return false;
  dict_new = reinterpret_cast<newfunc>(PyType_GetSlot(&PyDict_Type, Py_tp_new));
  dict_dealloc = reinterpret_cast<destructor>(PyType_GetSlot(&PyDict_Type, Py_tp_dealloc));
  dict_traverse = reinterpret_cast<traverseproc>(PyType_GetSlot(&PyDict_Type, Py_tp_traverse));
  dict_clear = reinterpret_cast<inquiry>(PyType_GetSlot(&PyDict_Type, Py_tp_clear));

  static PyMethodDef own_methods[] = {
      {"get", as_method(event_get), fast,
       "get($self, key, default=None, /)\n--\n\nThe entry, or `default` when there is none."},
      {"__missing__", event_subscript, METH_O,
       "__missing__($self, key, /)\n--\n\nMakes an entry that is made late."}};
  static PyMethodDef methods[32];
  append_methods(own_methods, std::size(own_methods), methods, std::size(methods));

  auto slot = [](auto function) { return reinterpret_cast<void*>(function); };
  PyType_Slot slots[] = {{Py_mp_subscript, slot(event_subscript)},
                         {Py_mp_ass_subscript, slot(event_assign)},
                         {Py_mp_length, slot(event_length)},
                         {Py_sq_contains, slot(event_contains)},
                         {Py_tp_iter, slot(event_iterate)},
                         {Py_tp_repr, slot(event_represent)},
                         {Py_tp_richcompare, slot(event_compare)},
                         {Py_tp_hash, slot(PyObject_HashNotImplemented)},
                         {Py_nb_or, slot(event_or)},
                         {Py_nb_inplace_or, slot(event_inplace_or)},
                         {Py_tp_traverse, slot(event_traverse)},
                         {Py_tp_clear, slot(event_clear)},
                         {Py_tp_dealloc, slot(event_dealloc)},
                         {Py_tp_methods, methods},
                         {Py_tp_doc, const_cast<char*>("An event of a dora dataflow: a dict whose "
                                                       "entries `value` and `metadata` are made "
                                                       "when they are first looked at.")},
                         {0, nullptr}};
  PyType_Spec spec = {"dora.Event", static_cast<int>(dict_size + sizeof(Fields)), 0,
                      Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC, slots};
  Ref bases = steal(PyTuple_Pack(1, &PyDict_Type));
  if (!bases) return false;
  event_type = reinterpret_cast<PyTypeObject*>(PyType_FromSpecWithBases(&spec, bases.ptr()));
  return event_type != nullptr &&
         PyModule_AddObjectRef(module, "Event", reinterpret_cast<PyObject*>(event_type)) == 0;
}

}  // namespace dora::python

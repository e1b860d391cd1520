// SPDX-License-Identifier: Apache-2.0
// The type Event. Behaves as a dict that holds kind, type, id, value and metadata: whoever looks
// for one key gets it made, and whoever looks at the whole (iterates, compares, prints, copies)
// gets all of them made first. `data` (and `meatadata`, a misspelling in an old guide) can be asked
// for, but are no part of the whole: a copy of the payload would make printing an event expensive.
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
Lazy parse_json("json", "loads");

enum Pending : unsigned char { PendingValue = 1, PendingMetadata = 2 };

struct Fields {
  dora_event* event;      // NULL in copies
  PyObject* data;         // once asked for
  PyObject** watched_at;  // watch_event()
  unsigned char pending;
};

Fields& fields(PyObject* self) {
  return *reinterpret_cast<Fields*>(reinterpret_cast<char*>(self) + dict_size);
}

enum class Key { Other, Value, Metadata, Data };

Key which(PyObject* key) {
  if (key == names.value) return Key::Value;
  if (key == names.metadata) return Key::Metadata;
  if (key == names.data) return Key::Data;
  // Keys in source code are interned; only computed ones are compared by content.
  if (!PyUnicode_Check(key)) return Key::Other;
  if (PyUnicode_CompareWithASCIIString(key, "value") == 0) return Key::Value;
  if (PyUnicode_CompareWithASCIIString(key, "metadata") == 0) return Key::Metadata;
  if (PyUnicode_CompareWithASCIIString(key, "meatadata") == 0) return Key::Metadata;
  if (PyUnicode_CompareWithASCIIString(key, "data") == 0) return Key::Data;
  return Key::Other;
}

/// Makes one of the two late entries and stores it. Borrowed.
PyObject* fill(PyObject* self, Pending what) {
  PyObject* name = what == PendingValue ? names.value : names.metadata;
  dora_event* event = fields(self).event;
  Ref made = steal(what == PendingValue ? make_value(event) : make_metadata(event));
  if (!made) return nullptr;
  // Another thread may have made it meanwhile: then the first one stays.
  if ((fields(self).pending & what) != 0) {
    if (PyDict_SetItem(self, name, made.ptr()) < 0) return nullptr;
    fields(self).pending = static_cast<unsigned char>(fields(self).pending & ~what);
  }
  return PyDict_GetItemWithError(self, name);
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

/// What is not (yet) stored. Borrowed; nullptr without an error when there is no such entry.
PyObject* find_late(PyObject* self, PyObject* key) {
  switch (which(key)) {
    case Key::Value:
      return (fields(self).pending & PendingValue) != 0 ? fill(self, PendingValue) : nullptr;
    case Key::Metadata:
      if ((fields(self).pending & PendingMetadata) != 0) return fill(self, PendingMetadata);
      return PyDict_GetItemWithError(self, names.metadata);  // asked for by its misspelling
    case Key::Data:
      return data_of(self);
    case Key::Other:
      return nullptr;
  }
  return nullptr;
}

/// Borrowed; nullptr without an error when there is no such entry.
PyObject* find(PyObject* self, PyObject* key) {
  PyObject* found = PyDict_GetItemWithError(self, key);
  if (found != nullptr || PyErr_Occurred() != nullptr) return found;
  return find_late(self, key);
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
      return (fields(self).pending & PendingValue) != 0;
    case Key::Metadata:
      return (fields(self).pending & PendingMetadata) != 0 ||
             PyDict_Contains(self, names.metadata) == 1;
    case Key::Data:
      return fields(self).event != nullptr || PyDict_Contains(self, names.value) == 1;
    case Key::Other:
      return 0;
  }
  return 0;
}

int event_assign(PyObject* self, PyObject* key, PyObject* value) {
  Pending what{};
  if (Key found = which(key); found == Key::Value) {
    what = PendingValue;
  } else if (found == Key::Metadata) {
    what = PendingMetadata;
  }
  bool was_pending = (fields(self).pending & what) != 0;
  fields(self).pending = static_cast<unsigned char>(fields(self).pending & ~what);
  if (value != nullptr) return PyDict_SetItem(self, key, value);
  return was_pending ? 0 : PyDict_DelItem(self, key);
}

Py_ssize_t event_length(PyObject* self) {
  return PyDict_Size(self) + __builtin_popcount(fields(self).pending);
}

int event_traverse(PyObject* self, visitproc visit, void* arg) {
  Py_VISIT(reinterpret_cast<PyObject*>(Py_TYPE(self)));
  return dict_traverse(self, visit, arg);
}

void event_dealloc(PyObject* self) {
  PyObject_GC_UnTrack(self);
  if (fields(self).watched_at != nullptr) *fields(self).watched_at = nullptr;
  dora_event_release(fields(self).event);
  Py_XDECREF(fields(self).data);
  PyTypeObject* type = Py_TYPE(self);
  dict_dealloc(self);
  Py_DECREF(reinterpret_cast<PyObject*>(type));
}

// An INPUT of the input that got one last, but for its message. Made ahead.
PyObject* blank_event = nullptr;
PyObject* blank_id = nullptr;

/// Without a message yet.
PyObject* new_event(PyObject* id) {
  Ref self = steal(dict_new(event_type, no_arguments, nullptr));
  if (!self || PyDict_SetItem(self.ptr(), names.kind, names.dora) < 0 ||
      PyDict_SetItem(self.ptr(), names.type, names.event_types[DORA_EVENT_INPUT]) < 0 ||
      PyDict_SetItem(self.ptr(), names.id, id) < 0) {
    return nullptr;
  }
  return self.release().ptr();
}

}  // namespace

bool is_event(PyObject* object) {
  return Py_TYPE(object) == event_type;
}

bool make_whole(PyObject* self) {
  for (Pending what : {PendingValue, PendingMetadata}) {
    if ((fields(self).pending & what) != 0 && fill(self, what) == nullptr) return false;
  }
  return true;
}

void forget_late_entries(PyObject* self) {
  fields(self).pending = 0;
}

PyObject* copy_event(PyObject* self) {
  if (!make_whole(self)) return nullptr;
  Ref copy = steal(dict_new(event_type, no_arguments, nullptr));
  if (!copy || PyDict_Update(copy.ptr(), self) < 0) return nullptr;
  return copy.release().ptr();
}

PyObject* make_input_event(dora_event* event, PyObject* id) {
  const bool is_same = blank_event != nullptr && blank_id == id;
  PyObject* self = is_same ? std::exchange(blank_event, nullptr) : new_event(id);
  if (self == nullptr) {
    dora_event_release(event);
    return nullptr;
  }
  if (blank_id != id) {
    Py_INCREF(id);
    Py_XDECREF(std::exchange(blank_id, id));
    Py_CLEAR(blank_event);
  }
  fields(self).event = event;
  fields(self).pending = PendingValue | PendingMetadata;
  return self;
}

void prepare_event() {
  if (blank_event != nullptr || blank_id == nullptr) return;
  const Ref id = borrow(blank_id);
  PyObject* made = new_event(id.ptr());
  if (made == nullptr) {
    // Whoever needs it will say why.
    PyErr_Clear();
  } else if (blank_event == nullptr && blank_id == id.ptr()) {
    blank_event = made;
  } else {
    Py_DECREF(made);  // another thread was here meanwhile
  }
}

void watch_event(PyObject* event, PyObject** place) {
  fields(event).watched_at = place;
}

bool is_small_event(PyObject* event) {
  return is_event(event) && fields(event).event != nullptr &&
         dora_event_is_copy(fields(event).event);
}

PyObject* make_other_event(const dora_event* event) {
  dora_event_type type = dora_event_get_type(event);
  Ref result = steal(PyDict_New());
  if (!result || PyDict_SetItem(result.ptr(), names.kind, names.dora) < 0) return nullptr;
  bool is_known = type >= 0 && type <= DORA_EVENT_PARAM_DELETED;
  if (PyDict_SetItem(result.ptr(), names.type,
                     names.event_types[is_known ? type : DORA_EVENT_UNKNOWN]) < 0) {
    return nullptr;
  }
  auto set_text = [&](PyObject* key, const char* text, std::size_t length) {
    Ref string = steal(PyUnicode_DecodeUTF8(text, static_cast<Py_ssize_t>(length), "replace"));
    return string && PyDict_SetItem(result.ptr(), key, string.ptr()) == 0;
  };
  std::size_t length = 0;
  const char* id = dora_event_id(event, &length);
  if (length > 0 && !set_text(names.id, id, length)) return nullptr;

  const char* text = dora_event_text(event, &length);
  if (type == DORA_EVENT_ERROR) {
    if (!set_text(names.error, text, length)) return nullptr;
  } else if (length > 0) {
    PyObject* parse = parse_json.get();
    if (parse == nullptr) return nullptr;
    Ref json = steal(PyUnicode_DecodeUTF8(text, static_cast<Py_ssize_t>(length), "replace"));
    Ref value = steal(json ? PyObject_CallFunctionObjArgs(parse, json.ptr(), nullptr) : nullptr);
    if (!value || PyDict_SetItem(result.ptr(), names.value, value.ptr()) < 0) return nullptr;
  }
  return result.release().ptr();
}

PyObject* make_timeout_event(double seconds) {
  Ref number = steal(PyFloat_FromDouble(seconds));
  if (!number) return nullptr;
  Ref text = steal(PyUnicode_FromFormat("Timeout event stream error: Receiver timed out after %R s",
                                        number.ptr()));
  Ref result = steal(PyDict_New());
  if (!text || !result || PyDict_SetItem(result.ptr(), names.kind, names.dora) < 0 ||
      PyDict_SetItem(result.ptr(), names.type, names.event_types[DORA_EVENT_ERROR]) < 0 ||
      PyDict_SetItem(result.ptr(), names.error, text.ptr()) < 0 ||
      PyDict_SetItem(result.ptr(), names.timed_out, Py_True) < 0) {
    return nullptr;
  }
  return result.release().ptr();
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
                         {Py_tp_clear, slot(dict_clear)},
                         {Py_tp_dealloc, slot(event_dealloc)},
                         {Py_tp_methods, methods},
                         {Py_tp_doc, const_cast<char*>("An event of a dora dataflow: a dict whose "
                                                       "entries `value` and `metadata` are made "
                                                       "when they are first looked at.")},
                         {0, nullptr}};
  PyType_Spec spec = {"dora._dora.Event", static_cast<int>(dict_size + sizeof(Fields)), 0,
                      Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC, slots};
  Ref bases = steal(PyTuple_Pack(1, &PyDict_Type));
  if (!bases) return false;
  event_type = reinterpret_cast<PyTypeObject*>(PyType_FromSpecWithBases(&spec, bases.ptr()));
  return event_type != nullptr &&
         PyModule_AddObjectRef(module, "Event", reinterpret_cast<PyObject*>(event_type)) == 0;
}

}  // namespace dora::python

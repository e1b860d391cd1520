// SPDX-License-Identifier: Apache-2.0
#include "metadata.hpp"

#include <array>
#include <string_view>
#include <vector>

namespace dora::python {
namespace {

Lazy nanoseconds_of("dora._metadata", "nanoseconds_of");
Lazy convert_value("dora._metadata", "convert_value");

/// Handles that are free. Guarded by the GIL.
std::array<dora_metadata*, 8> spare;
std::size_t spare_count = 0;

bool text_of(PyObject* string, dora_text& text) {
  Py_ssize_t length = 0;
  text.data = PyUnicode_AsUTF8AndSize(string, &length);
  text.length = static_cast<std::size_t>(length);
  return text.data != nullptr;
}

bool is_ok(dora_status status) {
  if (status == DORA_OK) return true;
  raise_status(status);
  return false;
}

/// Keys that belong to the transport.
bool is_reserved(dora_text key) {
  std::string_view name(key.data, key.length);
  return name.starts_with("__dora_") || name == "_framing" || name == "_schema_hash" ||
         name == "_wire_size";
}

bool to_int64(PyObject* key, PyObject* value, std::int64_t& number) {
  int overflow = 0;
  number = PyLong_AsLongLongAndOverflow(value, &overflow);
  if (overflow != 0) {
    PyErr_Format(PyExc_OverflowError, "metadata '%U': %R does not fit into 64 bits", key, value);
    return false;
  }
  return number != -1 || PyErr_Occurred() == nullptr;
}

enum class Element { Integer, Float, String, Other };

Element element_of(PyObject* object) {
  if (PyBool_Check(object)) return Element::Other;
  if (PyLong_Check(object)) return Element::Integer;
  if (PyFloat_Check(object)) return Element::Float;
  if (PyUnicode_Check(object)) return Element::String;
  return Element::Other;
}

}  // namespace

OutgoingMetadata::~OutgoingMetadata() {
  if (metadata_ == nullptr) return;
  if (spare_count < spare.size()) {
    spare[spare_count++] = metadata_;
  } else {
    dora_metadata_free(metadata_);
  }
}

bool OutgoingMetadata::read(PyObject* dict) {
  if (dict == nullptr || dict == Py_None) return true;
  if (!PyDict_Check(dict)) {
    raise_type("metadata must be a dict of names and values, not %R",
               reinterpret_cast<PyObject*>(Py_TYPE(dict)));
    return false;
  }
  if (PyDict_Size(dict) == 0) return true;
  metadata_ = spare_count > 0 ? spare[--spare_count] : dora_metadata_create();
  if (metadata_ == nullptr) {
    PyErr_NoMemory();
    return false;
  }
  dora_metadata_clear(metadata_);
  return add_all(dict, false);
}

bool OutgoingMetadata::add_all(PyObject* dict, bool is_nested) {
  // Metadata of a received event that is passed on names that event's time and number; those of
  // the new message are its own.
  int is_passed_on = PyDict_Contains(dict, names.timestamp_ns);
  if (is_passed_on < 0) return false;
  PyObject* key;
  PyObject* value;
  Py_ssize_t position = 0;
  while (PyDict_Next(dict, &position, &key, &value) != 0) {
    if (!PyUnicode_Check(key)) {
      raise_type("metadata keys must be str, not %R", key);
      return false;
    }
    if (is_passed_on != 0 && (PyUnicode_Compare(key, names.timestamp_ns) == 0 ||
                              PyUnicode_Compare(key, names.sequence) == 0)) {
      continue;
    }
    if (!is_nested && PyDict_Check(value) && PyUnicode_Compare(key, names.parameters) == 0) {
      if (!add_all(value, true)) return false;
      continue;
    }
    // The conversion of a value may run Python code, which may change the dict.
    Ref key_kept = borrow(key);
    Ref value_kept = borrow(value);
    if (!add(key, value, false)) return false;
  }
  return true;
}

bool OutgoingMetadata::add(PyObject* key, PyObject* value, bool is_converted) {
  dora_text name;
  if (!text_of(key, name)) return false;
  if (is_reserved(name)) return true;
  if (PyUnicode_Check(value)) {
    dora_text text;
    return text_of(value, text) && is_ok(dora_metadata_set_string(metadata_, name, text));
  }
  if (PyBool_Check(value)) return is_ok(dora_metadata_set_bool(metadata_, name, value == Py_True));
  if (PyLong_Check(value)) {
    std::int64_t number = 0;
    return to_int64(key, value, number) &&
           is_ok(dora_metadata_set_integer(metadata_, name, number));
  }
  if (PyFloat_Check(value)) {
    return is_ok(dora_metadata_set_float(metadata_, name, PyFloat_AsDouble(value)));
  }
  if (PyList_Check(value) || PyTuple_Check(value)) return add_list(name, key, value, is_converted);
  PyObject* datetime = datetime_class.get();
  if (datetime == nullptr) return false;
  int is_datetime = PyObject_IsInstance(value, datetime);
  if (is_datetime < 0) return false;
  if (is_datetime != 0) return add_timestamp(name, value);
  return add_converted(key, value);
}

bool OutgoingMetadata::add_timestamp(dora_text key, PyObject* value) {
  PyObject* function = nanoseconds_of.get();
  if (function == nullptr) return false;
  Ref number = steal(PyObject_CallFunctionObjArgs(function, value, nullptr));
  if (!number) return false;
  int overflow = 0;
  const std::int64_t nanoseconds = PyLong_AsLongLongAndOverflow(number.ptr(), &overflow);
  if (overflow != 0) {
    PyErr_Format(PyExc_OverflowError,
                 "metadata '%s': %R is too far from 1970 for nanoseconds of 64 bits", key.data,
                 value);
    return false;
  }
  if (nanoseconds == -1 && PyErr_Occurred() != nullptr) return false;
  return is_ok(dora_metadata_set_timestamp(metadata_, key, nanoseconds));
}

bool OutgoingMetadata::add_list(dora_text key, PyObject* key_object, PyObject* list,
                                bool is_converted) {
  Ref items = steal(PySequence_Tuple(list));
  if (!items) return false;
  Py_ssize_t count = PyTuple_Size(items.ptr());
  if (count == 0) return is_ok(dora_metadata_set_strings(metadata_, key, nullptr, 0));
  Element kind = element_of(PyTuple_GetItem(items.ptr(), 0));
  auto size = static_cast<std::size_t>(count);
  std::vector<std::int64_t> integers;
  std::vector<double> floats;
  std::vector<dora_text> strings;
  for (Py_ssize_t i = 0; i < count; ++i) {
    PyObject* item = PyTuple_GetItem(items.ptr(), i);
    Element found = element_of(item);
    if (kind == Element::Float && found == Element::Integer) found = Element::Float;
    if (found == Element::Other && !is_converted) return add_converted(key_object, items.ptr());
    if (found != kind) {
      PyObject* first = PyTuple_GetItem(items.ptr(), 0);
      const Ref text = steal(
          PyUnicode_FromFormat("metadata '%U': the elements of a list must be of one type: the "
                               "first is %R, another is %R",
                               key_object, first, item));
      if (text) raise_type("%U", text.ptr());
      return false;
    }
    if (kind == Element::Integer) {
      if (!to_int64(key_object, item, integers.emplace_back())) return false;
    } else if (kind == Element::Float) {
      double number = PyFloat_AsDouble(item);
      if (number == -1.0 && PyErr_Occurred() != nullptr) return false;
      floats.push_back(number);
    } else if (!text_of(item, strings.emplace_back())) {
      return false;
    }
  }
  if (kind == Element::Integer) {
    return is_ok(dora_metadata_set_integers(metadata_, key, integers.data(), size));
  }
  if (kind == Element::Float) {
    return is_ok(dora_metadata_set_floats(metadata_, key, floats.data(), size));
  }
  return is_ok(dora_metadata_set_strings(metadata_, key, strings.data(), size));
}

/// numpy's scalars become Python's, what has no form on the wire becomes text.
bool OutgoingMetadata::add_converted(PyObject* key, PyObject* value) {
  PyObject* function = convert_value.get();
  if (function == nullptr) return false;
  Ref converted = steal(PyObject_CallFunctionObjArgs(function, key, value, nullptr));
  return converted && add(key, converted.ptr(), true);
}

}  // namespace dora::python

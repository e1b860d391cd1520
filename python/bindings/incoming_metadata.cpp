// SPDX-License-Identifier: Apache-2.0
// Metadata from the wire to Python: a fresh dict for each event.
#include <cstring>
#include <ctime>

#include "value.hpp"

namespace dora::python {
namespace {

Lazy utc_object("dora._metadata", "UTC");

/// A datetime in UTC with whole microseconds, from nanoseconds since the epoch.
PyObject* make_datetime(std::int64_t nanoseconds) {
  PyObject* datetime = datetime_class.get();
  PyObject* utc = utc_object.get();
  if (datetime == nullptr || utc == nullptr) return nullptr;
  constexpr std::int64_t billion = 1'000'000'000;
  std::int64_t seconds = nanoseconds / billion;
  std::int64_t rest = nanoseconds % billion;
  if (rest < 0) {
    rest += billion;
    --seconds;
  }
  std::time_t time = seconds;
  std::tm parts{};
  ::gmtime_r(&time, &parts);
  // The form in which a datetime is pickled: its constructor takes it without parsing arguments.
  int year = parts.tm_year + 1900;
  auto microseconds = static_cast<int>(rest / 1000);
  const unsigned char state[10] = {
      static_cast<unsigned char>(year >> 8),         static_cast<unsigned char>(year),
      static_cast<unsigned char>(parts.tm_mon + 1),  static_cast<unsigned char>(parts.tm_mday),
      static_cast<unsigned char>(parts.tm_hour),     static_cast<unsigned char>(parts.tm_min),
      static_cast<unsigned char>(parts.tm_sec),      static_cast<unsigned char>(microseconds >> 16),
      static_cast<unsigned char>(microseconds >> 8), static_cast<unsigned char>(microseconds)};
  Ref bytes = steal(PyBytes_FromStringAndSize(reinterpret_cast<const char*>(state), sizeof(state)));
  if (!bytes) return nullptr;
  return PyObject_CallFunctionObjArgs(datetime, bytes.ptr(), utc, nullptr);
}

PyObject* make_text(dora_text text) {
  return PyUnicode_DecodeUTF8(text.data, static_cast<Py_ssize_t>(text.length), "replace");
}

template <typename Make>
PyObject* make_list(const dora_value& value, Make&& make) {
  Ref list = steal(PyList_New(static_cast<Py_ssize_t>(value.count)));
  if (!list) return nullptr;
  for (std::size_t i = 0; i < value.count; ++i) {
    PyObject* item = make(i);
    if (item == nullptr) return nullptr;
    PyList_SetItem(list.ptr(), static_cast<Py_ssize_t>(i), item);
  }
  return list.release().ptr();
}

/// An element of a list, which may lie unaligned.
template <typename Number>
Number element(const Number* list, std::size_t index) {
  Number number;
  std::memcpy(&number, reinterpret_cast<const char*>(list) + index * sizeof(Number),
              sizeof(Number));
  return number;
}

PyObject* make_parameter(const dora_value& value) {
  switch (value.kind) {
    case DORA_VALUE_BOOL:
      return PyBool_FromLong(value.boolean);
    case DORA_VALUE_INTEGER:
      return PyLong_FromLongLong(value.integer);
    case DORA_VALUE_FLOAT:
      return PyFloat_FromDouble(value.number);
    case DORA_VALUE_STRING:
      return make_text(value.text);
    case DORA_VALUE_LIST_INTEGER:
      return make_list(
          value, [&](std::size_t i) { return PyLong_FromLongLong(element(value.integers, i)); });
    case DORA_VALUE_LIST_FLOAT:
      return make_list(
          value, [&](std::size_t i) { return PyFloat_FromDouble(element(value.numbers, i)); });
    case DORA_VALUE_LIST_STRING:
      return make_list(value,
                       [&](std::size_t i) { return make_text(dora_value_string(&value, i)); });
    case DORA_VALUE_TIMESTAMP:
      return make_datetime(value.integer);
  }
  Py_INCREF(Py_None);
  return Py_None;
}

bool set(PyObject* dict, PyObject* key, PyObject* stolen_value) {
  Ref value = steal(stolen_value);
  return value && PyDict_SetItem(dict, key, value.ptr()) == 0;
}

}  // namespace

PyObject* make_metadata(dora_event* event) {
  Ref dict = steal(PyDict_New());
  if (!dict) return nullptr;
  std::int64_t timestamp = dora_event_timestamp_ns(event);
  if (!set(dict.ptr(), names.timestamp, make_datetime(timestamp)) ||
      !set(dict.ptr(), names.timestamp_ns, PyLong_FromLongLong(timestamp)) ||
      !set(dict.ptr(), names.sequence, PyLong_FromUnsignedLongLong(dora_event_sequence(event)))) {
    return nullptr;
  }
  std::size_t count = dora_event_metadata_count(event);
  for (std::size_t i = 0; i < count; ++i) {
    dora_text key;
    dora_value value;
    if (!dora_event_metadata_at(event, i, &key, &value)) continue;
    Ref name = steal(make_text(key));
    if (!name || !set(dict.ptr(), name.ptr(), make_parameter(value))) return nullptr;
  }
  return dict.release().ptr();
}

}  // namespace dora::python

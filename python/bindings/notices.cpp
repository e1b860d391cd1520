// SPDX-License-Identifier: Apache-2.0
// Events that are no messages: plain dicts.
#include <dora/host.h>

#include "event.hpp"

namespace dora::python {
namespace {

Lazy parse_json("json", "loads");

}  // namespace

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

}  // namespace dora::python

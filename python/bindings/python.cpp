// SPDX-License-Identifier: Apache-2.0
#include "python.hpp"

#include <cstring>

#include <cxxabi.h>
#include <unistd.h>

namespace dora::python {

Names names;

bool Names::make() {
  auto intern = [](PyObject*& name, const char* text) {
    name = PyUnicode_InternFromString(text);
    return name != nullptr;
  };
  static const char* const types[] = {"STOP",    "INPUT",           "INPUT_CLOSED",   "ERROR",
                                      "UNKNOWN", "INPUT_RECOVERED", "NODE_RESTARTED", "NODE_FAILED",
                                      "RELOAD",  "PARAM_UPDATE",    "PARAM_DELETED"};
  for (int i = 0; i < 11; ++i) {
    if (!intern(event_types[i], types[i])) return false;
  }
  return intern(kind, "kind") && intern(dora, "dora") && intern(type, "type") && intern(id, "id") &&
         intern(value, "value") && intern(data, "data") && intern(metadata, "metadata") &&
         intern(meatadata, "meatadata") && intern(error, "error") &&
         intern(timed_out, "timed_out") && intern(timestamp, "timestamp") &&
         intern(timestamp_ns, "timestamp_ns") && intern(sequence, "sequence") &&
         intern(parameters, "parameters") && intern(import_from_c, "_import_from_c") &&
         intern(export_to_c, "_export_to_c") && intern(arrow_c_array, "__arrow_c_array__") &&
         intern(local, "_local");
}

PyObject* Lazy::load() {
  Ref module = steal(PyImport_ImportModule(module_));
  if (!module) return nullptr;
  PyObject* found = PyObject_GetAttrString(module.ptr(), attribute_);
  // Another thread may have been here while the import let it run.
  if (object_ == nullptr) {
    object_ = found;
  } else {
    Py_XDECREF(found);
  }
  return object_;
}

namespace {

Lazy invalid_input("dora._errors", "InvalidInput");
Lazy not_found("dora._errors", "NotFound");
Lazy disconnected("dora._errors", "Disconnected");
Lazy timed_out("dora._errors", "TimedOut");
Lazy busy("dora._errors", "Busy");
Lazy unsupported("dora._errors", "Unsupported");
Lazy failed("dora._errors", "DoraError");
Lazy invalid_type("dora._errors", "InvalidType");

Lazy& exception_of(dora_status status) {
  switch (status) {
    case DORA_INVALID_INPUT:
      return invalid_input;
    case DORA_NOT_FOUND:
      return not_found;
    case DORA_DISCONNECTED:
      return disconnected;
    case DORA_TIMED_OUT:
      return timed_out;
    case DORA_BUSY:
      return busy;
    case DORA_UNSUPPORTED:
      return unsupported;
    default:
      return failed;
  }
}

}  // namespace

PyObject* raise(dora_status kind, const char* message) {
  // Importing the exceptions may run code that calls dora, which would replace the message.
  Ref text = steal(
      PyUnicode_DecodeUTF8(message, static_cast<Py_ssize_t>(std::strlen(message)), "replace"));
  PyObject* exception = exception_of(kind).get();
  if (text && exception != nullptr) PyErr_SetObject(exception, text.ptr());
  return nullptr;
}

PyObject* raise_status(dora_status status) {
  const char* message = dora_error_message();
  return raise(status, message[0] != '\0' ? message : "the call failed");
}

PyObject* raise_type(const char* format, PyObject* about) {
  PyObject* exception = invalid_type.get();
  if (exception != nullptr) PyErr_Format(exception, format, about);
  return nullptr;
}

bool parse_arguments(const Parameters& parameters, PyObject* const* arguments, Py_ssize_t count,
                     PyObject* keywords, PyObject** values) {
  if (count > parameters.count) {
    PyErr_Format(PyExc_TypeError, "%s() takes at most %d arguments (%zd given)",
                 parameters.function, parameters.count, count);
    return false;
  }
  for (Py_ssize_t i = 0; i < count; ++i)
    values[i] = arguments[i];
  Py_ssize_t keyword_count = keywords == nullptr ? 0 : PyTuple_Size(keywords);
  for (Py_ssize_t k = 0; k < keyword_count; ++k) {
    PyObject* keyword = PyTuple_GetItem(keywords, k);
    int position = 0;
    while (position < parameters.count &&
           PyUnicode_CompareWithASCIIString(keyword, parameters.names[position]) != 0) {
      ++position;
    }
    if (position == parameters.count) {
      PyErr_Format(PyExc_TypeError, "%s() got an unexpected keyword argument '%U'",
                   parameters.function, keyword);
      return false;
    }
    if (values[position] != nullptr) {
      PyErr_Format(PyExc_TypeError, "%s() got multiple values for argument '%U'",
                   parameters.function, keyword);
      return false;
    }
    values[position] = arguments[count + k];
  }
  for (int i = 0; i < parameters.required; ++i) {
    if (values[i] == nullptr) {
      PyErr_Format(PyExc_TypeError, "%s() is missing its argument '%s'", parameters.function,
                   parameters.names[i]);
      return false;
    }
  }
  return true;
}

bool is_main_thread() {
  return ::getpid() == ::gettid();
}

void restore_thread(PyThreadState* state) {
  try {
    PyEval_RestoreThread(state);
  } catch (const abi::__forced_unwind&) {
    for (;;)
      ::pause();
  }
}

void free_instance(PyObject* self) {
  PyTypeObject* type = Py_TYPE(self);
  auto release = reinterpret_cast<freefunc>(PyType_GetSlot(type, Py_tp_free));
  release(self);
  Py_DECREF(reinterpret_cast<PyObject*>(type));
}

}  // namespace dora::python

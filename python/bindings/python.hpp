#pragma once
// SPDX-License-Identifier: Apache-2.0
// What every file of the extension shares: nanobind's owning references, names that are made once,
// functions of the Python part that are looked up once, and the one place that raises.
//
// The hot paths are plain functions of Python's stable C API; nanobind loads the module, owns
// references and turns exceptions into Python's at the edges.

#include <cstdint>

#include <dora/node.h>
#include <nanobind/nanobind.h>

namespace dora::python {

namespace nb = nanobind;

/// Owns one reference; nullptr is allowed.
using Ref = nb::object;
inline Ref steal(PyObject* object) {
  return nb::steal<nb::object>(object);
}
inline Ref borrow(PyObject* object) {
  return nb::borrow<nb::object>(object);
}

/// Strings that are made once, at import. All interned, so that most comparisons are of pointers.
struct Names {
  PyObject *kind, *dora, *type, *id, *value, *data, *metadata, *meatadata, *error, *timed_out;
  PyObject *timestamp, *timestamp_ns, *sequence, *parameters;
  PyObject *import_from_c, *export_to_c, *arrow_c_array, *local;
  PyObject* event_types[11];  // by dora_event_type
  bool make();
};
extern Names names;

/// An attribute of a module that is imported on first need, and kept for the life of the process.
class Lazy {
 public:
  constexpr Lazy(const char* module, const char* attribute)
      : module_(module), attribute_(attribute) {}
  /// Borrowed; nullptr with a Python error when the import fails.
  PyObject* get() { return object_ != nullptr ? object_ : load(); }

 private:
  PyObject* load();
  const char* module_;
  const char* attribute_;
  PyObject* object_ = nullptr;
};

/// What turns a value into bytes.
inline Lazy bytes_of("dora._values", "bytes_of");
/// The class datetime.datetime.
inline Lazy datetime_class("datetime", "datetime");

/// Raises the exception that belongs to a failed call of the C API, with its message.
PyObject* raise_status(dora_status status);
PyObject* raise(dora_status kind, const char* message);
/// Raises dora's own kind of TypeError.
PyObject* raise_type(const char* format, PyObject* about);

/// Reads `arguments` of a METH_FASTCALL | METH_KEYWORDS call into `values`, which begins as
/// nullptrs.
struct Parameters {
  const char* function;
  const char* const* names;
  int count;
  int required;
};
bool parse_arguments(const Parameters& parameters, PyObject* const* arguments, Py_ssize_t count,
                     PyObject* keywords, PyObject** values);

/// Whether the calling thread is the one that runs Python's signal handlers.
bool is_main_thread();

/// A METH_FASTCALL | METH_KEYWORDS function, as PyMethodDef stores it.
using FastFunction = PyObject* (*)(PyObject*, PyObject* const*, Py_ssize_t, PyObject*);
inline PyCFunction as_method(FastFunction function) {
  return reinterpret_cast<PyCFunction>(reinterpret_cast<void (*)()>(function));
}
constexpr int fast = METH_FASTCALL | METH_KEYWORDS;

/// Frees an instance of a heap type, after its C++ parts are gone.
void free_instance(PyObject* self);

/// Takes the GIL again. When the interpreter has ended meanwhile, Python before 3.14 ends the
/// thread in there; its unwinding would run our destructors without the GIL. So it stays here for
/// ever, as threads of later versions do.
void restore_thread(PyThreadState* state);

/// Runs with other Python threads allowed.
template <typename Function>
auto without_gil(Function&& function) {
  PyThreadState* state = PyEval_SaveThread();
  auto result = function();
  restore_thread(state);
  return result;
}

}  // namespace dora::python

// SPDX-License-Identifier: Apache-2.0
// The extension module dora._dora: the parts of the Python package that must be fast.
#include <stdexcept>

#include "event.hpp"
#include "node.hpp"
#include "numpy_arrays.hpp"

namespace dora::python {
namespace {

/// For _async.py: the event that says that nothing came in time.
PyObject* timeout_event(PyObject*, PyObject* seconds) {
  double number = PyFloat_AsDouble(seconds);
  if (number == -1.0 && PyErr_Occurred() != nullptr) return nullptr;
  return make_timeout_event(number);
}

PyMethodDef functions[] = {{"timeout_event", timeout_event, METH_O,
                            "timeout_event($module, seconds, /)\n--\n\n"
                            "The event that says that nothing came in time."},
                           {nullptr, nullptr, 0, nullptr}};

bool fill(PyObject* module) {
  return names.make() && make_payload_type() && add_event_type(module) &&
         add_sample_types(module) && add_node_type(module) && add_runtime_types(module) &&
         PyModule_AddFunctions(module, functions) == 0 &&
         PyModule_AddStringConstant(module, "version", dora_version()) == 0;
}

}  // namespace
}  // namespace dora::python

NB_MODULE(_dora, module) {
  // The types and names of this module exist once in a process. nanobind makes an ImportError of
  // it.
  if (PyInterpreterState_GetID(PyInterpreterState_Get()) != 0) {
    throw std::runtime_error(
        "dora does not support loading in subinterpreters; import it in the main one");
  }
  if (!dora::python::fill(module.ptr())) throw nanobind::python_error();
}

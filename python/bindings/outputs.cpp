// SPDX-License-Identifier: Apache-2.0
#include "outputs.hpp"

#include <algorithm>

namespace dora::python {
namespace {

Lazy warn_unknown_output("dora._log_lines", "warn_unknown_output");

/// Programs that make their ids anew each time must not fill the memory.
constexpr std::size_t most_known = 64;

}  // namespace

bool SendArguments::read(PyObject* const* arguments, Py_ssize_t count, PyObject* keywords) {
  static const char* const parameter_names[] = {"output_id", "data", "metadata"};
  PyObject* values[3] = {};
  if (keywords == nullptr && (count == 2 || count == 3)) {
    std::copy_n(arguments, count, values);
  } else if (!parse_arguments({"send_output", parameter_names, 3, 2}, arguments, count, keywords,
                              values)) {
    return false;
  }
  output_id = values[0];
  data = values[1];
  metadata = values[2];
  return true;
}

PyObject* warn_of_unknown_output(PyObject* node, PyObject* id) {
  PyObject* warn = warn_unknown_output.get();
  if (warn == nullptr) return nullptr;
  return PyObject_CallFunction(warn, "OOs", node, id, dora_error_message());
}

OutputNumbers::~OutputNumbers() {
  for (const Known& known : known_)
    Py_DECREF(known.id);
}

const char* OutputNumbers::text_of(PyObject* id, Py_ssize_t& length) {
  if (PyUnicode_Check(id) != 0) return PyUnicode_AsUTF8AndSize(id, &length);
  raise_type("an output id must be a str, not %R", id);
  return nullptr;
}

void OutputNumbers::keep(PyObject* id, std::uint32_t number) {
  if (known_.size() >= most_known) return;
  Py_INCREF(id);
  known_.push_back({id, number});
}

}  // namespace dora::python

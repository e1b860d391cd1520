#pragma once
// SPDX-License-Identifier: Apache-2.0
// What all that send have in common: the arguments of send_output, and outputs by their ids.

#include <vector>

#include "python.hpp"

namespace dora::python {

/// What a call of send_output was given; borrowed.
struct SendArguments {
  PyObject* output_id = nullptr;
  PyObject* data = nullptr;
  PyObject* metadata = nullptr;  ///< nullptr: not given

  /// False with a Python error. For METH_FASTCALL | METH_KEYWORDS.
  bool read(PyObject* const* arguments, Py_ssize_t count, PyObject* keywords);
};

/// Warns, once per output of `node`, that the dataflow does not declare it: the last call of the C
/// API has said why. None, or nullptr with a Python error.
PyObject* warn_of_unknown_output(PyObject* node, PyObject* id);

/// The numbers of those outputs that were sent on. With the GIL.
class OutputNumbers {
 public:
  OutputNumbers() = default;
  ~OutputNumbers();
  OutputNumbers(const OutputNumbers&) = delete;
  OutputNumbers& operator=(const OutputNumbers&) = delete;

  /// 1: found; 0: the dataflow does not declare it; -1: a Python error. `look_up(text, length,
  /// &number)` asks the C API.
  template <typename LookUp>
  int find(PyObject* id, std::uint32_t& number, LookUp&& look_up) {
    // Programs mostly say one and the same object.
    for (const Known& known : known_) {
      if (known.id == id) {
        number = known.number;
        return 1;
      }
    }
    Py_ssize_t length = 0;
    const char* text = text_of(id, length);
    if (text == nullptr) return -1;
    const dora_status status = look_up(text, static_cast<std::size_t>(length), &number);
    if (status == DORA_NOT_FOUND) return 0;
    if (status != DORA_OK) {
      raise_status(status);
      return -1;
    }
    keep(id, number);
    return 1;
  }

 private:
  struct Known {
    PyObject* id;  // owned, so that its address stays its own
    std::uint32_t number;
  };
  static const char* text_of(PyObject* id, Py_ssize_t& length);
  void keep(PyObject* id, std::uint32_t number);
  std::vector<Known> known_;
};

}  // namespace dora::python

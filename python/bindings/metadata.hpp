#pragma once
// SPDX-License-Identifier: Apache-2.0
// Metadata from Python to the wire. (The way back is make_metadata in value.hpp.)

#include "python.hpp"

namespace dora::python {

/// Metadata of one send, written into a dora_metadata that is reused. Belongs to one call.
class OutgoingMetadata {
 public:
  OutgoingMetadata() = default;
  ~OutgoingMetadata();
  OutgoingMetadata(const OutgoingMetadata&) = delete;
  OutgoingMetadata& operator=(const OutgoingMetadata&) = delete;

  /// Reads a dict, or None or nullptr for nothing. False with a Python error.
  bool read(PyObject* dict);
  /// NULL when there is nothing to send.
  const dora_metadata* get() const { return metadata_; }

 private:
  bool add_all(PyObject* dict, bool is_nested);
  bool add(PyObject* key, PyObject* value, bool is_converted);
  bool add_list(dora_text key, PyObject* key_object, PyObject* list, bool is_converted);
  bool add_timestamp(dora_text key, PyObject* value);
  bool add_converted(PyObject* key, PyObject* value);

  dora_metadata* metadata_ = nullptr;
};

}  // namespace dora::python

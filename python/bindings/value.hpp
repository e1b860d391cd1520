#pragma once
// SPDX-License-Identifier: Apache-2.0
// What an event holds besides its names: the payload as numpy or Arrow array, or as bytes, and the
// metadata as a dict.

#include "python.hpp"

namespace dora::python {

/// event["value"]: a dora.NDArray when the payload was sent as one, else a pyarrow.Array.
PyObject* make_value(dora_event* event);
/// event["data"]: the payload as bytes.
PyObject* make_data(dora_event* event);
/// event["metadata"].
PyObject* make_metadata(dora_event* event);

}  // namespace dora::python

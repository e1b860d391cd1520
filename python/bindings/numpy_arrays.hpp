#pragma once
// SPDX-License-Identifier: Apache-2.0
// Makes numpy arrays over memory of ours, through the two functions of numpy's C API that this
// takes (their places in its table are part of numpy's ABI), so that building needs no numpy.

#include "python.hpp"

namespace dora::python {

/// A read-only dora.NDArray over the payload of `event`, without copying (bool: one copy, as numpy
/// has no bit-packed arrays). The array keeps the event alive.
PyObject* make_ndarray(dora_event* event, const dora_tensor& tensor);

/// Makes the type of the objects that keep an event's memory alive.
bool make_payload_type();

}  // namespace dora::python

#pragma once
// SPDX-License-Identifier: Apache-2.0
// Events as Python sees them: dicts. An INPUT is a subclass of dict whose `value` and `metadata`
// are made when somebody looks for them, as making them costs more than all the rest; see
// event.cpp.

#include <cstddef>

#include "python.hpp"

namespace dora::python {

/// Makes the type Event and adds it to the module.
bool add_event_type(PyObject* module);

/// What all events of an input begin with: kind, type and id.
PyObject* make_input_head(PyObject* id);
/// An INPUT. Takes over the caller's reference to `event`. `head` is borrowed.
PyObject* make_input_event(dora_event* event, PyObject* head);
/// Makes *place nullptr when the event dies. One place for each; nullptr: no more.
void watch_event(PyObject* event, PyObject** place);
/// To keep such a one a little longer than needed, or to copy it once more, costs next to nothing.
inline constexpr std::size_t small_message = 8192;
/// Whether an event is an INPUT of at most so many bytes that came from another process.
bool is_small_event(PyObject* event);
/// Any other event: a plain dict. Borrows `event`.
PyObject* make_other_event(const dora_event* event);
/// The ERROR event that says that nothing came within the time-out.
PyObject* make_timeout_event(double seconds);

}  // namespace dora::python

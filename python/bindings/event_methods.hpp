#pragma once
// SPDX-License-Identifier: Apache-2.0
// The part of Event that looks at the whole dict: makes every entry, then lets dict answer.

#include <cstddef>

#include "python.hpp"

namespace dora::python {

// Of event.cpp.
bool is_event(PyObject* object);
/// Makes the entries that are made late. False with a Python error.
bool make_whole(PyObject* self);
void forget_late_entries(PyObject* self);
PyObject* copy_event(PyObject* self);

/// Looks up what dict does itself. Before anything below.
bool find_dict_methods();
/// Fills `all` with `own` and the methods of this file, and the end mark.
void append_methods(const PyMethodDef* own, std::size_t own_count, PyMethodDef* all,
                    std::size_t capacity);

PyObject* event_iterate(PyObject* self);
PyObject* event_represent(PyObject* self);
PyObject* event_compare(PyObject* self, PyObject* other, int operation);
PyObject* event_or(PyObject* left, PyObject* right);
PyObject* event_inplace_or(PyObject* self, PyObject* other);

}  // namespace dora::python

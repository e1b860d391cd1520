#pragma once
// SPDX-License-Identifier: Apache-2.0
// What the next message will most likely need, made while the node has nothing to do.
//
// A message that comes after a pause finds every cache cold, and then to make an array costs ten
// times what it does in a loop, most of all a pyarrow one. So before a node goes to sleep it makes
// the array for one more message like the last: a small one, so that its copy costs next to
// nothing, of the same type and shape. One that comes out otherwise is made as ever. All under the
// GIL.

#include "python.hpp"

namespace dora::python {

/// The array that was prepared for a payload like this one, with its content; a new reference.
/// nullptr, without a Python error, when there is none.
PyObject* take_prepared_value(const dora_event* event, const dora_tensor& tensor);
/// A value was made of this payload; `type` is its pyarrow.DataType or numpy.dtype.
void note_made_value(const dora_event* event, const dora_tensor& tensor, PyObject* type);
/// Makes the value for one more message like the last two.
void prepare_value();

/// The events that a node gave last. A loop lets one go when the next one has come: just when that
/// one is urgent. So a small one that is still in use when the node goes to sleep is kept until it
/// sleeps again.
class RecentEvents {
 public:
  RecentEvents() = default;
  RecentEvents(const RecentEvents&) = delete;
  RecentEvents& operator=(const RecentEvents&) = delete;
  ~RecentEvents() { clear(); }

  /// `event` is given to the user now.
  void note(PyObject* event);
  /// The node is about to sleep. Prepares for one more message like the last, too.
  void before_sleep();
  void clear();

 private:
  PyObject* last_ = nullptr;  ///< not owned; nullptr as soon as it dies
  PyObject* kept_ = nullptr;
};

/// A pyarrow array of `type` over `length` items in `size` bytes, still to be written at `*data`.
PyObject* make_blank_arrow(PyObject* type, std::int64_t length, std::size_t size, void** data);
/// The same as dora.NDArray; `shape` has `rank` numbers.
PyObject* make_blank_ndarray(PyObject* dtype, int rank, const std::int64_t* shape, std::size_t size,
                             void** data);

}  // namespace dora::python

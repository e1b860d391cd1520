#pragma once
// SPDX-License-Identifier: Apache-2.0
// The type NodeBase: what of dora.Node must be fast, or touches the C API. python/dora/_node.py
// builds the rest on it.

#include <deque>
#include <vector>

#include "outputs.hpp"
#include "prepared.hpp"
#include "python.hpp"
#include "signal_watch.hpp"

namespace dora::python {

/// What the events of an input begin with (make_input_head), by input index; nullptr where not seen
/// yet.
using InputHeads = std::vector<PyObject*>;

/// What belongs to a node. All of it guarded by the GIL.
struct NodeState {
  /// NULL before it is opened, after it is closed, and in nodes without a daemon (`_local`).
  dora_node* handle = nullptr;
  /// Calls that are inside the C API without the GIL; the handle lives until they are out.
  int users = 0;
  bool is_closing = false;
  bool has_ended = false;
  /// A send may wait for a consumer, so it must not hold the GIL.
  bool may_block = false;
  /// Which process opened it: a fork has no part in it.
  unsigned process_generation = 0;
  std::deque<PyObject*> put_back;  // events that were taken, and come first again
  struct External {
    PyObject* event;
    PyObject* taken;  // called when the event is
  };
  std::deque<External> external;  // that came from elsewhere: see _external.py
  bool external_was_last = false;
  InputHeads input_heads;
  RecentEvents recent;
  OutputNumbers outputs;
};

struct NodeObject {
  PyObject_HEAD NodeState* state;
};

inline NodeState& state_of(PyObject* self) {
  return *reinterpret_cast<NodeObject*>(self)->state;
}

/// Uses the node's handle over a stretch without the GIL.
class NodeUse {
 public:
  explicit NodeUse(NodeState& state) : state_(state) { ++state_.users; }
  ~NodeUse();
  NodeUse(const NodeUse&) = delete;
  NodeUse& operator=(const NodeUse&) = delete;

 private:
  NodeState& state_;
};

/// False with a Python error when the node cannot send any more, or belongs to another process.
bool check_is_open(const NodeState& state);
/// Whether this process opened the node; else a Python error.
bool check_process(const NodeState& state);

/// The object that serves a node without a daemon; nullptr without an error when it has a daemon.
Ref local_of(PyObject* self);

/// Calls `send`, which may wait for a consumer, until it is done; signal handlers run meanwhile.
/// None, or nullptr with a Python error.
template <typename Function>
PyObject* send_patiently(NodeState& state, Function&& send) {
  NodeUse use(state);
  Wait wait(state.handle);
  while (true) {
    wait.begin_round();
    const std::uint32_t nudges = dora_node_nudges(state.handle);
    if (PyErr_CheckSignals() < 0 || !check_is_open(state)) return nullptr;
    const dora_status status = wait.run_round(nudges, [&] { return send(state.handle); });
    if (status == DORA_OK) Py_RETURN_NONE;
    if (status != DORA_INTERRUPTED) return raise_status(status);
  }
}

bool add_node_type(PyObject* module);
bool add_runtime_types(PyObject* module);
bool add_sample_types(PyObject* module);

// Receiving: receive.cpp.
/// Any event as Python sees it. Takes over the reference to `event`.
PyObject* make_event(InputHeads& heads, dora_event* event);
PyObject* node_next(PyObject* self, PyObject* const* arguments, Py_ssize_t count,
                    PyObject* keywords);
PyObject* node_iterate_next(PyObject* self);
PyObject* node_try_recv(PyObject* self, PyObject*);
PyObject* node_drain(PyObject* self, PyObject*);
PyObject* node_is_empty(PyObject* self, PyObject*);
PyObject* node_poll(PyObject* self, PyObject*);
PyObject* node_arm(PyObject* self, PyObject*);
PyObject* node_fd(PyObject* self, PyObject*);

// Sending: send.cpp, sample.cpp.
PyObject* node_send_output(PyObject* self, PyObject* const* arguments, Py_ssize_t count,
                           PyObject* keywords);
PyObject* node_send_output_raw(PyObject* self, PyObject* const* arguments, Py_ssize_t count,
                               PyObject* keywords);
/// Sends on an output that is known; `metadata` may be NULL. None, or nullptr with a Python error.
PyObject* send_data(PyObject* self, std::uint32_t output, const dora_metadata* metadata,
                    PyObject* data);

// The extension table: extension.cpp.
PyObject* node_extension_store(PyObject* self, PyObject* const* arguments, Py_ssize_t count,
                               PyObject* keywords);
PyObject* node_extension_load(PyObject* self, PyObject* const* arguments, Py_ssize_t count,
                              PyObject* keywords);
PyObject* node_extension_drop(PyObject* self, PyObject* const* arguments, Py_ssize_t count,
                              PyObject* keywords);
PyObject* node_drain_dropped_extension_keys(PyObject* self, PyObject* const* arguments,
                                            Py_ssize_t count, PyObject* keywords);

/// The number of an output. 1: found; 0: the dataflow does not declare it; -1: a Python error.
int find_output(PyObject* self, PyObject* id, std::uint32_t& number);

}  // namespace dora::python

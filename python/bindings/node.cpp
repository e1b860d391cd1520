// SPDX-License-Identifier: Apache-2.0
#include "node.hpp"

#include <cstring>
#include <iterator>
#include <string>

#include <dora/host.h>
#include <pthread.h>

namespace dora::python {
namespace {

/// Counts the forks between the process that loaded this and the one that runs it.
unsigned process_generation = 0;

PyObject* node_new(PyTypeObject* type, PyObject*, PyObject*) {
  PyObject* self = PyType_GenericAlloc(type, 0);
  if (self != nullptr) reinterpret_cast<NodeObject*>(self)->state = new NodeState;
  return self;
}

void close_handle(NodeState& state) {
  dora_node* handle = state.handle;
  state.handle = nullptr;
  if (handle == nullptr || state.process_generation != process_generation) return;
  without_gil([&] {
    dora_node_close(handle);
    return 0;
  });
}

void node_dealloc(PyObject* self) {
  NodeState* state = reinterpret_cast<NodeObject*>(self)->state;
  close_handle(*state);
  for (PyObject* event : state->put_back)
    Py_DECREF(event);
  for (const auto& [event, taken] : state->external) {
    Py_DECREF(event);
    Py_DECREF(taken);
  }
  for (PyObject* head : state->input_heads)
    Py_XDECREF(head);
  delete state;
  free_instance(self);
}

/// Waits for the rest of the dataflow. False with a Python error.
bool join(dora_node* node) {
  Wait wait(node);
  while (true) {
    wait.begin_round();
    const std::uint32_t nudges = dora_node_nudges(node);
    if (PyErr_CheckSignals() < 0) return false;
    const dora_status status = wait.run_round(nudges, [&] { return dora_node_join(node); });
    if (status == DORA_OK) return true;
    if (status == DORA_INTERRUPTED) continue;
    raise_status(status);
    return false;
  }
}

/// Joins the dataflow that started this process, or (given an id) attaches to one that runs.
PyObject* node_open(PyObject* self, PyObject* id) {
  NodeState& state = state_of(self);
  if (state.handle != nullptr) return raise(DORA_INVALID_INPUT, "this node is open already");
  const char* text = nullptr;
  Py_ssize_t length = 0;
  if (id != Py_None) {
    text = PyUnicode_AsUTF8AndSize(id, &length);
    if (text == nullptr) return nullptr;
  }
  dora_node* handle = nullptr;
  const dora_status created = without_gil(
      [&] { return dora_node_create(&handle, text, static_cast<std::size_t>(length)); });
  if (created != DORA_OK) return raise_status(created);
  if (!join(handle)) {
    dora_node_close(handle);
    return nullptr;
  }
  state.handle = handle;
  state.process_generation = process_generation;
  state.may_block = std::strstr(dora_node_dataflow_json(handle), "backpressure") != nullptr;
  Py_RETURN_NONE;
}

PyObject* node_close(PyObject* self, PyObject*) {
  NodeState& state = state_of(self);
  state.is_closing = true;
  state.recent.clear();
  if (state.users == 0) {
    close_handle(state);
  } else if (state.process_generation == process_generation) {
    dora_node_nudge(state.handle);  // who waits is to look at is_closing
  }
  Py_RETURN_NONE;
}

/// What the daemon told about the node: (node id, dataflow id, restart count, config, dataflow).
PyObject* node_facts(PyObject* self, PyObject*) {
  NodeState& state = state_of(self);
  if (state.handle == nullptr) Py_RETURN_NONE;
  return Py_BuildValue("(ssIss)", dora_node_id(state.handle), dora_node_dataflow_id(state.handle),
                       static_cast<unsigned>(dora_node_restart_count(state.handle)),
                       dora_node_config_json(state.handle), dora_node_dataflow_json(state.handle));
}

PyObject* node_close_outputs(PyObject* self, PyObject* ids) {
  if (!check_is_open(state_of(self))) return nullptr;
  Ref iterator = steal(PyObject_GetIter(ids));
  if (!iterator) return nullptr;
  std::vector<std::uint32_t> outputs;
  while (Ref id = steal(PyIter_Next(iterator.ptr()))) {
    std::uint32_t index = 0;
    int found = find_output(self, id.ptr(), index);
    if (found == 0) return raise_status(DORA_NOT_FOUND);
    if (found < 0) return nullptr;
    outputs.push_back(index);
  }
  if (PyErr_Occurred() != nullptr) return nullptr;
  dora_status status =
      dora_node_close_outputs(state_of(self).handle, outputs.data(), outputs.size());
  if (status != DORA_OK) return raise_status(status);
  Py_RETURN_NONE;
}

/// Puts events back, oldest first, so that they are taken again before all others.
PyObject* node_put_back(PyObject* self, PyObject* events) {
  if (Ref local = local_of(self)) {
    return PyObject_CallMethod(local.ptr(), "put_back", "O", events);
  }
  Ref all = steal(PySequence_Tuple(events));
  if (!all) return nullptr;
  for (Py_ssize_t i = PyTuple_Size(all.ptr()) - 1; i >= 0; --i) {
    state_of(self).put_back.push_front(borrow(PyTuple_GetItem(all.ptr(), i)).release().ptr());
  }
  Py_RETURN_NONE;
}

/// Takes an event that came from elsewhere, and what to call when it is taken.
PyObject* node_deliver(PyObject* self, PyObject* arguments) {
  PyObject* event = nullptr;
  PyObject* taken = nullptr;
  if (PyArg_ParseTuple(arguments, "OO", &event, &taken) == 0) return nullptr;
  NodeState& state = state_of(self);
  if (!check_is_open(state)) return nullptr;
  state.external.push_back({borrow(event).release().ptr(), borrow(taken).release().ptr()});
  dora_node_nudge(state.handle);
  Py_RETURN_NONE;
}

PyObject* node_is_open(PyObject* self, PyObject*) {
  const NodeState& state = state_of(self);
  return PyBool_FromLong(state.handle != nullptr && !state.is_closing);
}

PyObject* node_self(PyObject* self) {
  Py_INCREF(self);
  return self;
}

PyMethodDef methods[] = {
    {"next", as_method(node_next), fast,
     "next($self, timeout=None)\n--\n\n"
     "Waits for the next event and returns it; None once the stream has ended, then for ever.\n\n"
     "timeout: seconds to wait at most, 0 to look only; without it, waits as long as it takes.\n"
     "When nothing came in time, an event of type \"ERROR\" says so, with \"timed_out\": True.\n"
     "Raises ValueError for a time-out that is negative, infinite or not a number.\n\n"
     "    while (event := node.next(timeout=1.0)) is not None:\n"
     "        if event[\"type\"] == \"INPUT\":\n"
     "            print(event[\"id\"], event[\"value\"])\n"},
    {"try_recv", node_try_recv, METH_NOARGS,
     "try_recv($self)\n--\n\n"
     "The next event if one is there now, else None. Never waits."},
    {"drain", node_drain, METH_NOARGS,
     "drain($self)\n--\n\n"
     "A list of all events that are there now, oldest first. Never waits.\n\n"
     "Raises RuntimeError once the stream has ended and nothing is left."},
    {"is_empty", node_is_empty, METH_NOARGS,
     "is_empty($self)\n--\n\n"
     "Whether no event is there now. False means that try_recv() has one."},
    {"send_output", as_method(node_send_output), fast,
     "send_output($self, output_id, data, metadata=None)\n--\n\n"
     "Sends `data` to every node that has `output_id` among its inputs.\n\n"
     "data: bytes, a numpy array of any shape, a pyarrow array, or anything with a buffer,\n"
     "`__arrow_c_array__` or DLPack (on the CPU); also lists, dicts, str, int and float, as\n"
     "`pa.array([...])` takes them. It is copied once; its memory may be reused at once.\n"
     "metadata: a dict of str to bool, int (64 bits), float, str, datetime, or lists of int, "
     "float\n"
     "or str.\n\n"
     "Does not wait for receivers, except for inputs with `queue_policy: backpressure`.\n"
     "An output that the dataflow does not declare is warned about once, and nothing is sent.\n"
     "Raises TypeError for data or metadata that cannot be sent, OverflowError for an int beyond\n"
     "64 bits, and RuntimeError when sending fails (all of them are RuntimeErrors, but the "
     "OverflowError).\n\n"
     "    node.send_output(\"image\", np.zeros((480, 640, 3), np.uint8), {\"camera\": "
     "\"left\"})\n"},
    {"send_output_raw", as_method(node_send_output_raw), fast,
     "send_output_raw($self, output_id, data_length, metadata=None)\n--\n\n"
     "Memory of `data_length` bytes to write into, which is then sent without a copy.\n\n"
     "data_length: bytes, 0 or more. What the memory holds at first is not specified.\n"
     "metadata: as in send_output.\n\n"
     "    with node.send_output_raw(\"frame\", frame.nbytes) as buffer:\n"
     "        np.asarray(buffer)[:] = frame.ravel()\n\n"
     "At the end of the block the memory is sent; receivers see a UInt8 array. If the block "
     "raises,\n"
     "nothing is sent. Every view of the memory must be released before it is sent. Without "
     "`with`,\n"
     "the SampleHandler that is returned gives views (as_memoryview) and sends (send).\n\n"
     "Raises RuntimeError for an output that the dataflow does not declare, and when there is no\n"
     "memory because receivers hold it."},
    {"close", node_close, METH_NOARGS,
     "close($self)\n--\n\n"
     "Closes the outputs and ends the stream, before the process ends. Harmless the second time."},
    {"close_outputs", node_close_outputs, METH_O,
     "close_outputs($self, output_ids, /)\n--\n\n"
     "Closes these outputs: receivers see INPUT_CLOSED after the messages that were sent."},
    {"extension_store", as_method(node_extension_store), fast,
     "extension_store($self, namespace, key, value)\n--\n\n"
     "Stores bytes (at most 64 KiB) in the table that the nodes of the dataflow share.\n\n"
     "The entry goes when it is dropped, and when this node ends. Raises RuntimeError when\n"
     "another node stored that key."},
    {"extension_load", as_method(node_extension_load), fast,
     "extension_load($self, namespace, key, remove=False)\n--\n\n"
     "The bytes that a node of the dataflow stored under that key, or None; with `remove`, the\n"
     "entry goes."},
    {"extension_drop", as_method(node_extension_drop), fast,
     "extension_drop($self, namespace, key)\n--\n\n"
     "Removes an entry, if there is one."},
    {"drain_dropped_extension_keys", as_method(node_drain_dropped_extension_keys), fast,
     "drain_dropped_extension_keys($self, namespace)\n--\n\n"
     "A list of the keys that this node stored or loaded and that went since the last call."},
    {"_open", node_open, METH_O, "_open($self, node_id, /)\n--\n\n"},
    {"_facts", node_facts, METH_NOARGS, "_facts($self)\n--\n\n"},
    {"_is_open", node_is_open, METH_NOARGS, "_is_open($self)\n--\n\n"},
    {"_deliver", node_deliver, METH_VARARGS, "_deliver($self, event, taken, /)\n--\n\n"},
    {"_put_back", node_put_back, METH_O, "_put_back($self, events, /)\n--\n\n"},
    {"_poll", node_poll, METH_NOARGS, "_poll($self)\n--\n\n"},
    {"_arm", node_arm, METH_NOARGS, "_arm($self)\n--\n\n"},
    {"_fd", node_fd, METH_NOARGS, "_fd($self)\n--\n\n"},
    {nullptr, nullptr, 0, nullptr}};

}  // namespace

NodeUse::~NodeUse() {
  if (--state_.users == 0 && state_.is_closing) close_handle(state_);
}

bool check_process(const NodeState& state) {
  if (state.handle == nullptr || state.process_generation == process_generation) return true;
  raise(DORA_UNSUPPORTED,
        "this process was forked from the one that made the node and has no part in it; use the "
        "node where it was made, or start helpers before it with multiprocessing's 'spawn'");
  return false;
}

bool check_is_open(const NodeState& state) {
  if (state.handle == nullptr || state.is_closing) {
    raise(DORA_DISCONNECTED, "this node was closed");
    return false;
  }
  return check_process(state);
}

Ref local_of(PyObject* self) {
  if (state_of(self).handle != nullptr) return {};
  Ref local = steal(PyObject_GetAttr(self, names.local));
  if (!local) {
    PyErr_Clear();
    return {};
  }
  return local.ptr() == Py_None ? Ref() : local;
}

bool add_node_type(PyObject* module) {
  ::pthread_atfork(nullptr, nullptr, [] { ++process_generation; });
  auto slot = [](auto function) { return reinterpret_cast<void*>(function); };
  PyType_Slot slots[] = {{Py_tp_new, slot(node_new)},
                         {Py_tp_dealloc, slot(node_dealloc)},
                         {Py_tp_iter, slot(node_self)},
                         {Py_tp_iternext, slot(node_iterate_next)},
                         {Py_tp_methods, methods},
                         {Py_tp_doc, const_cast<char*>("The fast part of dora.Node.")},
                         {0, nullptr}};
  PyType_Spec spec = {"dora._dora.NodeBase", sizeof(NodeObject), 0,
                      Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE, slots};
  Ref type = steal(PyType_FromSpec(&spec));
  return type && PyModule_AddObjectRef(module, "NodeBase", type.ptr()) == 0;
}

}  // namespace dora::python

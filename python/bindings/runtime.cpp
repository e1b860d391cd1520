// SPDX-License-Identifier: Apache-2.0
// The types OperatorRuntime and OperatorSender: what python/dora/_runtime.py runs operators with.
#include <algorithm>
#include <vector>

#include <dora/host.h>

#include "metadata.hpp"
#include "node.hpp"
#include "signal_watch.hpp"

namespace dora::python {
namespace {

Lazy as_received("dora._values", "as_received");
Lazy to_exportable("dora._values", "to_exportable");

struct RuntimeState {
  PyObject* node = nullptr;  // owned
  dora_runtime* handle = nullptr;
  /// No other thread takes part, and no operator runs inside the C API: then it is quick, and may
  /// be called with the GIL.
  bool is_alone = true;
  InputHeads input_heads;
};

struct RuntimeObject {
  PyObject_HEAD RuntimeState* state;
};

struct SenderState {
  PyObject* runtime = nullptr;  // owned
  std::size_t index = 0;
  OutputNumbers outputs;
};

struct SenderObject {
  PyObject_HEAD SenderState* state;
};

RuntimeState& runtime_of(PyObject* self) {
  return *reinterpret_cast<RuntimeObject*>(self)->state;
}
SenderState& sender_of(PyObject* self) {
  return *reinterpret_cast<SenderObject*>(self)->state;
}

PyTypeObject* sender_type = nullptr;

/// Calls the C API. Nobody may wait for the runtime's mutex with the GIL, as whoever has it may
/// need the GIL to free an object.
template <typename Function>
auto call(const RuntimeState& state, Function&& function) {
  return state.is_alone ? function() : without_gil(function);
}

bool check_is_open(const RuntimeState& state) {
  if (state.handle != nullptr) return true;
  raise(DORA_DISCONNECTED, "the operators of this node have ended");
  return false;
}

// ---- Objects that operators pass to each other -------------------------------------------------

void release_object(void* object) {
  if (Py_IsInitialized() == 0) return;
  const PyGILState_STATE gil = PyGILState_Ensure();
  Py_DECREF(static_cast<PyObject*>(object));
  PyGILState_Release(gil);
}

bool fill(PyObject* object, dora_exported& exported) {
  PyObject* function = to_exportable.get();
  if (function == nullptr) return false;
  // (pyarrow array, shape or None)
  const Ref pair = steal(PyObject_CallFunctionObjArgs(function, object, nullptr));
  if (!pair) return false;
  PyObject* shape = PyTuple_GetItem(pair.ptr(), 1);
  if (shape != Py_None) {
    exported.is_ndarray = true;
    const Py_ssize_t rank = PyTuple_Size(shape);
    if (rank < 0 || rank > static_cast<Py_ssize_t>(std::size(exported.shape))) return false;
    exported.rank = static_cast<std::int32_t>(rank);
    for (Py_ssize_t i = 0; i < rank; ++i)
      exported.shape[i] = PyLong_AsLongLong(PyTuple_GetItem(shape, i));
  }
  const Ref array = steal(PyLong_FromVoidPtr(&exported.array));
  const Ref schema = steal(PyLong_FromVoidPtr(&exported.schema));
  const Ref done = steal(PyObject_CallMethodObjArgs(
      PyTuple_GetItem(pair.ptr(), 0), names.export_to_c, array.ptr(), schema.ptr(), nullptr));
  return static_cast<bool>(done);
}

bool export_object(void* object, dora_exported* exported) {
  const PyGILState_STATE gil = PyGILState_Ensure();
  const bool is_done = fill(static_cast<PyObject*>(object), *exported);
  if (!is_done) PyErr_WriteUnraisable(static_cast<PyObject*>(object));
  PyGILState_Release(gil);
  return is_done;
}

/// What receivers in this process get for `data`.
Ref received_form(PyObject* data) {
  if (PyBytes_CheckExact(data) != 0) return borrow(data);
  // A type whose objects pass as they are, so far: those of pyarrow.
  static PyTypeObject* passes = nullptr;
  if (Py_TYPE(data) == passes) return borrow(data);
  PyObject* function = as_received.get();
  if (function == nullptr) return {};
  Ref form = steal(PyObject_CallFunctionObjArgs(function, data, nullptr));
  if (form.ptr() == data && passes == nullptr) {
    Py_INCREF(reinterpret_cast<PyObject*>(Py_TYPE(data)));
    passes = Py_TYPE(data);
  }
  return form;
}

// ---- OperatorSender ----------------------------------------------------------------------------

bool send_inside(const RuntimeState& runtime, std::uint32_t output, PyObject* data,
                 const dora_metadata* metadata) {
  const Ref form = received_form(data);
  if (!form) return false;
  // Each send takes over a reference, also when it fails.
  const auto one_more = [&] {
    return dora_object{borrow(form.ptr()).release().ptr(), release_object, export_object};
  };
  if (runtime.is_alone) {
    const dora_object object = one_more();
    const dora_status status = dora_runtime_send_object(runtime.handle, output, &object, metadata);
    if (status != DORA_OK) raise_status(status);
    return status == DORA_OK;
  }
  // There may be no room at an operator on another thread.
  dora_node* node = state_of(runtime.node).handle;
  Wait wait(node);
  while (true) {
    wait.begin_round();
    const std::uint32_t nudges = dora_node_nudges(node);
    if (PyErr_CheckSignals() < 0) return false;
    const dora_object object = one_more();
    const dora_status status = wait.run_round(nudges, [&] {
      return dora_runtime_send_object(runtime.handle, output, &object, metadata);
    });
    if (status == DORA_OK) return true;
    if (status == DORA_INTERRUPTED) continue;
    raise_status(status);
    return false;
  }
}

PyObject* sender_send_output(PyObject* self, PyObject* const* arguments, Py_ssize_t count,
                             PyObject* keywords) {
  SendArguments given;
  if (!given.read(arguments, count, keywords)) return nullptr;
  SenderState& sender = sender_of(self);
  const RuntimeState& runtime = runtime_of(sender.runtime);
  if (!check_is_open(runtime)) return nullptr;
  std::uint32_t output = 0;
  const int known = sender.outputs.find(
      given.output_id, output, [&](const char* text, std::size_t length, auto* number) {
        return dora_runtime_find_output(runtime.handle, sender.index, text, length, number);
      });
  if (known < 0) return nullptr;
  if (known == 0) return warn_of_unknown_output(runtime.node, given.output_id);
  OutgoingMetadata metadata;
  if (!metadata.read(given.metadata)) return nullptr;
  const unsigned receivers = dora_runtime_receivers(runtime.handle, output);
  if ((receivers & DORA_RECEIVERS_OUTSIDE) != 0) {
    const std::uint32_t own = dora_runtime_node_output(runtime.handle, output);
    const Ref sent = steal(send_data(runtime.node, own, metadata.get(), given.data));
    if (!sent) return nullptr;
  }
  if ((receivers & DORA_RECEIVERS_INSIDE) != 0 &&
      !send_inside(runtime, output, given.data, metadata.get())) {
    return nullptr;
  }
  Py_RETURN_NONE;
}

void sender_dealloc(PyObject* self) {
  SenderState* state = reinterpret_cast<SenderObject*>(self)->state;
  Py_XDECREF(state->runtime);
  delete state;
  free_instance(self);
}

// ---- OperatorRuntime ---------------------------------------------------------------------------

PyObject* runtime_new(PyTypeObject* type, PyObject* arguments, PyObject*) {
  PyObject* node = nullptr;
  if (PyArg_ParseTuple(arguments, "O", &node) == 0) return nullptr;
  NodeState& node_state = state_of(node);
  if (!check_is_open(node_state)) return nullptr;
  dora_runtime* handle = nullptr;
  const dora_status status =
      without_gil([&] { return dora_runtime_open(node_state.handle, &handle); });
  if (status != DORA_OK) return raise_status(status);
  PyObject* self = PyType_GenericAlloc(type, 0);
  if (self == nullptr) {
    dora_runtime_close(handle);
    return nullptr;
  }
  auto* state = new RuntimeState;
  reinterpret_cast<RuntimeObject*>(self)->state = state;
  state->node = borrow(node).release().ptr();
  state->handle = handle;
  ++node_state.users;  // the runtime uses it until it is closed
  state->is_alone = dora_runtime_thread_count(handle) == 1;
  for (std::size_t i = 0; i < dora_runtime_operator_count(handle); ++i)
    state->is_alone = state->is_alone && dora_runtime_operator_is_hosted(handle, i);
  return self;
}

void close_runtime(RuntimeState& state) {
  dora_runtime* handle = state.handle;
  state.handle = nullptr;
  if (handle == nullptr) return;
  without_gil([&] {
    dora_runtime_close(handle);
    return 0;
  });
  NodeState& node = state_of(state.node);
  --node.users;
}

void runtime_dealloc(PyObject* self) {
  RuntimeState* state = reinterpret_cast<RuntimeObject*>(self)->state;
  close_runtime(*state);
  Py_XDECREF(state->node);
  for (PyObject* head : state->input_heads)
    Py_XDECREF(head);
  delete state;
  free_instance(self);
}

/// [(its part of the dataflow as JSON, thread, whether Python runs it)]
PyObject* runtime_operators(PyObject* self, PyObject*) {
  const RuntimeState& state = runtime_of(self);
  if (!check_is_open(state)) return nullptr;
  Ref list = steal(PyList_New(0));
  for (std::size_t i = 0; list && i < dora_runtime_operator_count(state.handle); ++i) {
    const Ref entry =
        steal(Py_BuildValue("(snO)", dora_runtime_operator_json(state.handle, i),
                            static_cast<Py_ssize_t>(dora_runtime_operator_thread(state.handle, i)),
                            dora_runtime_operator_is_hosted(state.handle, i) ? Py_True : Py_False));
    if (!entry || PyList_Append(list.ptr(), entry.ptr()) < 0) return nullptr;
  }
  return list.release().ptr();
}

PyObject* runtime_thread_count(PyObject* self, PyObject*) {
  const RuntimeState& state = runtime_of(self);
  if (!check_is_open(state)) return nullptr;
  return PyLong_FromSize_t(dora_runtime_thread_count(state.handle));
}

/// next(thread, answer): (operator, event); (operator, None) when it has ended; None at the end.
PyObject* runtime_next(PyObject* self, PyObject* const* arguments, Py_ssize_t count, PyObject*) {
  RuntimeState& state = runtime_of(self);
  if (count != 2 || !check_is_open(state)) return nullptr;
  const std::size_t thread = PyLong_AsSize_t(arguments[0]);
  auto answer = static_cast<dora_operator_status>(PyLong_AsLong(arguments[1]));
  if (PyErr_Occurred() != nullptr) return nullptr;
  std::size_t index = 0;
  dora_event* event = nullptr;
  dora_node* node = state_of(state.node).handle;
  auto take = [&](std::int64_t timeout_ns, std::uint32_t nudges) {
    const dora_status status =
        dora_runtime_next(state.handle, thread, answer, timeout_ns, nudges, &index, &event);
    answer = DORA_OPERATOR_CONTINUE;  // given once
    return status;
  };
  dora_status status = call(state, [&] { return take(0, dora_node_nudges(node)); });
  if (status == DORA_TIMED_OUT) prepare_value();
  Wait wait(node);
  while (status == DORA_TIMED_OUT || status == DORA_INTERRUPTED) {
    wait.begin_round();
    const std::uint32_t nudges = dora_node_nudges(node);
    if (PyErr_CheckSignals() < 0) return nullptr;
    status = without_gil([&] { return take(wait.slice(-1), nudges); });
  }
  if (status != DORA_OK) return raise_status(status);
  if (index == SIZE_MAX) Py_RETURN_NONE;
  const Ref number = steal(PyLong_FromSize_t(index));
  const Ref given =
      event == nullptr ? borrow(Py_None) : steal(make_event(state.input_heads, event));
  return number && given ? PyTuple_Pack(2, number.ptr(), given.ptr()) : nullptr;
}

PyObject* runtime_sender(PyObject* self, PyObject* index) {
  const std::size_t number = PyLong_AsSize_t(index);
  if (PyErr_Occurred() != nullptr) return nullptr;
  PyObject* sender = PyType_GenericAlloc(sender_type, 0);
  if (sender == nullptr) return nullptr;
  reinterpret_cast<SenderObject*>(sender)->state =
      new SenderState{borrow(self).release().ptr(), number, {}};
  return sender;
}

PyObject* runtime_reload(PyObject* self, PyObject* index) {
  const RuntimeState& state = runtime_of(self);
  const std::size_t number = PyLong_AsSize_t(index);
  if (PyErr_Occurred() != nullptr) return nullptr;
  if (state.handle == nullptr) Py_RETURN_NONE;
  without_gil([&] {
    dora_runtime_reload(state.handle, number);
    return 0;
  });
  Py_RETURN_NONE;
}

PyObject* runtime_abort(PyObject* self, PyObject*) {
  const RuntimeState& state = runtime_of(self);
  if (state.handle == nullptr) Py_RETURN_NONE;
  without_gil([&] {
    dora_runtime_abort(state.handle);
    return 0;
  });
  Py_RETURN_NONE;
}

PyObject* runtime_close(PyObject* self, PyObject*) {
  close_runtime(runtime_of(self));
  Py_RETURN_NONE;
}

PyMethodDef runtime_methods[] = {
    {"operators", runtime_operators, METH_NOARGS, "operators($self)\n--\n\n"},
    {"thread_count", runtime_thread_count, METH_NOARGS, "thread_count($self)\n--\n\n"},
    {"next", as_method(runtime_next), fast, "next($self, thread, answer, /)\n--\n\n"},
    {"sender", runtime_sender, METH_O, "sender($self, index, /)\n--\n\n"},
    {"reload", runtime_reload, METH_O, "reload($self, index, /)\n--\n\n"},
    {"abort", runtime_abort, METH_NOARGS, "abort($self)\n--\n\n"},
    {"close", runtime_close, METH_NOARGS, "close($self)\n--\n\n"},
    {nullptr, nullptr, 0, nullptr}};

PyMethodDef sender_methods[] = {
    {"send_output", as_method(sender_send_output), fast,
     "send_output($self, output_id, data, metadata=None)\n--\n\n"
     "Sends `data` to every input that is fed by `output_id`, as `Node.send_output` does.\n\n"
     "Operators of the same node receive the very memory of `data`: do not change it afterwards."},
    {nullptr, nullptr, 0, nullptr}};

}  // namespace

bool add_runtime_types(PyObject* module) {
  auto slot = [](auto function) { return reinterpret_cast<void*>(function); };
  PyType_Slot runtime_slots[] = {{Py_tp_new, slot(runtime_new)},
                                 {Py_tp_dealloc, slot(runtime_dealloc)},
                                 {Py_tp_methods, runtime_methods},
                                 {0, nullptr}};
  PyType_Spec runtime_spec = {"dora._dora.OperatorRuntime", sizeof(RuntimeObject), 0,
                              Py_TPFLAGS_DEFAULT, runtime_slots};
  PyType_Slot sender_slots[] = {
      {Py_tp_dealloc, slot(sender_dealloc)}, {Py_tp_methods, sender_methods}, {0, nullptr}};
  PyType_Spec sender_spec = {"dora._dora.OperatorSender", sizeof(SenderObject), 0,
                             Py_TPFLAGS_DEFAULT | Py_TPFLAGS_DISALLOW_INSTANTIATION, sender_slots};
  const Ref runtime = steal(PyType_FromSpec(&runtime_spec));
  sender_type = reinterpret_cast<PyTypeObject*>(PyType_FromSpec(&sender_spec));
  return runtime && sender_type != nullptr &&
         PyModule_AddObjectRef(module, "OperatorRuntime", runtime.ptr()) == 0;
}

}  // namespace dora::python

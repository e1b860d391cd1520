// SPDX-License-Identifier: Apache-2.0
// NodeBase.send_output_raw: memory that Python writes into and that is then sent without a copy.
//
// A SampleBuffer owns the memory and counts the views of it; a SampleHandler owns the right to send
// it. Views keep the buffer alive, so memory is given back when the last of all three is gone.
#include <cstring>
#include <vector>

#include "metadata.hpp"
#include "node.hpp"

namespace dora::python {
namespace {

struct SampleBuffer {
  PyObject_HEAD dora_sample* sample;  // NULL in nodes without a daemon
  std::vector<char>* memory;          // in nodes without a daemon
  Py_ssize_t view_count;
  bool is_sent;
  bool is_dropped;
};

struct SampleHandler {
  PyObject_HEAD SampleBuffer* buffer;
  PyObject* node;  // as long as it was not sent
  PyObject* output_id;
  PyObject* metadata;  // in nodes without a daemon
};

PyTypeObject* buffer_type = nullptr;
PyTypeObject* handler_type = nullptr;

SampleBuffer& buffer_of(PyObject* self) {
  return *reinterpret_cast<SampleBuffer*>(self);
}
SampleHandler& handler_of(PyObject* self) {
  return *reinterpret_cast<SampleHandler*>(self);
}

Py_ssize_t size_of(const SampleBuffer& buffer) {
  return static_cast<Py_ssize_t>(buffer.sample != nullptr ? dora_sample_size(buffer.sample)
                                                          : buffer.memory->size());
}

// ---- SampleBuffer ------------------------------------------------------------------------------

int buffer_get(PyObject* self, Py_buffer* view, int flags) {
  SampleBuffer& buffer = buffer_of(self);
  view->obj = nullptr;
  if (buffer.is_sent) {
    PyErr_SetString(PyExc_BufferError, "this sample has already been sent");
    return -1;
  }
  if (buffer.is_dropped) {
    PyErr_SetString(PyExc_BufferError, "this sample was dropped without being sent");
    return -1;
  }
  static char nothing[1];
  void* data = buffer.sample != nullptr ? dora_sample_data(buffer.sample) : buffer.memory->data();
  if (data == nullptr) data = nothing;
  if (PyBuffer_FillInfo(view, self, data, size_of(buffer), 0, flags) < 0) return -1;
  ++buffer.view_count;
  return 0;
}

void buffer_release(PyObject* self, Py_buffer*) {
  --buffer_of(self).view_count;
}

Py_ssize_t buffer_length(PyObject* self) {
  return size_of(buffer_of(self));
}

PyObject* buffer_view_count(PyObject* self, void*) {
  return PyLong_FromSsize_t(buffer_of(self).view_count);
}

const char* progress_of(const SampleBuffer& buffer) {
  if (buffer.is_sent) return "sent";
  return buffer.is_dropped ? "dropped" : "not sent";
}

PyObject* buffer_represent(PyObject* self) {
  const SampleBuffer& buffer = buffer_of(self);
  return PyUnicode_FromFormat("<dora.SampleBuffer: %zd bytes, %zd view(s) open, %s>",
                              size_of(buffer), buffer.view_count, progress_of(buffer));
}

void buffer_dealloc(PyObject* self) {
  dora_sample_free(buffer_of(self).sample);
  delete buffer_of(self).memory;
  free_instance(self);
}

// ---- SampleHandler -----------------------------------------------------------------------------

bool check_unsent(const SampleHandler& handler) {
  if (!handler.buffer->is_sent) return true;
  raise(DORA_INVALID_INPUT, "this sample has already been sent");
  return false;
}

PyObject* handler_as_buffer(PyObject* self, PyObject*) {
  SampleHandler& handler = handler_of(self);
  if (!check_unsent(handler)) return nullptr;
  return borrow(reinterpret_cast<PyObject*>(handler.buffer)).release().ptr();
}

PyObject* handler_as_memoryview(PyObject* self, PyObject*) {
  SampleHandler& handler = handler_of(self);
  if (!check_unsent(handler)) return nullptr;
  return PyMemoryView_FromObject(reinterpret_cast<PyObject*>(handler.buffer));
}

PyObject* send_locally(const SampleHandler& handler) {
  Ref local = local_of(handler.node);
  const std::vector<char>& memory = *handler.buffer->memory;
  if (!local) return raise(DORA_DISCONNECTED, "this node was closed");
  Ref bytes =
      steal(PyBytes_FromStringAndSize(memory.data(), static_cast<Py_ssize_t>(memory.size())));
  if (!bytes) return nullptr;
  return PyObject_CallMethod(local.ptr(), "send_output", "OOO", handler.output_id, bytes.ptr(),
                             handler.metadata);
}

PyObject* send_shared(const SampleHandler& handler) {
  NodeState& state = state_of(handler.node);
  if (!check_is_open(state)) return nullptr;
  return send_patiently(state,
                        [&](dora_node*) { return dora_sample_send(handler.buffer->sample); });
}

PyObject* handler_send(PyObject* self, PyObject*) {
  SampleHandler& handler = handler_of(self);
  SampleBuffer& buffer = *handler.buffer;
  if (!check_unsent(handler)) return nullptr;
  if (buffer.view_count > 0) {
    Ref text = steal(PyUnicode_FromFormat(
        "cannot send: %zd buffer view(s) are still open; release each first (del numpy arrays, "
        "memoryview.release())",
        buffer.view_count));
    const char* message = text ? PyUnicode_AsUTF8AndSize(text.ptr(), nullptr) : nullptr;
    return message == nullptr ? nullptr : raise(DORA_INVALID_INPUT, message);
  }
  // No view may be opened while another thread has the turn.
  buffer.is_sent = true;
  PyObject* result = buffer.sample != nullptr ? send_shared(handler) : send_locally(handler);
  if (result == nullptr) {
    buffer.is_sent = false;
    return nullptr;
  }
  Py_CLEAR(handler.node);
  return result;
}

PyObject* handler_represent(PyObject* self) {
  const SampleHandler& handler = handler_of(self);
  return PyUnicode_FromFormat("<dora.SampleHandler for output %R: %zd bytes, %s>",
                              handler.output_id, size_of(*handler.buffer),
                              progress_of(*handler.buffer));
}

PyObject* handler_enter(PyObject* self, PyObject*) {
  return handler_as_buffer(self, nullptr);
}

PyObject* handler_exit(PyObject* self, PyObject* arguments) {
  bool has_failed = PyTuple_Size(arguments) > 0 && PyTuple_GetItem(arguments, 0) != Py_None;
  if (!has_failed) {
    // Sent by hand inside the block: nothing is left to do.
    if (handler_of(self).buffer->is_sent) Py_RETURN_FALSE;
    Ref sent = steal(handler_send(self, nullptr));
    if (!sent) return nullptr;
  }
  Py_RETURN_FALSE;
}

void handler_dealloc(PyObject* self) {
  SampleHandler& handler = handler_of(self);
  if (handler.buffer != nullptr) {
    handler.buffer->is_dropped = true;
    Py_DECREF(reinterpret_cast<PyObject*>(handler.buffer));
  }
  Py_XDECREF(handler.node);
  Py_XDECREF(handler.output_id);
  Py_XDECREF(handler.metadata);
  free_instance(self);
}

PyObject* make_sample(PyObject* self, PyObject* output_id, Py_ssize_t length, PyObject* metadata) {
  Ref handler = steal(PyType_GenericAlloc(handler_type, 0));
  Ref buffer = steal(handler ? PyType_GenericAlloc(buffer_type, 0) : nullptr);
  if (!buffer) return nullptr;
  SampleBuffer& memory = buffer_of(buffer.ptr());
  handler_of(handler.ptr()).node = borrow(self).release().ptr();
  handler_of(handler.ptr()).output_id = borrow(output_id).release().ptr();

  if (local_of(self)) {
    try {
      memory.memory = new std::vector<char>(static_cast<std::size_t>(length));
    } catch (const std::exception&) {
      return PyErr_NoMemory();
    }
    handler_of(handler.ptr()).metadata = borrow(metadata).release().ptr();
  } else {
    if (!check_is_open(state_of(self))) return nullptr;
    std::uint32_t output = 0;
    int found = find_output(self, output_id, output);
    if (found < 0) return nullptr;
    if (found == 0) return raise_status(DORA_NOT_FOUND);
    OutgoingMetadata outgoing;
    if (!outgoing.read(metadata)) return nullptr;
    dora_status status =
        dora_sample_create(state_of(self).handle, output, static_cast<std::size_t>(length),
                           outgoing.get(), &memory.sample);
    if (status != DORA_OK) return raise_status(status);
  }
  handler_of(handler.ptr()).buffer = reinterpret_cast<SampleBuffer*>(buffer.release().ptr());
  return handler.release().ptr();
}

PyMethodDef handler_methods[] = {
    {"as_buffer", handler_as_buffer, METH_NOARGS,
     "as_buffer($self)\n--\n\n"
     "The memory, for everything that takes a buffer; the same object every time."},
    {"as_memoryview", handler_as_memoryview, METH_NOARGS,
     "as_memoryview($self)\n--\n\n"
     "A new writable memoryview of the memory; release it before send()."},
    {"send", handler_send, METH_NOARGS,
     "send($self)\n--\n\n"
     "Sends what was written. Raises RuntimeError while views are open, and the second time."},
    {"__enter__", handler_enter, METH_NOARGS,
     "__enter__($self)\n--\n\nThe memory, for everything that takes a buffer."},
    {"__exit__", handler_exit, METH_VARARGS,
     "__exit__($self, kind, error, traceback, /)\n--\n\n"
     "Sends what was written, unless the block raised."},
    {nullptr, nullptr, 0, nullptr}};

PyGetSetDef buffer_members[] = {
    {"view_count", buffer_view_count, nullptr, "How many views of the memory are open.", nullptr},
    {nullptr, nullptr, nullptr, nullptr, nullptr}};

PyTypeObject* add_type(PyObject* module, const char* name, PyType_Spec& spec) {
  PyObject* type = PyType_FromSpec(&spec);
  if (type == nullptr || PyModule_AddObjectRef(module, name, type) < 0) return nullptr;
  return reinterpret_cast<PyTypeObject*>(type);
}

}  // namespace

PyObject* node_send_output_raw(PyObject* self, PyObject* const* arguments, Py_ssize_t count,
                               PyObject* keywords) {
  static const char* const parameter_names[] = {"output_id", "data_length", "metadata"};
  PyObject* values[3] = {nullptr, nullptr, nullptr};
  if (!parse_arguments({"send_output_raw", parameter_names, 3, 2}, arguments, count, keywords,
                       values)) {
    return nullptr;
  }
  Py_ssize_t length = PyNumber_AsSsize_t(values[1], PyExc_OverflowError);
  if (length == -1 && PyErr_Occurred() != nullptr) return nullptr;
  if (length < 0) return raise(DORA_INVALID_INPUT, "data_length must not be negative");
  return make_sample(self, values[0], length, values[2] == nullptr ? Py_None : values[2]);
}

bool add_sample_types(PyObject* module) {
  auto slot = [](auto function) { return reinterpret_cast<void*>(function); };
  constexpr unsigned flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_DISALLOW_INSTANTIATION;
  PyType_Slot buffer_slots[] = {
      {Py_tp_dealloc, slot(buffer_dealloc)},
      {Py_bf_getbuffer, slot(buffer_get)},
      {Py_bf_releasebuffer, slot(buffer_release)},
      {Py_sq_length, slot(buffer_length)},
      {Py_tp_repr, slot(buffer_represent)},
      {Py_tp_getset, buffer_members},
      {Py_tp_doc, const_cast<char*>("Memory of a sample; take views of it with memoryview(), "
                                    "numpy.asarray() and the like.")},
      {0, nullptr}};
  PyType_Spec buffer_spec = {"dora.SampleBuffer", sizeof(SampleBuffer), 0, flags, buffer_slots};
  PyType_Slot handler_slots[] = {
      {Py_tp_dealloc, slot(handler_dealloc)},
      {Py_tp_methods, handler_methods},
      {Py_tp_repr, slot(handler_represent)},
      {Py_tp_doc, const_cast<char*>("Memory of Node.send_output_raw, and the right to send it.")},
      {0, nullptr}};
  PyType_Spec handler_spec = {"dora.SampleHandler", sizeof(SampleHandler), 0, flags, handler_slots};
  buffer_type = add_type(module, "SampleBuffer", buffer_spec);
  handler_type = buffer_type == nullptr ? nullptr : add_type(module, "SampleHandler", handler_spec);
  return handler_type != nullptr;
}

}  // namespace dora::python

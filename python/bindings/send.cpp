// SPDX-License-Identifier: Apache-2.0
// NodeBase.send_output. What a message looks like to the receiver depends on the type of the data;
// the types that are quick to send are recognised here, all others are first turned into one of
// them by python/dora/_values.py.
#include <algorithm>
#include <cstring>
#include <unordered_map>
#include <vector>

#include "metadata.hpp"
#include "node.hpp"

namespace dora::python {
namespace {

Lazy convert("dora._values", "to_sendable");
Lazy convert_ndarray("dora._values", "to_plain_ndarray");

/// Copies above this size let other threads run meanwhile.
constexpr std::size_t quick_copy_bytes = 64 << 10;
constexpr std::size_t most_known_types = 1024;

enum class Kind { Bytes, Ndarray, Buffer, Arrow, ArrowProtocol, Other };

/// One call of send_output.
struct Send {
  PyObject* self;
  std::uint32_t output;
  const dora_metadata* metadata;

  template <typename Function>
  PyObject* run(std::size_t size, Function&& function) const {
    NodeState& state = state_of(self);
    if (size <= quick_copy_bytes && !state.may_block) {
      // With the GIL, so it must not wait. Where it would have to, a consumer with back pressure
      // was connected after the start.
      dora_thread_limit_waits(0, 0);
      const dora_status status = function(state.handle);
      dora_thread_unlimit_waits();
      if (status == DORA_OK) Py_RETURN_NONE;
      if (status != DORA_INTERRUPTED) return raise_status(status);
      state.may_block = true;
    }
    return send_patiently(state, function);
  }

  PyObject* bytes(const void* data, std::size_t size) const {
    return run(size, [&](dora_node* node) {
      return dora_node_send_bytes(node, output, data, size, metadata);
    });
  }
  PyObject* tensor(const dora_tensor& tensor, std::size_t size) const {
    return run(size, [&](dora_node* node) {
      return dora_node_send_tensor(node, output, &tensor, metadata);
    });
  }
  PyObject* arrow(const ArrowArray& array, const ArrowSchema& schema) const {
    // How many bytes that is would take a walk over the type; the number of elements tells enough.
    auto size = static_cast<std::size_t>(std::max<std::int64_t>(array.length, 0)) * 8;
    if (array.n_children > 0 || array.n_buffers != 2) size = quick_copy_bytes + 1;
    return run(size, [&](dora_node* node) {
      return dora_node_send_arrow(node, output, &array, &schema, metadata);
    });
  }
};

// ---- What is it? -------------------------------------------------------------------------------

/// Whether `type` derives from the class `name` of a module, which is not imported for that.
bool is_a(PyTypeObject* type, const char* module_name, const char* name) {
  PyObject* module = PyDict_GetItemString(PyImport_GetModuleDict(), module_name);
  if (module == nullptr) return false;
  Ref base = steal(PyObject_GetAttrString(module, name));
  if (!base) {
    PyErr_Clear();
    return false;
  }
  return PyType_Check(base.ptr()) &&
         PyType_IsSubtype(type, reinterpret_cast<PyTypeObject*>(base.ptr())) != 0;
}

Kind classify(PyObject* data) {
  PyTypeObject* type = Py_TYPE(data);
  if (PyBytes_Check(data) || PyByteArray_Check(data) || PyMemoryView_Check(data))
    return Kind::Bytes;
  if (is_a(type, "numpy", "ndarray")) {
    // A masked array's mask would be lost.
    return is_a(type, "numpy.ma", "MaskedArray") ? Kind::Other : Kind::Ndarray;
  }
  if (is_a(type, "numpy", "generic")) return Kind::Other;
  if (is_a(type, "pyarrow", "Array")) return Kind::Arrow;
  auto* type_object = reinterpret_cast<PyObject*>(type);
  if (PyObject_HasAttrString(type_object, "__arrow_c_array__") != 0) return Kind::ArrowProtocol;
  // torch's tensors have a __array__ and DLPack, but no buffer.
  return PyObject_CheckBuffer(data) != 0 ? Kind::Buffer : Kind::Other;
}

Kind kind_of(PyObject* data) {
  static std::unordered_map<PyTypeObject*, Kind> known;
  static PyTypeObject* last_type = nullptr;
  static Kind last_kind = Kind::Other;
  PyTypeObject* type = Py_TYPE(data);
  if (type == &PyBytes_Type) return Kind::Bytes;
  if (type == last_type) return last_kind;
  auto found = known.find(type);
  if (found == known.end()) {
    Kind kind = classify(data);
    // Types are kept, so that none can be mistaken for another that had its address before.
    if (known.size() >= most_known_types) return kind;
    Py_INCREF(reinterpret_cast<PyObject*>(type));
    found = known.emplace(type, kind).first;
  }
  last_type = type;
  return last_kind = found->second;
}

// ---- Buffers -----------------------------------------------------------------------------------

struct View {
  Py_buffer buffer{};
  bool is_open = false;
  ~View() {
    if (is_open) PyBuffer_Release(&buffer);
  }
  bool open(PyObject* object, int flags) {
    is_open = PyObject_GetBuffer(object, &buffer, flags) == 0;
    return is_open;
  }
};

/// The Arrow format letter of a buffer's items; '\0' when it is no number of this machine.
char arrow_format(const Py_buffer& buffer) {
  const char* format = buffer.format == nullptr ? "B" : buffer.format;
  if (format[0] == '@' || format[0] == '=' || format[0] == '<') ++format;
  if (format[0] == '\0' || format[1] != '\0') return '\0';
  auto by_size = [&](const char* letters) {
    switch (buffer.itemsize) {
      case 1:
        return letters[0];
      case 2:
        return letters[1];
      case 4:
        return letters[2];
      case 8:
        return letters[3];
      default:
        return '\0';
    }
  };
  switch (format[0]) {
    case '?':
      return buffer.itemsize == 1 ? 'b' : '\0';
    case 'b':
    case 'h':
    case 'i':
    case 'l':
    case 'q':
    case 'n':
      return by_size("csil");
    case 'B':
    case 'c':
    case 'H':
    case 'I':
    case 'L':
    case 'Q':
    case 'N':
      return by_size("CSIL");
    case 'e':
    case 'f':
    case 'd':
      // One byte wide floats do not exist:
      // NOLINTNEXTLINE(bugprone-string-literal-with-embedded-nul)
      return by_size("\0efg");
    default:
      return '\0';
  }
}

std::vector<unsigned char> pack_bits(const Py_buffer& buffer) {
  std::vector<unsigned char> bits((static_cast<std::size_t>(buffer.len) + 7) / 8);
  const auto* from = static_cast<const unsigned char*>(buffer.buf);
  for (std::size_t i = 0; i < static_cast<std::size_t>(buffer.len); ++i) {
    bits[i >> 3] = static_cast<unsigned char>(bits[i >> 3] | ((from[i] != 0) << (i & 7)));
  }
  return bits;
}

PyObject* send_view(const Send& send, const Py_buffer& buffer, char format, bool is_ndarray,
                    const char* whole_format) {
  static_assert(sizeof(Py_ssize_t) == sizeof(std::int64_t));
  char one_letter[2] = {format, '\0'};
  dora_tensor tensor{};
  tensor.data = buffer.buf;
  tensor.shape = reinterpret_cast<const std::int64_t*>(buffer.shape);
  tensor.rank = buffer.ndim;
  tensor.format = format;
  tensor.item_bits = static_cast<std::uint8_t>(buffer.itemsize * 8);
  tensor.is_ndarray = is_ndarray;
  tensor.arrow_format = whole_format != nullptr ? whole_format : one_letter;
  auto size = static_cast<std::size_t>(buffer.len);
  if (format != 'b') return send.tensor(tensor, size);
  std::vector<unsigned char> bits = pack_bits(buffer);
  tensor.data = bits.data();
  tensor.item_bits = 1;
  return send.tensor(tensor, size);
}

PyObject* send_bytes(const Send& send, PyObject* data) {
  if (PyBytes_Check(data)) {
    char* bytes = nullptr;
    Py_ssize_t size = 0;
    if (PyBytes_AsStringAndSize(data, &bytes, &size) < 0) return nullptr;
    return send.bytes(bytes, static_cast<std::size_t>(size));
  }
  View view;
  if (view.open(data, PyBUF_SIMPLE)) {
    return send.bytes(view.buffer.buf, static_cast<std::size_t>(view.buffer.len));
  }
  PyErr_Clear();  // a memoryview with gaps
  Ref whole = steal(PyBytes_FromObject(data));
  return whole ? send_bytes(send, whole.ptr()) : nullptr;
}

PyObject* send_any(const Send& send, PyObject* data, bool is_converted);

PyObject* send_ndarray(const Send& send, PyObject* data, bool is_converted) {
  View view;
  if (view.open(data, PyBUF_FORMAT | PyBUF_C_CONTIGUOUS)) {
    char format = arrow_format(view.buffer);
    if (format != '\0') return send_view(send, view.buffer, format, true, nullptr);
  } else {
    PyErr_Clear();  // has gaps, or is of a type that buffers do not know (dates)
  }
  if (is_converted) return raise_type("numpy arrays like %R cannot be sent", data);
  PyObject* function = convert_ndarray.get();
  if (function == nullptr) return nullptr;
  Ref plain = steal(PyObject_CallFunctionObjArgs(function, data, nullptr));
  if (!plain) return nullptr;
  // (integers, Arrow format): times.
  if (PyTuple_Check(plain.ptr())) {
    const char* whole_format = PyUnicode_AsUTF8AndSize(PyTuple_GetItem(plain.ptr(), 1), nullptr);
    View numbers;
    if (whole_format == nullptr ||
        !numbers.open(PyTuple_GetItem(plain.ptr(), 0), PyBUF_FORMAT | PyBUF_C_CONTIGUOUS)) {
      return nullptr;
    }
    return send_view(send, numbers.buffer, whole_format[0], true, whole_format);
  }
  return send_any(send, plain.ptr(), true);
}

PyObject* send_buffer(const Send& send, PyObject* data, bool is_converted) {
  View view;
  if (view.open(data, PyBUF_FORMAT | PyBUF_C_CONTIGUOUS)) {
    const Py_buffer& buffer = view.buffer;
    char format = arrow_format(buffer);
    if (format == 'C' && buffer.ndim == 1) {
      return send.bytes(buffer.buf, static_cast<std::size_t>(buffer.len));
    }
    if (format != '\0') return send_view(send, buffer, format, buffer.ndim != 1, nullptr);
  } else {
    PyErr_Clear();
  }
  if (is_converted) return raise_type("buffers like that of %R cannot be sent", data);
  PyObject* function = convert.get();
  Ref sendable =
      steal(function == nullptr ? nullptr : PyObject_CallFunctionObjArgs(function, data, nullptr));
  return sendable ? send_any(send, sendable.ptr(), true) : nullptr;
}

// ---- Arrow -------------------------------------------------------------------------------------

struct ExportedArrow {
  ArrowArray array{};
  ArrowSchema schema{};
  ~ExportedArrow() {
    if (array.release != nullptr) array.release(&array);
    if (schema.release != nullptr) schema.release(&schema);
  }
};

/// pyarrow's own arrays: its function that takes addresses costs half of what capsules do.
PyObject* send_pyarrow(const Send& send, PyObject* data) {
  ExportedArrow exported;
  Ref array = steal(PyLong_FromVoidPtr(&exported.array));
  Ref schema = steal(PyLong_FromVoidPtr(&exported.schema));
  if (!array || !schema) return nullptr;
  Ref done = steal(
      PyObject_CallMethodObjArgs(data, names.export_to_c, array.ptr(), schema.ptr(), nullptr));
  return done ? send.arrow(exported.array, exported.schema) : nullptr;
}

PyObject* send_arrow_protocol(const Send& send, PyObject* data) {
  Ref capsules = steal(PyObject_CallMethodObjArgs(data, names.arrow_c_array, nullptr));
  if (!capsules) return nullptr;
  if (!PyTuple_Check(capsules.ptr()) || PyTuple_Size(capsules.ptr()) != 2) {
    return raise_type("__arrow_c_array__ of %R must give two capsules", data);
  }
  auto* schema = static_cast<ArrowSchema*>(
      PyCapsule_GetPointer(PyTuple_GetItem(capsules.ptr(), 0), "arrow_schema"));
  auto* array = schema == nullptr ? nullptr
                                  : static_cast<ArrowArray*>(PyCapsule_GetPointer(
                                        PyTuple_GetItem(capsules.ptr(), 1), "arrow_array"));
  // The capsules release both.
  return array == nullptr ? nullptr : send.arrow(*array, *schema);
}

PyObject* send_any(const Send& send, PyObject* data, bool is_converted) {
  switch (kind_of(data)) {
    case Kind::Bytes:
      return send_bytes(send, data);
    case Kind::Ndarray:
      return send_ndarray(send, data, is_converted);
    case Kind::Buffer:
      return send_buffer(send, data, is_converted);
    case Kind::Arrow:
      return send_pyarrow(send, data);
    case Kind::ArrowProtocol:
      return send_arrow_protocol(send, data);
    case Kind::Other:
      break;
  }
  if (is_converted) return raise_type("data like %R cannot be sent", data);
  PyObject* function = convert.get();
  if (function == nullptr) return nullptr;
  Ref sendable = steal(PyObject_CallFunctionObjArgs(function, data, nullptr));
  return sendable ? send_any(send, sendable.ptr(), true) : nullptr;
}

}  // namespace

PyObject* send_data(PyObject* self, std::uint32_t output, const dora_metadata* metadata,
                    PyObject* data) {
  return send_any({self, output, metadata}, data, false);
}

int find_output(PyObject* self, PyObject* id, std::uint32_t& number) {
  NodeState& state = state_of(self);
  return state.outputs.find(id, number, [&](const char* text, std::size_t length, auto* found) {
    return dora_node_find_output(state.handle, text, length, found);
  });
}

PyObject* node_send_output(PyObject* self, PyObject* const* arguments, Py_ssize_t count,
                           PyObject* keywords) {
  SendArguments given;
  if (!given.read(arguments, count, keywords)) return nullptr;
  if (Ref local = local_of(self)) {
    return PyObject_CallMethod(local.ptr(), "send_output", "OOO", given.output_id, given.data,
                               given.metadata == nullptr ? Py_None : given.metadata);
  }
  if (!check_is_open(state_of(self))) return nullptr;
  std::uint32_t output = 0;
  const int found = find_output(self, given.output_id, output);
  if (found < 0) return nullptr;
  if (found == 0) return warn_of_unknown_output(self, given.output_id);
  OutgoingMetadata metadata;
  if (!metadata.read(given.metadata)) return nullptr;
  return send_data(self, output, metadata.get(), given.data);
}

}  // namespace dora::python

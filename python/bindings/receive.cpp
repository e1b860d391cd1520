// SPDX-License-Identifier: Apache-2.0
// The methods of NodeBase that take events.
#include <algorithm>
#include <chrono>
#include <cmath>

#include "event.hpp"
#include "node.hpp"
#include "signal_watch.hpp"

namespace dora::python {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::int64_t forever = -1;

/// Borrowed; nullptr with a Python error.
PyObject* input_head(InputHeads& heads, const dora_event* event) {
  std::int32_t index = dora_event_input_index(event);
  auto place = static_cast<std::size_t>(std::max(index, 0));
  if (place < heads.size() && heads[place] != nullptr) return heads[place];
  std::size_t length = 0;
  const char* text = dora_event_id(event, &length);
  PyObject* id = PyUnicode_DecodeUTF8(text, static_cast<Py_ssize_t>(length), "replace");
  if (id == nullptr) return nullptr;
  PyUnicode_InternInPlace(&id);
  const Ref owned = steal(id);
  if (place >= heads.size()) heads.resize(place + 1);
  return heads[place] = make_input_head(id);
}

enum class Took { Event, Ended, Nothing, Error };

/// Takes an event that came from elsewhere, if one did; a new reference.
bool take_external(NodeState& state, PyObject*& event) {
  if (state.external.empty() || state.has_ended) return false;
  const auto [found, taken] = state.external.front();
  state.external.pop_front();
  state.external_was_last = true;
  event = found;
  const Ref owned = steal(taken);
  const Ref done = steal(PyObject_CallNoArgs(owned.ptr()));
  if (!done) PyErr_WriteUnraisable(owned.ptr());
  return true;
}

/// Takes an event, waiting at most `timeout_ns`; `event` is a new reference.
Took take(NodeState& state, std::int64_t timeout_ns, PyObject*& event) {
  if (!state.put_back.empty()) {
    event = state.put_back.front();
    state.put_back.pop_front();
    return Took::Event;
  }
  if (state.handle == nullptr || state.is_closing) return Took::Ended;
  if (!check_process(state)) return Took::Error;

  // In turn, where there are both kinds: neither may starve the other.
  if (!state.external_was_last && take_external(state, event)) return Took::Event;
  state.external_was_last = false;
  dora_event* taken = nullptr;
  dora_status status = dora_node_next(state.handle, 0, &taken);
  if ((status == DORA_TIMED_OUT || status == DORA_INTERRUPTED) && take_external(state, event))
    return Took::Event;
  if ((status == DORA_TIMED_OUT || status == DORA_INTERRUPTED) && timeout_ns != 0) {
    NodeUse use(state);
    state.recent.before_sleep();  // may run anything, close() too
    Wait wait(state.handle);
    auto begin = Clock::now();
    std::int64_t left = timeout_ns;
    while (status == DORA_TIMED_OUT || status == DORA_INTERRUPTED) {
      wait.begin_round();
      const std::uint32_t nudges = dora_node_nudges(state.handle);
      if (PyErr_CheckSignals() < 0) return Took::Error;
      if (state.is_closing) return Took::Ended;
      // After nudges was read: what comes from now on ends the wait.
      if (take_external(state, event)) return Took::Event;
      if (timeout_ns != forever) {
        std::chrono::nanoseconds spent = Clock::now() - begin;
        left = timeout_ns - spent.count();
        if (left <= 0 && status == DORA_TIMED_OUT) break;
        left = std::max<std::int64_t>(left, 0);
      }
      const std::int64_t slice = wait.slice(left);
      status = without_gil(
          [&] { return dora_node_next_unless_nudged(state.handle, slice, nudges, &taken); });
    }
  }
  switch (status) {
    case DORA_OK:
      if (taken == nullptr) {
        state.has_ended = true;
        state.recent.clear();
        return Took::Ended;
      }
      event = make_event(state.input_heads, taken);
      if (event == nullptr) return Took::Error;
      if (is_small_event(event)) state.recent.note(event);
      return Took::Event;
    case DORA_TIMED_OUT:
    case DORA_INTERRUPTED:
      return Took::Nothing;
    default:
      raise_status(status);
      return Took::Error;
  }
}

/// Seconds to nanoseconds. False with a Python error.
bool read_timeout(PyObject* object, double& seconds, std::int64_t& nanoseconds) {
  nanoseconds = forever;
  if (object == nullptr || object == Py_None) return true;
  seconds = PyFloat_AsDouble(object);
  if (seconds == -1.0 && PyErr_Occurred() != nullptr) return false;
  if (!std::isfinite(seconds) || seconds < 0) {
    raise(
        DORA_INVALID_INPUT,
        "a time-out is a number of seconds, finite and not negative; leave it out to wait without "
        "one");
    return false;
  }
  constexpr double most = 9e9;  // 285 years
  nanoseconds = static_cast<std::int64_t>(std::min(seconds, most) * 1e9);
  return true;
}

PyObject* none() {
  Py_INCREF(Py_None);
  return Py_None;
}

PyObject* call_local(const Ref& local, const char* method, PyObject* argument) {
  return argument == nullptr ? PyObject_CallMethod(local.ptr(), method, nullptr)
                             : PyObject_CallMethod(local.ptr(), method, "O", argument);
}

}  // namespace

PyObject* make_event(InputHeads& heads, dora_event* event) {
  if (dora_event_get_type(event) == DORA_EVENT_INPUT) {
    PyObject* head = input_head(heads, event);
    if (head != nullptr) return make_input_event(event, head);
    dora_event_release(event);
    return nullptr;
  }
  PyObject* result = make_other_event(event);
  dora_event_release(event);
  return result;
}

PyObject* node_next(PyObject* self, PyObject* const* arguments, Py_ssize_t count,
                    PyObject* keywords) {
  static const char* const parameter_names[] = {"timeout"};
  PyObject* timeout = nullptr;
  if (count + (keywords == nullptr ? 0 : 1) > 0 &&
      !parse_arguments({"next", parameter_names, 1, 0}, arguments, count, keywords, &timeout)) {
    return nullptr;
  }
  double seconds = 0;
  std::int64_t timeout_ns = forever;
  if (!read_timeout(timeout, seconds, timeout_ns)) return nullptr;
  if (Ref local = local_of(self)) {
    return call_local(local, "next", timeout == nullptr ? Py_None : timeout);
  }
  PyObject* event = nullptr;
  switch (take(state_of(self), timeout_ns, event)) {
    case Took::Event:
      return event;
    case Took::Ended:
      return none();
    case Took::Nothing:
      return make_timeout_event(seconds);
    case Took::Error:
      return nullptr;
  }
  return nullptr;
}

PyObject* node_iterate_next(PyObject* self) {
  if (Ref local = local_of(self)) {
    Ref event = steal(call_local(local, "next", Py_None));
    return !event || event.ptr() == Py_None ? nullptr : event.release().ptr();
  }
  PyObject* event = nullptr;
  return take(state_of(self), forever, event) == Took::Event ? event : nullptr;
}

PyObject* node_try_recv(PyObject* self, PyObject*) {
  if (Ref local = local_of(self)) return call_local(local, "try_recv", nullptr);
  PyObject* event = nullptr;
  switch (take(state_of(self), 0, event)) {
    case Took::Event:
      return event;
    case Took::Error:
      return nullptr;
    default:
      return none();
  }
}

PyObject* node_drain(PyObject* self, PyObject*) {
  if (Ref local = local_of(self)) return call_local(local, "drain", nullptr);
  Ref list = steal(PyList_New(0));
  if (!list) return nullptr;
  while (true) {
    PyObject* event = nullptr;
    Took took = take(state_of(self), 0, event);
    if (took == Took::Error) return nullptr;
    if (took == Took::Ended && PyList_Size(list.ptr()) == 0) {
      return raise(DORA_DISCONNECTED, "the stream of events has ended");
    }
    if (took != Took::Event) return list.release().ptr();
    Ref owned = steal(event);
    if (PyList_Append(list.ptr(), event) < 0) return nullptr;
  }
}

PyObject* node_is_empty(PyObject* self, PyObject*) {
  if (Ref local = local_of(self)) return call_local(local, "is_empty", nullptr);
  NodeState& state = state_of(self);
  if (!state.put_back.empty()) Py_RETURN_FALSE;
  if (state.has_ended || state.handle == nullptr || state.is_closing) Py_RETURN_TRUE;
  if (!check_process(state)) return nullptr;
  if (!state.external.empty()) Py_RETURN_FALSE;
  if (!dora_node_has_event(state.handle)) Py_RETURN_TRUE;
  // There is an event or the end of the stream: only taking it tells which.
  PyObject* event = nullptr;
  Took took = take(state, 0, event);
  if (took == Took::Error) return nullptr;
  if (took == Took::Event) state.put_back.push_front(event);
  return PyBool_FromLong(took != Took::Event);
}

/// For _async.py: an event, None at the end of the stream, False when nothing is there.
PyObject* node_poll(PyObject* self, PyObject*) {
  PyObject* event = nullptr;
  switch (take(state_of(self), 0, event)) {
    case Took::Event:
      return event;
    case Took::Ended:
      return none();
    case Took::Nothing:
      Py_RETURN_FALSE;
    case Took::Error:
      return nullptr;
  }
  return nullptr;
}

/// For _async.py: None when an event is ready now; else the descriptor is armed, and this is the
/// time (monotonic, nanoseconds) at which to look again anyway.
PyObject* node_arm(PyObject* self, PyObject*) {
  NodeState& state = state_of(self);
  std::int64_t deadline = 0;
  NodeUse use(state);
  state.recent.before_sleep();  // may run anything, close() too
  if (!state.put_back.empty() || !state.external.empty() || state.handle == nullptr ||
      state.is_closing)
    return none();
  if (dora_node_arm(state.handle, &deadline)) return none();
  return PyLong_FromLongLong(deadline);
}

PyObject* node_fd(PyObject* self, PyObject*) {
  NodeState& state = state_of(self);
  return PyLong_FromLong(state.handle == nullptr ? -1 : dora_node_fd(state.handle));
}

}  // namespace dora::python

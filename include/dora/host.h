#pragma once
/* SPDX-License-Identifier: Apache-2.0 */
/* For those who bring another language: waits that an interpreter can end, and the operators of a
 * node in this process. Those in shared libraries run inside dora_runtime_next; the others are the
 * caller's to run. The conventions of <dora/node.h> hold here too.
 *
 *   dora_runtime_open -> on each of its threads: dora_runtime_next until the end -> _close
 */

#include <dora/operator.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct dora_runtime dora_runtime;

/* dora_node_open (`id` NULL) and dora_node_attach in two steps, so that a nudge reaches the second.
 * dora_node_join may be called again after INTERRUPTED; whatever it says, the node is the caller's
 * to close. */
DORA_API dora_status dora_node_create(dora_node** node, const char* id, size_t length);
DORA_API dora_status dora_node_join(dora_node* node);

/* An interpreter has reasons of its own to end a wait: a signal, or another thread's call. Read
 * dora_node_nudges, look whether there is a reason, then wait with what was read: a nudge that came
 * since ends the wait. */
DORA_API uint32_t dora_node_nudges(const dora_node* node);
/* Any thread, and signal handlers. */
DORA_API void dora_node_nudge(dora_node* node);
/* dora_node_next, and INTERRUPTED as soon as there are more nudges than `seen_nudges`. */
DORA_API dora_status dora_node_next_unless_nudged(dora_node* node, int64_t timeout_ns,
                                                  uint32_t seen_nudges, dora_event** event);
/* Other calls wait without a limit of their own: joining for the rest of the dataflow, sends for
 * room. From now on those of this thread end with INTERRUPTED, having sent nothing, as soon as
 * there are more nudges than `seen_nudges`, and after `timeout_ns` (0: instead of waiting,
 * negative: never). */
DORA_API void dora_thread_limit_waits(int64_t timeout_ns, uint32_t seen_nudges);
/* Those of this thread wait as long as it takes, as at first. */
DORA_API void dora_thread_unlimit_waits(void);

/* How many bytes, metadata included, came over an edge; 0 for what comes from within this process.
 * The event keeps so much of its sender's memory, unless they are few and were copied. */
DORA_API size_t dora_event_message_size(const dora_event* event);

/* Reads which operators the node has, and loads those that are shared libraries. `node` must
 * outlive the runtime, and nobody else may take its events. */
DORA_API dora_status dora_runtime_open(dora_node* node, dora_runtime** runtime);
/* Ends the operators that are left. No thread may be in dora_runtime_next any more. */
DORA_API void dora_runtime_close(dora_runtime* runtime);

/* Threads are numbered from 0, which is the thread of all operators that do not want their own. */
DORA_API size_t dora_runtime_thread_count(const dora_runtime* runtime);
/* Operators in the order of the dataflow. */
DORA_API size_t dora_runtime_operator_count(const dora_runtime* runtime);
DORA_API size_t dora_runtime_operator_thread(const dora_runtime* runtime, size_t index);
/* Whether the caller runs it. */
DORA_API bool dora_runtime_operator_is_hosted(const dora_runtime* runtime, size_t index);
/* Its part of the dataflow, as JSON. */
DORA_API const char* dora_runtime_operator_json(const dora_runtime* runtime, size_t index);

/* Waits for the next event of a hosted operator of this thread; runs the others meanwhile.
 * `answer` is what the operator said to the event that this thread was given before.
 *
 * OK with an event, to be released by the caller; OK with *event == NULL when operator `*index` has
 * ended and can be let go; OK with *index == SIZE_MAX when all have; TIMED_OUT and INTERRUPTED as
 * dora_node_next_unless_nudged; anything else when an operator in a library failed, or
 * dora_runtime_abort was called. */
DORA_API dora_status dora_runtime_next(dora_runtime* runtime, size_t thread,
                                       dora_operator_status answer, int64_t timeout_ns,
                                       uint32_t seen_nudges, size_t* index, dora_event** event);
/* Makes dora_runtime_next fail on every thread: an operator of the caller has failed. */
DORA_API void dora_runtime_abort(dora_runtime* runtime);

/* Lets an operator reload: it gets a RELOAD event, as from the daemon. Any thread. */
DORA_API void dora_runtime_reload(dora_runtime* runtime, size_t index);

DORA_API dora_status dora_runtime_find_output(dora_runtime* runtime, size_t index, const char* id,
                                              size_t length, uint32_t* output);

enum {
  DORA_RECEIVERS_INSIDE = 1, /* operators of this node */
  DORA_RECEIVERS_OUTSIDE = 2 /* other nodes */
};
/* Who would get what is sent on the output now. */
DORA_API unsigned dora_runtime_receivers(dora_runtime* runtime, uint32_t output);
/* The number of the output among those of the node, for dora_node_send_bytes and its kin. */
DORA_API uint32_t dora_runtime_node_output(const dora_runtime* runtime, uint32_t output);

/* What an object is in terms of Arrow. */
typedef struct dora_exported {
  struct ArrowArray array;
  struct ArrowSchema schema;
  bool is_ndarray;
  int32_t rank; /* 0 unless it is an n-dimensional array */
  int64_t shape[64];
} dora_exported;

/* An object of the host's language, which its own operators get as it is. */
typedef struct dora_object {
  void* object;
  void (*release)(void* object); /* once, on any thread */
  /* At most once, on any thread, when somebody else looks. False: it cannot be. */
  bool (*export_arrow)(void* object, dora_exported* exported);
} dora_object;

/* Sends to the operators of this node only. `object` is taken over, also when the call fails. It
 * may wait, on an input with `queue_policy: backpressure` of an operator on another thread. */
DORA_API dora_status dora_runtime_send_object(dora_runtime* runtime, uint32_t output,
                                              const dora_object* object,
                                              const dora_metadata* metadata);
/* The object that was sent; NULL for every other event. Lives as long as the event. */
DORA_API void* dora_event_object(const dora_event* event);

#ifdef __cplusplus
}
#endif

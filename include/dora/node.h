#pragma once
/* SPDX-License-Identifier: Apache-2.0 */
/* The C API for nodes of a dora dataflow. C11; the C++ header <dora/node.hpp> is a thin owner of
 * it.
 *
 * Conventions, stated once:
 *  1. Handles are opaque structs. `dora_X_open`/`_create` makes one, `dora_X_close`/`_free` ends
 * it; freeing NULL does nothing.
 *  2. Every function that can fail returns a dora_status. dora_error_message() tells why, for this
 *     thread, until its next dora call.
 *  3. Text is UTF-8, given as pointer and length, and need not end with NUL. Returned text lives as
 *     long as the handle it came from, and does end with NUL.
 *  4. A dora_node may be used from several threads at once, every function of it. Other handles
 *     belong to one thread at a time, except that dora_event_retain/release may be called anywhere.
 *  5. Pointers are required unless a function says that NULL is allowed.
 *  6. Times are nanoseconds. `*_ns` of a message is since the Unix epoch unless it says monotonic.
 */

#include <dora/arrow.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#if defined(__GNUC__)
#define DORA_API __attribute__((visibility("default")))
#else
#define DORA_API
#endif

#ifdef __cplusplus
extern "C" {
#endif

typedef enum dora_status {
  DORA_OK = 0,
  DORA_INVALID_INPUT = 1, /* correct the input */
  DORA_NOT_FOUND = 2,     /* name something that exists */
  DORA_DISCONNECTED = 3,  /* reconnect, or stop */
  DORA_TIMED_OUT = 4,     /* wait longer */
  DORA_BUSY = 5,          /* retry later */
  DORA_UNSUPPORTED = 6,   /* use another way or version */
  DORA_FAILED = 7,        /* tell a human */
  DORA_INTERRUPTED = 8    /* a signal arrived while waiting; handle it and call again */
} dora_status;

/* Why the last call of this thread failed; "" if it did not. */
DORA_API const char* dora_error_message(void);

/* The version of the library, e.g. "0.1.0". */
DORA_API const char* dora_version(void);

/* ---- Node ------------------------------------------------------------------------------------ */

typedef struct dora_node dora_node;
typedef struct dora_event dora_event;
typedef struct dora_sample dora_sample;
typedef struct dora_metadata dora_metadata;

/* Joins the dataflow that started this process (DORA_NODE_CONFIG). Blocks until every node of the
 * dataflow has joined, so that nothing sent afterwards can be lost because a peer was not there
 * yet. Fails with NOT_FOUND when the process was not started by dora, with DISCONNECTED or FAILED
 * (and the name of the node that ended) when the dataflow could not start, with INTERRUPTED when a
 * signal arrived: then call again with the same pointer, until it succeeds or fails otherwise.
 * `*node` is NULL before the first call. */
DORA_API dora_status dora_node_open(dora_node** node);

/* Joins a running dataflow as its node `id`, which the dataflow declares with `path: dynamic`; for
 * a process that dora did not start. The dataflow is looked for among all that this user runs;
 * DORA_DATAFLOW (an id or a name) narrows the choice. Fails with NOT_FOUND when none has such a
 * node, with INVALID_INPUT when several have or the node is not dynamic, with DISCONNECTED when
 * somebody is attached as it already or the dataflow ends; else as dora_node_open. A node may leave
 * (dora_node_close) and attach again. */
DORA_API dora_status dora_node_attach(dora_node** node, const char* id, size_t length);

/* Closes all outputs and ends the stream. Events and Arrow arrays taken from the node stay valid.
 */
DORA_API void dora_node_close(dora_node* node);

DORA_API const char* dora_node_id(const dora_node* node);
DORA_API const char* dora_node_dataflow_id(const dora_node* node);
/* How often this node was started before in this run. */
DORA_API uint32_t dora_node_restart_count(const dora_node* node);
/* JSON text: what this node was configured with, and the whole dataflow. */
DORA_API const char* dora_node_config_json(const dora_node* node);
DORA_API const char* dora_node_dataflow_json(const dora_node* node);

/* Writes a log line on stdout, as `dora logs` shows it. level: "error", "warn", "info", "debug" or
 * "trace"; others count as "info". */
DORA_API dora_status dora_node_log(const dora_node* node, const char* level, size_t level_length,
                                   const char* text, size_t length);

/* ---- Events ---------------------------------------------------------------------------------- */

typedef enum dora_event_type {
  DORA_EVENT_STOP = 0, /* id: "MANUAL" or "ALL_INPUTS_CLOSED" */
  DORA_EVENT_INPUT = 1,
  DORA_EVENT_INPUT_CLOSED = 2,
  DORA_EVENT_ERROR = 3,
  DORA_EVENT_UNKNOWN = 4,
  DORA_EVENT_INPUT_RECOVERED = 5,
  DORA_EVENT_NODE_RESTARTED = 6, /* id: the node */
  DORA_EVENT_NODE_FAILED =
      7, /* id: the node; json: {"source_node_id","error","affected_input_ids"} */
  DORA_EVENT_RELOAD = 8,
  DORA_EVENT_PARAM_UPDATE = 9,  /* id: the key; json: the value */
  DORA_EVENT_PARAM_DELETED = 10 /* id: the key */
} dora_event_type;

/* Waits for the next event, at most `timeout_ns` (0: polls, negative: for ever).
 *
 * OK with an event; OK with *event == NULL once the stream has ended, then for ever; TIMED_OUT when
 * nothing came; INTERRUPTED when a signal handler ran. Several threads may wait; each event goes to
 * one of them. Free the event with dora_event_release. */
DORA_API dora_status dora_node_next(dora_node* node, int64_t timeout_ns, dora_event** event);

/* Whether dora_node_next would return at once (with an event, or the end of the stream). */
DORA_API bool dora_node_has_event(dora_node* node);

/* A descriptor for epoll, poll or an asyncio loop: readable when events may be waiting. Owned by
 * the node. Use it like this: dora_node_arm; when that says false, wait for the descriptor; then
 * take events with timeout 0 until TIMED_OUT, and arm again. */
DORA_API int dora_node_fd(dora_node* node);
/* Asks for a wake-up through dora_node_fd. Returns false when armed; true when an event is ready
 * now, and nothing was armed. `*deadline_ns` (monotonic; NULL allowed) becomes the time at which
 * a timer input is due, or INT64_MAX: the caller must look again then, as a timer does not make the
 * descriptor readable. */
DORA_API bool dora_node_arm(dora_node* node, int64_t* deadline_ns);

DORA_API dora_event* dora_event_retain(dora_event* event); /* also as payload owner: any thread */
DORA_API void dora_event_release(dora_event* event);

DORA_API dora_event_type dora_event_get_type(const dora_event* event);
/* The id the type speaks of; "" where there is none. */
DORA_API const char* dora_event_id(const dora_event* event, size_t* length);
/* For INPUT: the number of the input among the node's inputs, stable while the node lives; else -1.
 * Lets a binding keep one string object per input. */
DORA_API int32_t dora_event_input_index(const dora_event* event);
/* The text of ERROR, or the JSON of NODE_FAILED and PARAM_UPDATE; "" else. */
DORA_API const char* dora_event_text(const dora_event* event, size_t* length);

/* For INPUT, else 0: when it was sent (Unix epoch), and its number among its output's messages. */
DORA_API int64_t dora_event_timestamp_ns(const dora_event* event);
/* Whether an INPUT came through an input that asks for `dora/logs`: its payload is one string, the
 * JSON of a log message. */
DORA_API bool dora_event_is_log(const dora_event* event);
DORA_API uint64_t dora_event_sequence(const dora_event* event);
/* The same moment on CLOCK_MONOTONIC. */
DORA_API int64_t dora_event_sent_monotonic_ns(const dora_event* event);

/* A dense array of fixed-width numbers, as numpy and DLPack see one. */
typedef struct dora_tensor {
  const void* data;     /* C order, little endian, read-only for receivers */
  const int64_t* shape; /* `rank` numbers; lives as long as the event */
  int32_t rank;
  char format; /* Arrow format letter: b (bit-packed bool) c C s S i I l L e f g; or one of the
                  temporal formats below */
  uint8_t item_bits; /* 1, 8, 16, 32, 64 */
  /* How it was sent: as an n-dimensional array (true), or as a plain Arrow array (false). */
  bool is_ndarray;
  const char* arrow_format; /* the whole Arrow format string, e.g. "l" or "tsn:" */
} dora_tensor;

/* The payload of an INPUT as a tensor. False when it is not a primitive array without nulls and
 * without field metadata; then use dora_event_arrow. Valid while the event is retained. */
DORA_API bool dora_event_tensor(const dora_event* event, dora_tensor* tensor);

/* A number that is equal for payloads of equal Arrow type, within this process; never 0. Lets a
 * binding keep one type object per type. */
DORA_API uint64_t dora_event_type_key(const dora_event* event);
/* Describes the payload's type. The caller releases it. */
DORA_API dora_status dora_event_schema(const dora_event* event, struct ArrowSchema* schema);
/* The payload without copying: the array keeps the memory alive until it is released, on any
 * thread, also after the node was closed. `schema` may be NULL. */
DORA_API dora_status dora_event_arrow(dora_event* event, struct ArrowArray* array,
                                      struct ArrowSchema* schema);

/* ---- Metadata -------------------------------------------------------------------------------- */

typedef enum dora_value_kind {
  DORA_VALUE_BOOL = 1,
  DORA_VALUE_INTEGER = 2,
  DORA_VALUE_FLOAT = 3,
  DORA_VALUE_STRING = 4,
  DORA_VALUE_LIST_INTEGER = 5,
  DORA_VALUE_LIST_FLOAT = 6,
  DORA_VALUE_LIST_STRING = 7,
  DORA_VALUE_TIMESTAMP = 8 /* nanoseconds since the Unix epoch */
} dora_value_kind;

typedef struct dora_text {
  const char* data; /* no NUL at the end */
  size_t length;
} dora_text;

typedef struct dora_value {
  dora_value_kind kind;
  bool boolean;
  int64_t integer; /* also TIMESTAMP */
  double number;
  dora_text text;
  size_t count; /* elements of a list */
  /* Elements of the lists. May be unaligned when read from an event: copy with memcpy. */
  const int64_t* integers;
  const double* numbers;
  /* LIST_STRING: element i through dora_value_string. */
  const void* strings;
} dora_value;

DORA_API dora_text dora_value_string(const dora_value* value, size_t index);

/* The metadata of an INPUT, in key order. What `get` gives lives as long as the event. */
DORA_API size_t dora_event_metadata_count(const dora_event* event);
DORA_API bool dora_event_metadata_at(const dora_event* event, size_t index, dora_text* key,
                                     dora_value* value);

/* Metadata to be sent. A key that is set twice keeps its last value. Fails with INVALID_INPUT when
 * a key is empty or the limits are passed (64 KiB in all, 256 keys). Keys that begin with "__dora_"
 * are left out. */
DORA_API dora_metadata* dora_metadata_create(void);
DORA_API void dora_metadata_free(dora_metadata* metadata);
DORA_API void dora_metadata_clear(dora_metadata* metadata);
DORA_API dora_status dora_metadata_set_bool(dora_metadata*, dora_text key, bool value);
DORA_API dora_status dora_metadata_set_integer(dora_metadata*, dora_text key, int64_t value);
DORA_API dora_status dora_metadata_set_float(dora_metadata*, dora_text key, double value);
DORA_API dora_status dora_metadata_set_string(dora_metadata*, dora_text key, dora_text value);
DORA_API dora_status dora_metadata_set_integers(dora_metadata*, dora_text key, const int64_t*,
                                                size_t);
DORA_API dora_status dora_metadata_set_floats(dora_metadata*, dora_text key, const double*, size_t);
DORA_API dora_status dora_metadata_set_strings(dora_metadata*, dora_text key, const dora_text*,
                                               size_t);
DORA_API dora_status dora_metadata_set_timestamp(dora_metadata*, dora_text key, int64_t ns);

/* ---- Sending --------------------------------------------------------------------------------- */

/* The number of an output, for the calls below; NOT_FOUND when the dataflow does not declare it,
 * INVALID_INPUT when it cannot be an output id at all. */
DORA_API dora_status dora_node_find_output(dora_node* node, const char* id, size_t length,
                                           uint32_t* output);

/* Sends copy the payload once into shared memory and return; the caller's memory may be reused.
 * `metadata` may be NULL. They wait only on an input with `queue_policy: backpressure` (INTERRUPTED
 * when a signal arrives meanwhile: nothing was sent). DISCONNECTED after the output was closed,
 * BUSY when the memory limit is reached (the message names the consumer that holds most). */
DORA_API dora_status dora_node_send_bytes(dora_node* node, uint32_t output, const void* data,
                                          size_t size, const dora_metadata* metadata);
DORA_API dora_status dora_node_send_tensor(dora_node* node, uint32_t output,
                                           const dora_tensor* tensor,
                                           const dora_metadata* metadata);
/* Neither array nor schema is released or changed. */
DORA_API dora_status dora_node_send_arrow(dora_node* node, uint32_t output,
                                          const struct ArrowArray* array,
                                          const struct ArrowSchema* schema,
                                          const dora_metadata* metadata);

/* Memory to write a payload of `size` bytes into, to be sent as a UInt8 array without a copy. Its
 * content is unspecified. The sample may outlive the node, but can then no longer be sent. */
DORA_API dora_status dora_sample_create(dora_node* node, uint32_t output, size_t size,
                                        const dora_metadata* metadata, dora_sample** sample);
DORA_API void* dora_sample_data(dora_sample* sample);
DORA_API size_t dora_sample_size(const dora_sample* sample);
/* Sends once. The memory must not be written any more. INVALID_INPUT the second time. */
DORA_API dora_status dora_sample_send(dora_sample* sample);
/* Gives the memory back; an unsent sample is never published. */
DORA_API void dora_sample_free(dora_sample* sample);

/* Closes outputs before the node ends: their consumers see INPUT_CLOSED after the messages sent. */
DORA_API dora_status dora_node_close_outputs(dora_node* node, const uint32_t* outputs,
                                             size_t count);

/* ---- Extension table ------------------------------------------------------------------------- */

/* Small values that the nodes of a dataflow share through the daemon, by namespace and key. Only
 * the node that stored an entry may store it again; it goes when it is dropped, or when that node
 * ends. Each call waits for the daemon's answer. */

/* At most 64 KiB. INVALID_INPUT when another node stored that key, or the table is full. */
DORA_API dora_status dora_node_extension_store(dora_node* node, dora_text space, dora_text key,
                                               const void* value, size_t size);
/* OK with `*value` NULL when there is no such entry; else it ends with a NUL that `*size` does not
 * count, and is freed with dora_memory_free. `remove`: the entry goes. */
DORA_API dora_status dora_node_extension_load(dora_node* node, dora_text space, dora_text key,
                                              bool remove, char** value, size_t* size);
DORA_API dora_status dora_node_extension_drop(dora_node* node, dora_text space, dora_text key);
/* The keys of entries that this node stored or loaded and that went since the last call: each with
 * a NUL at its end, one after the other, `*size` bytes in all. Free them with dora_memory_free. */
DORA_API dora_status dora_node_extension_dropped(dora_node* node, dora_text space, char** keys,
                                                 size_t* size);
DORA_API void dora_memory_free(void* memory);

#ifdef __cplusplus
}
#endif

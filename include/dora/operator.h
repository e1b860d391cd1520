#pragma once
/* SPDX-License-Identifier: Apache-2.0 */
/* The C API for operators: code in a shared library that shares a process with other operators of
 * its node. The library exports the four functions of the first section; the runtime loads it and
 * calls them one after the other, on one thread. The conventions of <dora/node.h> hold here too.
 *
 * The functions that the runtime offers (all of <dora/node.h> that take events and metadata, and
 * those below) are found in the process that loads the library: it is linked with nothing of dora.
 * In CMake: `find_package(dora)`, then `dora_add_operator(blur blur.c)`.
 */

#include <dora/node.h>

#ifdef __cplusplus
extern "C" {
#endif

#define DORA_OPERATOR_ABI 1

typedef enum dora_operator_status {
  DORA_OPERATOR_CONTINUE = 0,
  DORA_OPERATOR_STOP = 1,    /* end this operator */
  DORA_OPERATOR_STOP_ALL = 2 /* stop the whole dataflow */
} dora_operator_status;

/* The runtime's side of an operator. Valid from create to destroy, on the thread of the calls. */
typedef struct dora_operator dora_operator;

/* ---- What the library exports ---------------------------------------------------------------- */

/* The version of this header; the runtime refuses others. Defined here.
 * NOLINTNEXTLINE(misc-definitions-in-headers): weak, so that several sources may include it. */
__attribute__((weak)) DORA_API uint32_t dora_operator_abi(void) {
  return DORA_OPERATOR_ABI;
}

/* Makes the operator's state. To fail: return dora_operator_fail(self, why, length). */
DORA_API dora_status dora_operator_create(dora_operator* self, void** state);

/* Handles an event, which lives until the call returns unless it is retained. `*answer` is CONTINUE
 * before the call. A failure ends the node.
 *
 * After STOP, or after DORA_EVENT_STOP whatever the answer, no event follows. */
DORA_API dora_status dora_operator_on_event(dora_operator* self, void* state, dora_event* event,
                                            dora_operator_status* answer);

/* Frees the state. Called once for each state that was made; nothing can be sent any more. */
DORA_API void dora_operator_destroy(dora_operator* self, void* state);

/* ---- What the runtime offers ----------------------------------------------------------------- */

/* The operator's id, and that of its node. */
DORA_API const char* dora_operator_id(const dora_operator* self);
DORA_API const char* dora_operator_node_id(const dora_operator* self);

/* Keeps the text for the error message, and returns DORA_FAILED. */
DORA_API dora_status dora_operator_fail(dora_operator* self, const char* text, size_t length);

/* Writes a log line of this node. level: "error", "warn", "info", "debug" or "trace". */
DORA_API dora_status dora_operator_log(dora_operator* self, const char* level, const char* text,
                                       size_t length);

/* The number of one of the operator's outputs; NOT_FOUND when the dataflow does not declare it. */
DORA_API dora_status dora_operator_find_output(dora_operator* self, const char* id, size_t length,
                                               uint32_t* output);

/* These copy the payload once; the caller's memory may be reused. `metadata` may be NULL. */
DORA_API dora_status dora_operator_send_bytes(dora_operator* self, uint32_t output,
                                              const void* data, size_t size,
                                              const dora_metadata* metadata);
DORA_API dora_status dora_operator_send_tensor(dora_operator* self, uint32_t output,
                                               const dora_tensor* tensor,
                                               const dora_metadata* metadata);
/* Operators of the same node receive these very buffers; nothing is copied for them. `array` is
 * taken over, also when the call fails; `schema` stays the caller's. The buffers must not be
 * changed any more. */
DORA_API dora_status dora_operator_send_arrow(dora_operator* self, uint32_t output,
                                              struct ArrowArray* array,
                                              const struct ArrowSchema* schema,
                                              const dora_metadata* metadata);
/* Passes on the payload of an INPUT, without copying it for operators of the same node. */
DORA_API dora_status dora_operator_send_event(dora_operator* self, uint32_t output,
                                              dora_event* event, const dora_metadata* metadata);

#ifdef __cplusplus
}
#endif

#pragma once
/* SPDX-License-Identifier: Apache-2.0 */
/* The functions that C nodes of dora-rs are written with, over <dora/node.h>: such a node is
 * compiled anew and needs no change. New nodes are better off with <dora/node.h>. */

#include <dora/node.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

enum DoraEventType {
  DoraEventType_Stop,
  DoraEventType_Input,
  DoraEventType_InputClosed,
  DoraEventType_Error,
  DoraEventType_Unknown
};

/* NULL when the dataflow could not be joined. */
static inline void* init_dora_context_from_env(void) {
  dora_node* node = NULL;
  dora_status status;
  do {
    status = dora_node_open(&node);
  } while (status == DORA_INTERRUPTED);
  return status == DORA_OK ? node : NULL;
}
static inline void free_dora_context(void* context) {
  dora_node_close((dora_node*)context);
}

/* Waits; NULL at the end of the stream. */
static inline void* dora_next_event(void* context) {
  dora_event* event = NULL;
  dora_status status;
  do {
    status = dora_node_next((dora_node*)context, -1, &event);
  } while (status == DORA_INTERRUPTED);
  return event;
}
static inline void free_dora_event(void* event) {
  dora_event_release((dora_event*)event);
}

static inline enum DoraEventType read_dora_event_type(void* event) {
  switch (dora_event_get_type((const dora_event*)event)) {
    case DORA_EVENT_STOP:
      return DoraEventType_Stop;
    case DORA_EVENT_INPUT:
      return DoraEventType_Input;
    case DORA_EVENT_INPUT_CLOSED:
      return DoraEventType_InputClosed;
    case DORA_EVENT_ERROR:
      return DoraEventType_Error;
    default:
      return DoraEventType_Unknown;
  }
}

/* NULL and 0 when the event is no input. The text does not count on a NUL at its end. */
static inline void read_dora_input_id(void* event, char** out_ptr, size_t* out_len) {
  *out_ptr = NULL;
  *out_len = 0;
  if (dora_event_get_type((const dora_event*)event) == DORA_EVENT_INPUT)
    *out_ptr = (char*)dora_event_id((const dora_event*)event, out_len);
}

/* NULL and 0 for anything but a UInt8 array with elements. */
static inline void read_dora_input_data(void* event, char** out_ptr, size_t* out_len) {
  dora_tensor tensor;
  size_t size = 1;
  *out_ptr = NULL;
  *out_len = 0;
  if (!dora_event_tensor((const dora_event*)event, &tensor) || tensor.format != 'C') return;
  for (int32_t i = 0; i < tensor.rank; ++i)
    size *= (size_t)tensor.shape[i];
  if (size == 0) return;
  *out_ptr = (char*)tensor.data;
  *out_len = size;
}

/* As NTP counts: seconds since the Unix epoch in the upper half, fractions in the lower. */
static inline unsigned long long read_dora_input_timestamp(void* event) {
  const int64_t ns = dora_event_timestamp_ns((const dora_event*)event);
  const unsigned long long seconds = (unsigned long long)(ns / 1000000000);
  const unsigned long long rest = (unsigned long long)(ns % 1000000000);
  return (seconds << 32) | ((rest << 32) / 1000000000);
}

/* 0, or -1 when it failed. */
static inline int dora_send_output(void* context, const char* id, size_t id_len, const char* data,
                                   size_t data_len) {
  uint32_t output = 0;
  if (context == NULL || id == NULL || (data == NULL && data_len > 0)) return -1;
  if (dora_node_find_output((dora_node*)context, id, id_len, &output) != DORA_OK) return -1;
  return dora_node_send_bytes((dora_node*)context, output, data, data_len, NULL) == DORA_OK ? 0
                                                                                            : -1;
}

static inline int dora_log(void* context, const char* level, size_t level_len, const char* message,
                           size_t message_len) {
  if (context == NULL || level == NULL || message == NULL) return -1;
  return dora_node_log((dora_node*)context, level, level_len, message, message_len) == DORA_OK ? 0
                                                                                               : -1;
}

#ifdef __cplusplus
}
#endif

#pragma once
/* SPDX-License-Identifier: Apache-2.0 */
/* The types that C operators of dora-rs are written with, over <dora/operator.h>: such an operator
 * is compiled anew and needs no change. New operators are better off with <dora/operator.h>, which
 * has metadata, Arrow arrays and all kinds of events. */

#include <dora/operator.h>
#include <stdlib.h>
#include <string.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct Vec_uint8 {
  uint8_t* ptr;
  size_t len;
  size_t cap;
} Vec_uint8_t;

/* `error` is NULL when all went well, else a text. */
typedef struct DoraResult {
  Vec_uint8_t* error;
} DoraResult_t;

typedef struct DoraInitResult {
  DoraResult_t result;
  void* operator_context;
} DoraInitResult_t;

typedef uint8_t DoraStatus_t;
enum {
  DORA_STATUS_CONTINUE = 0,
  DORA_STATUS_STOP = 1,
  DORA_STATUS_STOP_ALL = 2,
};

typedef struct OnEventResult {
  DoraResult_t result;
  DoraStatus_t status;
} OnEventResult_t;

typedef struct Input Input_t;

/* One of the members is set. */
typedef struct RawEvent {
  Input_t* input;
  Vec_uint8_t input_closed; /* the id */
  bool stop;
  Vec_uint8_t error; /* the text */
} RawEvent_t;

/* Valid during dora_on_event. */
typedef struct SendOutput {
  dora_operator* self;
} SendOutput_t;

/* A copy of the id that ends with NUL, for dora_free_input_id. */
static inline char* dora_read_input_id(const Input_t* input) {
  size_t length = 0;
  const char* id = dora_event_id((const dora_event*)input, &length);
  char* copy = (char*)malloc(length + 1);
  if (copy != NULL) memcpy(copy, id, length + 1);
  return copy;
}
static inline void dora_free_input_id(char* input_id) {
  free(input_id);
}

/* A copy of the bytes of a UInt8 array, for dora_free_data; `ptr` is NULL for all other payloads.
 */
static inline Vec_uint8_t dora_read_data(Input_t* input) {
  Vec_uint8_t data = {NULL, 0, 0};
  dora_tensor tensor;
  if (!dora_event_tensor((const dora_event*)input, &tensor) || tensor.format != 'C') return data;
  size_t size = 1;
  for (int32_t i = 0; i < tensor.rank; ++i)
    size *= (size_t)tensor.shape[i];
  if (size == 0) return data;
  data.ptr = (uint8_t*)malloc(size);
  if (data.ptr == NULL) return data;
  memcpy(data.ptr, tensor.data, size);
  data.len = data.cap = size;
  return data;
}
static inline void dora_free_data(Vec_uint8_t data) {
  free(data.ptr);
}

/* Sends bytes as a UInt8 array; (NULL, 0) is an empty one. */
static inline DoraResult_t dora_send_operator_output(const SendOutput_t* send_output,
                                                     const char* id, const uint8_t* data,
                                                     size_t length) {
  DoraResult_t result = {NULL};
  uint32_t output = 0;
  dora_status status = dora_operator_find_output(send_output->self, id, strlen(id), &output);
  if (status == DORA_OK)
    status = dora_operator_send_bytes(send_output->self, output, data, length, NULL);
  if (status == DORA_OK) return result;
  const char* text = dora_error_message();
  const size_t size = strlen(text);
  result.error = (Vec_uint8_t*)malloc(sizeof(Vec_uint8_t));
  if (result.error == NULL) return result;
  result.error->ptr = (uint8_t*)malloc(size + 1);
  result.error->len = result.error->cap = result.error->ptr == NULL ? 0 : size;
  if (result.error->ptr != NULL) memcpy(result.error->ptr, text, size + 1);
  return result;
}

#ifdef __cplusplus
}
#endif

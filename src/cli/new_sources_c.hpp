#pragma once
// SPDX-License-Identifier: Apache-2.0
// The sources that `dora new` writes in C.

#include <string_view>

namespace dora::cli {

/// Stands before each of the nodes.
inline constexpr std::string_view c_node_beginning = R"(#include <dora/node.h>
#include <stdio.h>

static int fail(void) {
  fprintf(stderr, "%s\n", dora_error_message());
  return 1;
}

)";

inline constexpr std::string_view c_talker = R"(/* Sends a greeting whenever the clock ticks. */
int main(void) {
  dora_node* node = NULL;
  uint32_t speech = 0;
  if (dora_node_open(&node) != DORA_OK ||
      dora_node_find_output(node, "speech", 6, &speech) != DORA_OK)
    return fail();

  int count = 0;
  for (;;) {
    dora_event* event = NULL;
    if (dora_node_next(node, -1, &event) != DORA_OK) return fail();
    if (event == NULL) break; /* the dataflow ends */
    if (dora_event_get_type(event) == DORA_EVENT_INPUT) {
      char text[64];
      const int length = snprintf(text, sizeof text, "hello %d", count++);
      if (dora_node_send_bytes(node, speech, text, (size_t)length, NULL) != DORA_OK) return fail();
    }
    dora_event_release(event);
  }
  dora_node_close(node);
  return 0;
}
)";

inline constexpr std::string_view c_listener = R"(/* Prints what arrives. */
int main(void) {
  dora_node* node = NULL;
  if (dora_node_open(&node) != DORA_OK) return fail();

  for (;;) {
    dora_event* event = NULL;
    if (dora_node_next(node, -1, &event) != DORA_OK) return fail();
    if (event == NULL) break; /* the dataflow ends */
    dora_tensor bytes;
    if (dora_event_get_type(event) == DORA_EVENT_INPUT && dora_event_tensor(event, &bytes)) {
      printf("I heard %.*s from %s\n", (int)bytes.shape[0], (const char*)bytes.data,
             dora_event_id(event, NULL));
      fflush(stdout);
    }
    dora_event_release(event);
  }
  dora_node_close(node);
  return 0;
}
)";

inline constexpr std::string_view c_counter = R"(/* Counts the ticks of a clock. */
int main(void) {
  dora_node* node = NULL;
  uint32_t output = 0;
  if (dora_node_open(&node) != DORA_OK ||
      dora_node_find_output(node, "count", 5, &output) != DORA_OK)
    return fail();

  int64_t count = 0;
  const int64_t length = 1;
  /* An array of one 64-bit integer, as `pa.array([count])` is in Python. */
  const dora_tensor array = {
      .data = &count, .shape = &length, .rank = 1, .format = 'l', .item_bits = 64};
  for (;;) {
    dora_event* event = NULL;
    if (dora_node_next(node, -1, &event) != DORA_OK) return fail();
    if (event == NULL) break; /* the dataflow ends */
    if (dora_event_get_type(event) == DORA_EVENT_INPUT) {
      ++count;
      printf("count: %lld\n", (long long)count);
      fflush(stdout);
      if (dora_node_send_tensor(node, output, &array, NULL) != DORA_OK) return fail();
    }
    dora_event_release(event);
  }
  dora_node_close(node);
  return 0;
}
)";

inline constexpr std::string_view c_operator = R"(/* Counts the ticks of a clock. */
#include <dora/operator.h>
#include <stdlib.h>

dora_status dora_operator_create(dora_operator* self, void** state) {
  (void)self;
  *state = calloc(1, sizeof(int64_t));
  return *state == NULL ? DORA_FAILED : DORA_OK;
}

dora_status dora_operator_on_event(dora_operator* self, void* state, dora_event* event,
                                   dora_operator_status* answer) {
  (void)answer; /* says CONTINUE already */
  if (dora_event_get_type(event) != DORA_EVENT_INPUT) return DORA_OK;
  int64_t* count = state;
  ++*count;
  /* An array of one 64-bit integer, as `pa.array([count])` is in Python. */
  const int64_t length = 1;
  const dora_tensor array = {
      .data = count, .shape = &length, .rank = 1, .format = 'l', .item_bits = 64};
  uint32_t output = 0;
  const dora_status found = dora_operator_find_output(self, "count", 5, &output);
  return found != DORA_OK ? found : dora_operator_send_tensor(self, output, &array, NULL);
}

void dora_operator_destroy(dora_operator* self, void* state) {
  (void)self;
  free(state);
}
)";

inline constexpr std::string_view c_receiver = R"(/* Prints what arrives. */
int main(void) {
  dora_node* node = NULL;
  if (dora_node_open(&node) != DORA_OK) return fail();

  for (;;) {
    dora_event* event = NULL;
    if (dora_node_next(node, -1, &event) != DORA_OK) return fail();
    if (event == NULL) break; /* the dataflow ends */
    dora_tensor array;
    if (dora_event_get_type(event) == DORA_EVENT_INPUT && dora_event_tensor(event, &array) &&
        array.format == 'l') {
      printf("got %s: %lld\n", dora_event_id(event, NULL),
             (long long)((const int64_t*)array.data)[0]);
      fflush(stdout);
    }
    dora_event_release(event);
  }
  dora_node_close(node);
  return 0;
}
)";

}  // namespace dora::cli

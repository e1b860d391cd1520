/* A node that is its own consumer: sends `count` payloads of `size` bytes, and takes each, in
 * bursts of `burst`. Instructions of a run of 2000, less those of a run of 1000, are those of 1000
 * messages: what starting and ending cost falls out. */
#include <dora/node.h>
#include <stdio.h>
#include <stdlib.h>

static void must(dora_status status) {
  if (status == DORA_OK) return;
  fprintf(stderr, "%s\n", dora_error_message());
  exit(1);
}

int main(int argc, char** argv) {
  if (argc != 4) return 2;
  const long count = atol(argv[1]), burst = atol(argv[3]);
  const size_t size = (size_t)atol(argv[2]);
  void* payload = calloc(size, 1);
  dora_node* node = NULL;
  must(dora_node_open(&node));
  uint32_t output = 0;
  must(dora_node_find_output(node, "out", 3, &output));
  for (long sent = 0; sent < count; sent += burst) {
    for (long i = 0; i < burst; ++i)
      must(dora_node_send_bytes(node, output, payload, size, NULL));
    for (long i = 0; i < burst; ++i) {
      dora_event* event = NULL;
      must(dora_node_next(node, -1, &event));
      dora_tensor tensor;
      if (event == NULL || !dora_event_tensor(event, &tensor)) return 3;
      dora_event_release(event);
    }
  }
  dora_node_close(node);
  free(payload);
  return 0;
}

/* A node in C: sends the numbers from 1 to 5. */
#include <dora/node.h>
#include <stdio.h>

int main(void) {
  dora_node* node = NULL;
  uint32_t numbers = 0;
  if (dora_node_open(&node) != DORA_OK ||
      dora_node_find_output(node, "numbers", 7, &numbers) != DORA_OK) {
    fprintf(stderr, "%s\n", dora_error_message());
    return 1;
  }
  const int64_t length = 1;
  for (int32_t number = 1; number <= 5; ++number) {
    const dora_tensor tensor = {
        .data = &number, .shape = &length, .rank = 1, .format = 'i', .item_bits = 32};
    if (dora_node_send_tensor(node, numbers, &tensor, NULL) != DORA_OK) {
      fprintf(stderr, "%s\n", dora_error_message());
      return 1;
    }
  }
  dora_node_close(node);
  return 0;
}

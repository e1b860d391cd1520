// A node in C++: prints the bytes it receives.
#include <iostream>

#include <dora/node.hpp>

int main() {
  dora::Node node;
  while (const auto event = node.next()) {
    if (!event->is_input("text")) continue;
    const auto bytes = event->bytes();
    std::cout << std::string(bytes.begin(), bytes.end()) << std::endl;
  }
}

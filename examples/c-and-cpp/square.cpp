// An operator in C++, between two in Python.
#include <dora/operator.hpp>

class Square : public dora::Operator {
 public:
  dora::Status on_event(const dora::Event& event, dora::Sender& sender) override {
    if (event.is_input()) {
      const auto number = event.numbers<std::int64_t>()[0];
      const dora::Metadata metadata = event.metadata();
      sender.send("square", number * number, &metadata);
    }
    return dora::Status::Continue;
  }
};

std::unique_ptr<dora::Operator> dora::make_operator() {
  return std::make_unique<Square>();
}

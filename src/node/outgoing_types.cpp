// SPDX-License-Identifier: Apache-2.0
#include "node/outgoing_types.hpp"

#include <utility>

namespace dora::node {
namespace {

// A sender that invents types without end must not grow for ever.
constexpr std::size_t most_kept = shared_memory::max_types;

}  // namespace

const OutgoingType* OutgoingTypes::keep(array::Type type, shared_memory::Arena& arena) {
  auto offset = arena.write_type(type.encoded());
  types_.push_back({std::move(type), offset});
  return &types_.back();
}

[[gnu::hot]] Result<const OutgoingType*> OutgoingTypes::find(const Payload& payload,
                                                             shared_memory::Arena& arena) {
  if (payload.schema() == nullptr) {
    auto format = payload.primitive_format();
    bool is_letter = format.size() == 1 && static_cast<unsigned char>(format[0]) < 128;
    if (is_letter) {
      const auto*& known = by_letter_[static_cast<unsigned char>(format[0])];
      if (known == nullptr) known = keep(TRY(array::Type::primitive(format)), arena);
      return known;
    }
    for (const OutgoingType& known : types_) {
      if (known.type.is_primitive() && known.type.format() == format) return &known;
    }
    return keep(TRY(array::Type::primitive(format)), arena);
  }
  const ArrowSchema& schema = *payload.schema();
  if (last_schema_ != nullptr && last_schema_->type.matches(schema)) return last_schema_;
  for (const OutgoingType& known : types_) {
    if (known.type.matches(schema)) return last_schema_ = &known;
  }
  auto type = TRY(array::Type::from_schema(schema));
  if (types_.size() < most_kept) return last_schema_ = keep(std::move(type), arena);
  passing_ = OutgoingType{std::move(type), std::nullopt};
  return &*passing_;
}

}  // namespace dora::node

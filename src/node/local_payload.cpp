// SPDX-License-Identifier: Apache-2.0
#include "node/local_payload.hpp"

#include <utility>

namespace dora::node {
namespace {

/// What an array that was given out holds: the payload, and the structs of its children.
struct SharedArray {
  LocalPayload::Pointer payload;
  std::vector<ArrowArray> children;
  std::vector<ArrowArray*> pointers;
  ArrowArray dictionary{};
};

void release_shared(ArrowArray* array) {
  auto* shared = static_cast<SharedArray*>(array->private_data);
  // A child that was moved out is marked as released, and keeps the payload by itself.
  for (ArrowArray& child : shared->children) {
    if (child.release != nullptr) child.release(&child);
  }
  if (shared->dictionary.release != nullptr) shared->dictionary.release(&shared->dictionary);
  array->release = nullptr;
  delete shared;
}

void share_array(const ArrowArray& source, const LocalPayload::Pointer& payload, ArrowArray* out) {
  auto* shared = new SharedArray{payload, {}, {}, {}};
  *out = source;
  shared->children.resize(static_cast<std::size_t>(source.n_children));
  for (std::size_t i = 0; i < shared->children.size(); ++i) {
    share_array(*source.children[i], payload, &shared->children[i]);
    shared->pointers.push_back(&shared->children[i]);
  }
  out->children = shared->pointers.data();
  if (source.dictionary != nullptr) {
    share_array(*source.dictionary, payload, &shared->dictionary);
    out->dictionary = &shared->dictionary;
  }
  out->private_data = shared;
  out->release = release_shared;
}

}  // namespace

Result<PayloadTypePointer> LocalTypes::find(const ArrowSchema& schema) {
  std::lock_guard lock(mutex_);
  if (last_ && last_->type.matches(schema)) return last_;
  auto type = TRY(array::Type::from_schema(schema));
  last_ = types_.find(type);
  return last_;
}

Result<LocalPayload::Pointer> LocalPayload::of_array(ArrowArray& array, const ArrowSchema& schema,
                                                     LocalTypes& types) {
  Pointer payload(new LocalPayload);
  payload->view_.array = std::exchange(array, ArrowArray{});
  payload->view_.type = TRY(types.find(schema));
  payload->made_.emplace();
  return payload;
}

Result<LocalPayload::Pointer> LocalPayload::of_ndarray(ArrowArray array, const std::string& format,
                                                       std::span<const std::int64_t> shape,
                                                       LocalTypes& types) {
  ArrowSchema schema{};
  schema.format = format.c_str();
  schema.name = "";
  schema.flags = ARROW_FLAG_NULLABLE;
  schema.release = [](ArrowSchema* released) { released->release = nullptr; };
  auto payload = TRY(of_array(array, schema, types));
  payload->view_.is_ndarray = true;
  payload->view_.shape.assign(shape.begin(), shape.end());
  return payload;
}

LocalPayload::Pointer LocalPayload::of_object(const dora_object& object,
                                              std::shared_ptr<LocalTypes> types) {
  Pointer payload(new LocalPayload);
  payload->object_ = object;
  payload->types_ = std::move(types);
  return payload;
}

LocalPayload::~LocalPayload() {
  if (view_.array.release != nullptr) view_.array.release(&view_.array);
  if (object_.release != nullptr) object_.release(object_.object);
}

Result<const LocalPayload::View*> LocalPayload::view() {
  std::lock_guard lock(mutex_);
  if (!made_) made_ = make_view();
  TRY(*made_);
  return &view_;
}

Result<> LocalPayload::make_view() {
  dora_exported exported{};
  if (!object_.export_arrow(object_.object, &exported)) {
    return fail(ErrorKind::Unsupported, "the payload cannot be seen as an Arrow array");
  }
  view_.array = exported.array;
  view_.is_ndarray = exported.is_ndarray;
  view_.shape.assign(exported.shape, exported.shape + exported.rank);
  auto type = types_->find(exported.schema);
  if (exported.schema.release != nullptr) exported.schema.release(&exported.schema);
  view_.type = TRY(std::move(type));
  return {};
}

Result<> LocalPayload::share(ArrowArray* out) {
  const View& source = *TRY(view());
  share_array(source.array, shared_from_this(), out);
  return {};
}

std::optional<dora_tensor> LocalPayload::tensor() {
  auto seen = view();
  if (!seen) return std::nullopt;
  const View& source = **seen;
  const ArrowArray& array = source.array;
  const bool has_nulls =
      array.null_count != 0 && array.n_buffers > 0 && array.buffers[0] != nullptr;
  if (!source.type->type.is_primitive() || array.n_buffers != 2 || has_nulls) return std::nullopt;
  const std::size_t bits = source.type->type.bit_width();
  const std::int64_t first_bit = array.offset * static_cast<std::int64_t>(bits);
  if (first_bit % 8 != 0) return std::nullopt;
  flat_length_ = array.length;  // never another number
  dora_tensor tensor{};
  const auto* values = static_cast<const std::byte*>(array.buffers[1]);
  tensor.data = values == nullptr ? values : values + first_bit / 8;
  tensor.shape = source.is_ndarray ? source.shape.data() : &flat_length_;
  tensor.rank = source.is_ndarray ? static_cast<std::int32_t>(source.shape.size()) : 1;
  tensor.arrow_format = source.type->format.c_str();
  tensor.format = tensor.arrow_format[0];
  tensor.item_bits = static_cast<std::uint8_t>(bits);
  tensor.is_ndarray = source.is_ndarray;
  return tensor;
}

}  // namespace dora::node

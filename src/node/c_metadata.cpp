// SPDX-License-Identifier: Apache-2.0
// The C API of metadata: a thin skin over message::MetadataWriter.
#include <cstring>
#include <string_view>
#include <vector>

#include "dora/node.h"
#include "message/metadata.hpp"
#include "node/c_handles.hpp"

using dora::message::MetadataEntry;
using dora::message::MetadataWriter;
using dora::node::as_event;
using dora::node::set_status;

namespace {

std::string_view view(dora_text text) {
  return {text.data, text.length};
}
dora_text text_of(std::string_view text) {
  return {text.data(), text.size()};
}

MetadataWriter& writer(dora_metadata* metadata) {
  return metadata->writer;
}

}  // namespace

extern "C" {

dora_metadata* dora_metadata_create(void) {
  return new dora_metadata;
}
void dora_metadata_free(dora_metadata* metadata) {
  delete metadata;
}
void dora_metadata_clear(dora_metadata* metadata) {
  writer(metadata).clear();
}

dora_status dora_metadata_set_bool(dora_metadata* metadata, dora_text key, bool value) {
  return set_status(writer(metadata).set_bool(view(key), value));
}
dora_status dora_metadata_set_integer(dora_metadata* metadata, dora_text key, int64_t value) {
  return set_status(writer(metadata).set_integer(view(key), value));
}
dora_status dora_metadata_set_float(dora_metadata* metadata, dora_text key, double value) {
  return set_status(writer(metadata).set_float(view(key), value));
}
dora_status dora_metadata_set_string(dora_metadata* metadata, dora_text key, dora_text value) {
  return set_status(writer(metadata).set_string(view(key), view(value)));
}
dora_status dora_metadata_set_integers(dora_metadata* metadata, dora_text key,
                                       const int64_t* values, size_t count) {
  return set_status(writer(metadata).set_integers(view(key), {values, count}));
}
dora_status dora_metadata_set_floats(dora_metadata* metadata, dora_text key, const double* values,
                                     size_t count) {
  return set_status(writer(metadata).set_floats(view(key), {values, count}));
}
dora_status dora_metadata_set_strings(dora_metadata* metadata, dora_text key,
                                      const dora_text* values, size_t count) {
  std::vector<std::string_view> texts;
  texts.reserve(count);
  for (size_t i = 0; i < count; ++i)
    texts.push_back(view(values[i]));
  return set_status(writer(metadata).set_strings(view(key), texts));
}
dora_status dora_metadata_set_timestamp(dora_metadata* metadata, dora_text key, int64_t ns) {
  return set_status(writer(metadata).set_timestamp(view(key), ns));
}

size_t dora_event_metadata_count(const dora_event* event) {
  return as_event(event).metadata().size();
}

bool dora_event_metadata_at(const dora_event* event, size_t index, dora_text* key,
                            dora_value* value) {
  const auto& entries = as_event(event).metadata();
  if (index >= entries.size()) return false;
  const MetadataEntry& entry = entries[index];
  *key = text_of(entry.key);
  *value = dora_value{};
  value->kind = static_cast<dora_value_kind>(entry.kind);
  switch (value->kind) {
    case DORA_VALUE_BOOL:
      value->boolean = entry.as_bool();
      break;
    case DORA_VALUE_INTEGER:
    case DORA_VALUE_TIMESTAMP:
      value->integer = entry.as_integer();
      break;
    case DORA_VALUE_FLOAT:
      value->number = entry.as_float();
      break;
    case DORA_VALUE_STRING:
      value->text = text_of(entry.as_string());
      break;
    case DORA_VALUE_LIST_INTEGER:
      value->count = entry.list_size();
      value->integers = reinterpret_cast<const int64_t*>(entry.value.data());
      break;
    case DORA_VALUE_LIST_FLOAT:
      value->count = entry.list_size();
      value->numbers = reinterpret_cast<const double*>(entry.value.data());
      break;
    case DORA_VALUE_LIST_STRING:
      value->count = entry.list_size();
      value->strings = &entry;
      break;
  }
  return true;
}

dora_text dora_value_string(const dora_value* value, size_t index) {
  const auto* entry = static_cast<const MetadataEntry*>(value->strings);
  if (entry == nullptr || index >= value->count) return {"", 0};
  return text_of(entry->string_at(index));
}

}  // extern "C"

// SPDX-License-Identifier: Apache-2.0
#include "operators/native_operator.hpp"

#include <filesystem>
#include <string>
#include <string_view>
#include <utility>

#include <dlfcn.h>
#include <fmt/format.h>

#include "base/spelling.hpp"
#include "dora/upstream/operator_api.h"
#include "node/c_handles.hpp"

namespace dora::operators {
namespace {

namespace fs = std::filesystem;

/// A library that is never closed.
class Library {
 public:
  static Result<Library> open(const fs::path& file) {
    make_own_functions_visible();
    ::dlerror();
    void* handle = ::dlopen(file.c_str(), RTLD_NOW | RTLD_LOCAL);
    if (handle != nullptr) return Library(handle);
    const char* problem = ::dlerror();
    return fail(ErrorKind::NotFound, problem != nullptr ? problem : file.string());
  }

  template <typename Function>
  Function* find(const char* name) const {
    return reinterpret_cast<Function*>(::dlsym(handle_, name));
  }

 private:
  explicit Library(void* handle) : handle_(handle) {}

  /// Operators find dora's functions among those of all the process. Where dora itself was loaded
  /// as a plugin, as in Python, they are not there yet.
  static void make_own_functions_visible() {
    Dl_info own{};
    if (::dladdr(reinterpret_cast<void*>(&dora_operator_send_bytes), &own) == 0) return;
    (void)::dlopen(own.dli_fname, RTLD_NOW | RTLD_GLOBAL | RTLD_NOLOAD);
  }

  void* handle_;
};

/// An operator written with <dora/operator.h>.
class OwnOperator : public NativeOperator {
 public:
  struct Functions {
    decltype(dora_operator_create)* create;
    decltype(dora_operator_on_event)* on_event;
    decltype(dora_operator_destroy)* destroy;
  };

  OwnOperator(OperatorHandle handle, Functions functions)
      : NativeOperator(std::move(handle)), functions_(functions) {}
  ~OwnOperator() override {
    if (is_created_) functions_.destroy(as_handle(&handle_), state_);
  }

  Result<> begin() {
    TRY(check(functions_.create(as_handle(&handle_), &state_)));
    is_created_ = true;
    return {};
  }

  Result<dora_operator_status> on_event(node::Event& event) override {
    dora_operator_status answer = DORA_OPERATOR_CONTINUE;
    TRY(check(functions_.on_event(as_handle(&handle_), state_, node::as_handle(&event), &answer)));
    return answer;
  }

 private:
  Result<> check(dora_status status) {
    if (status == DORA_OK) return {};
    std::string text = std::exchange(handle_.failure, {});
    if (text.empty()) text = dora_error_message();
    if (text.empty()) text = fmt::format("it failed with status {}", static_cast<int>(status));
    return fail(ErrorKind::Failed, std::move(text));
  }

  Functions functions_;
  void* state_ = nullptr;
  bool is_created_ = false;
};

/// An operator written with dora-rs' C API.
class UpstreamOperator : public NativeOperator {
 public:
  struct Functions {
    decltype(dora_init_operator)* init;
    decltype(dora_on_event)* on_event;
    decltype(dora_drop_operator)* drop;
  };

  UpstreamOperator(OperatorHandle handle, Functions functions)
      : NativeOperator(std::move(handle)), functions_(functions) {}
  ~UpstreamOperator() override {
    if (is_created_) (void)functions_.drop(context_);
  }

  Result<> begin() {
    const DoraInitResult_t result = functions_.init();
    TRY(check(result.result));
    context_ = result.operator_context;
    is_created_ = true;
    return {};
  }

  Result<dora_operator_status> on_event(node::Event& event) override {
    RawEvent_t raw{};
    if (!translate(event, raw)) return DORA_OPERATOR_CONTINUE;
    const SendOutput_t sender{as_handle(&handle_)};
    const OnEventResult_t result = functions_.on_event(&raw, &sender, context_);
    TRY(check(result.result));
    return static_cast<dora_operator_status>(result.status);
  }

 private:
  /// False for the kinds of events that such operators do not know.
  static bool translate(node::Event& event, RawEvent_t& raw) {
    const auto bytes_of = [](const std::string& text) {
      auto* data = reinterpret_cast<std::uint8_t*>(const_cast<char*>(text.data()));
      return Vec_uint8_t{data, text.size(), text.size()};
    };
    switch (event.type()) {
      case DORA_EVENT_INPUT:
        raw.input = reinterpret_cast<Input_t*>(&event);
        return true;
      case DORA_EVENT_INPUT_CLOSED:
        raw.input_closed = bytes_of(event.id());
        return true;
      case DORA_EVENT_STOP:
        raw.stop = true;
        return true;
      case DORA_EVENT_ERROR:
        raw.error = bytes_of(event.text());
        return true;
      default:
        return false;
    }
  }

  static Result<> check(const DoraResult_t& result) {
    if (result.error == nullptr) return {};
    const char* text = reinterpret_cast<const char*>(result.error->ptr);
    return fail(ErrorKind::Failed, text == nullptr ? "it failed without a word"
                                                   : std::string(text, result.error->len));
  }

  Functions functions_;
  void* context_ = nullptr;
  bool is_created_ = false;
};

/// Where the library lies that a dataflow calls `source`.
fs::path file_of(const std::string& source, const std::string& sha256) {
  const bool is_url = source.starts_with("http://") || source.starts_with("https://");
  if (!is_url) {
    const fs::path path = source;
    return path.parent_path() / ("lib" + path.filename().string() + ".so");
  }
  // Where python/dora/_operator_source.py has put it.
  const std::string_view address = std::string_view(source).substr(0, source.find_first_of("?#"));
  std::string name(address.substr(address.rfind('/') + 1));
  if (name.empty() || name.starts_with('.')) name = "program" + name;
  return fs::path("build") / to_lower(sha256) / name;
}

Result<> check_version(const Library& library) {
  auto* const version = library.find<decltype(dora_operator_abi)>("dora_operator_abi");
  const std::uint32_t found = version == nullptr ? 0 : version();
  if (found == DORA_OPERATOR_ABI) return {};
  return fail(
      ErrorKind::Unsupported,
      fmt::format("it was compiled for version {} of <dora/operator.h>, and this is version "
                  "{}: compile it anew",
                  found, DORA_OPERATOR_ABI));
}

template <typename Kind>
Result<std::unique_ptr<NativeOperator>> begin(OperatorHandle handle,
                                              typename Kind::Functions functions) {
  auto made = std::make_unique<Kind>(std::move(handle), functions);
  TRY(made->begin());
  return made;
}

}  // namespace

Result<std::unique_ptr<NativeOperator>> NativeOperator::create(const std::string& source,
                                                               const std::string& sha256,
                                                               OperatorHandle handle) {
  std::error_code error;
  const fs::path file = fs::absolute(file_of(source, sha256), error);
  if (!fs::exists(file, error)) {
    return fail(ErrorKind::NotFound, fmt::format("no shared library at {}", file.string()));
  }
  const Library library = TRY(Library::open(file));
  const OwnOperator::Functions own{
      library.find<decltype(dora_operator_create)>("dora_operator_create"),
      library.find<decltype(dora_operator_on_event)>("dora_operator_on_event"),
      library.find<decltype(dora_operator_destroy)>("dora_operator_destroy")};
  if (own.create != nullptr && own.on_event != nullptr && own.destroy != nullptr) {
    TRY(check_version(library));
    return begin<OwnOperator>(std::move(handle), own);
  }
  const UpstreamOperator::Functions upstream{
      library.find<decltype(dora_init_operator)>("dora_init_operator"),
      library.find<decltype(dora_on_event)>("dora_on_event"),
      library.find<decltype(dora_drop_operator)>("dora_drop_operator")};
  if (upstream.init != nullptr && upstream.on_event != nullptr && upstream.drop != nullptr)
    return begin<UpstreamOperator>(std::move(handle), upstream);
  return fail(ErrorKind::InvalidInput,
              fmt::format("{} is no operator: it must export dora_operator_create, "
                          "dora_operator_on_event and dora_operator_destroy (see "
                          "<dora/operator.h>)",
                          file.string()));
}

}  // namespace dora::operators

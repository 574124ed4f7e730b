// The adapter: a plugin in C of the Standard Model Interface as a plugin of this host. The worker loads this object, which opens the
// author's (MORTISE_ENTRY) and turns operations into its functions.
//
//   infer              {model, inputs, output_capacity?} -> {outputs: bytes, output_size, output_capacity, inference_ns}
//   call infer_batch   {model, inputs: list}             -> {outputs: list of bytes, inference_ns}
//   call initialize    {}                                -> {}       where it has not come by itself yet
//   call load_model    {model}                           -> {id}
//   call unload_model  {model: {id}}                     -> {was_there}
//   call model_info    {model}                           -> {info: text or null}
//   call describe      -> {plugins: [{id, name, version, frameworks, smi_version, form, functions}], files}
//
// `model` is a record of the host's registry, or the id of one. A model that this process does not have yet is registered and loaded when it is asked for, so a process that died loses nothing.
// The author's `initialize` comes before everything but `describe`, which only asks for names.
#include <chrono>
#include <cstdlib>
#include <cstring>

#include "inference.h"
#include "library.h"
#include "models.h"
#include "mortise/plugin.hpp"
#include "status.h"

namespace mortise::smi {
namespace {

std::string environment(const char* name) {
  const char* value = std::getenv(name);
  return value != nullptr ? value : "";
}

Value text_or_null(const std::string& text) { return text.empty() ? Value() : Value(text); }

std::int64_t nanoseconds_since(std::chrono::steady_clock::time_point begin) {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::steady_clock::now() - begin).count();
}

class Adapter : public Plugin {
 public:
  explicit Adapter(const Value& config) : library_(environment("MORTISE_ENTRY")), models_(library_) {
    if (const Value* text = config.find("config"); text != nullptr && text->is(Kind::string))
      config_ = text->as_string();
  }
  ~Adapter() override {
    models_.clear();
    const auto cleanup = library_.functions().cleanup;
    if (!initialized_ || cleanup == nullptr) return;
    const smi_status_t status = cleanup();
    if (status != SMI_SUCCESS) std::fprintf(stderr, "cleanup returned %s\n", name_of_status(status).c_str());
  }
  Adapter(const Adapter&) = delete;
  Adapter& operator=(const Adapter&) = delete;

  Value infer(mortise::Call& call) override {
    begin();
    const Value& input = call.input();
    const smi_model_handle_t handle = models_.get(model_in(call));
    std::string kept;
    const std::string_view bytes = input_view(input.at("inputs"), kept);
    const auto began = std::chrono::steady_clock::now();
    const Filled filled = infer_one(handle, bytes, room_for(input, bytes.size()));
    return Value::map({{"outputs", Value::bytes(filled.bytes)},
                       {"output_size", static_cast<std::int64_t>(filled.bytes.size())},
                       {"output_capacity", static_cast<std::int64_t>(filled.capacity)},
                       {"inference_ns", nanoseconds_since(began)}});
  }

  Value call(mortise::Call& call) override {
    if (call.method() == "describe") return description();
    begin();
    const Value& input = call.input();
    if (call.method() == "initialize") return Value::map();
    if (call.method() == "load_model") {
      (void)models_.get(model_in(call));
      return Value::map({{"id", input.at("model").at("id")}});
    }
    if (call.method() == "unload_model")
      return Value::map({{"was_there", models_.remove(std::string(input.at("model").at("id").as_string()))}});
    if (call.method() == "infer_batch") return infer_batch(call);
    if (call.method() == "model_info") return model_info(model_in(call));
    return Plugin::call(call);
  }

 private:
  // Steps of pipelines name models of the registry.
  static Value model_in(mortise::Call& call) {
    const Value& model = call.input().at("model");
    return model.is(Kind::string) ? call.service("Models", "get", Value::map({{"model", model}})) : model;
  }

  void begin() {
    if (initialized_) return;
    const auto initialize = library_.functions().initialize;
    if (initialize != nullptr) must("initialize", initialize(config_.empty() ? nullptr : config_.c_str()));
    initialized_ = true;
  }

  static Room room_for(const Value& input, std::size_t input_size) {
    Room room;
    const Value* capacity = input.find("output_capacity");
    if (capacity != nullptr && !capacity->is_null()) {
      room.first = static_cast<std::size_t>(std::max<std::int64_t>(capacity->as_int64(), 1));
    } else {
      room.first = std::max(room.first, input_size);
    }
    return room;
  }

  Filled infer_one(smi_model_handle_t handle, std::string_view bytes, Room room) {
    const auto inference = library_.functions().inference;
    if (inference == nullptr)
      throw Error(Code::unsupported, "the plugin has no inference function", "set .inference in its interface");
    return fill_growing("inference", room, [&](char* buffer, std::size_t* size) {
      return inference(handle, bytes.data(), bytes.size(), buffer, size);
    });
  }

  Value infer_batch(mortise::Call& call) {
    const Value& input = call.input();
    const smi_model_handle_t handle = models_.get(model_in(call));
    const auto items = input.at("inputs").items();
    std::vector<std::string> kept(items.size());
    std::vector<std::string_view> views;
    for (std::size_t i = 0; i < items.size(); ++i) views.push_back(input_view(items[i], kept[i]));
    const auto began = std::chrono::steady_clock::now();
    Value outputs = Value::list();
    if (library_.functions().batch_inference != nullptr) {
      for (const std::string& bytes : infer_together(handle, views, input)) outputs.push_back(Value::bytes(bytes));
    } else {
      for (const std::string_view view : views)
        outputs.push_back(Value::bytes(infer_one(handle, view, room_for(input, view.size())).bytes));
    }
    return Value::map({{"outputs", std::move(outputs)}, {"inference_ns", nanoseconds_since(began)}});
  }

  // One call for all; all buffers grow together, because one status speaks for all.
  std::vector<std::string> infer_together(smi_model_handle_t handle, const std::vector<std::string_view>& views,
                                          const Value& input) {
    std::size_t largest = 0;
    std::vector<const void*> inputs;
    std::vector<std::size_t> input_sizes, sizes(views.size());
    for (const std::string_view view : views) {
      inputs.push_back(view.data());
      input_sizes.push_back(view.size());
      largest = std::max(largest, view.size());
    }
    std::vector<std::string> outputs(views.size());
    Room room = room_for(input, largest);
    room.most /= std::max<std::size_t>(views.size(), 1);
    (void)fill_growing("batch_inference", room, [&](char*, std::size_t* size) {
      std::vector<void*> buffers;
      for (std::string& output : outputs) {
        output.resize(*size);
        buffers.push_back(output.data());
      }
      sizes.assign(views.size(), *size);
      const smi_status_t status = library_.functions().batch_inference(handle, inputs.data(), input_sizes.data(),
                                                                       buffers.data(), sizes.data(), views.size());
      for (const std::size_t each : sizes) *size = std::max(*size, each);
      return status;
    });
    for (std::size_t i = 0; i < outputs.size(); ++i) outputs[i].resize(sizes[i]);
    return outputs;
  }

  Value model_info(const Value& model) {
    const smi_model_handle_t handle = models_.get(model);
    const auto get = library_.functions().get_model_info;
    if (get == nullptr) return Value::map({{"info", Value()}});
    const Filled filled = fill_growing("get_model_info", {4096, std::size_t{1} << 20U},
                                       [&](char* buffer, std::size_t* size) { return get(handle, buffer, size); });
    return Value::map({{"info", filled.bytes.substr(0, filled.bytes.find('\0'))}});
  }

  Value description() {
    const auto& f = library_.functions();
    const Value functions = Value::map({{"inference", f.inference != nullptr},
                                        {"batch_inference", f.batch_inference != nullptr},
                                        {"load_model", f.load_model != nullptr},
                                        {"unregister_model", f.unregister_model != nullptr},
                                        {"get_model_info", f.get_model_info != nullptr}});
    Value plugin = Value::map({{"id", text_or_null(library_.id())},
                               {"name", text_or_null(library_.name())},
                               {"version", text_or_null(library_.version())},
                               {"frameworks", text_or_null(library_.frameworks())},
                               {"smi_version", library_.version_text()},
                               {"form", library_.form()},
                               {"functions", functions}});
    return Value::map({{"plugins", Value::list({std::move(plugin)})}, {"files", Value::list({library_.path()})}});
  }

  const Library library_;
  Models models_;
  std::string config_;
  bool initialized_ = false;
};

}  // namespace
}  // namespace mortise::smi

MORTISE_PLUGIN(mortise::smi::Adapter)

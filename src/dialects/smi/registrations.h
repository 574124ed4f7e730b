// Plugins and models that are registered by hand, and their lists.
#pragma once

#include <mutex>
#include <string>

#include "dialects/core/surroundings.h"
#include "dialects/smi/finder.h"
#include "http/message.h"
#include "models/models.h"
#include "plugin/registry.h"
#include "store/models.h"

namespace mortise::dialects::smi {

class Registrations {
 public:
  Registrations(const Surroundings& surroundings, Finder& finder) : host_(surroundings), finder_(finder) {}

  // What was registered before this start.
  [[nodiscard]] plugin::Finding before();

  // {id, name?, version?, endpoint: "file://...", config?, concurrency?, timeout_ms?}. The plugin is described, added and initialised;
  // when any of this fails nothing of it stays. Registering an id again replaces what it was. Blocks.
  Value add_plugin(const http::Request& request);
  void remove_plugin(const std::string& id);
  // {model_id, plugin_id?, name?, path? (or model_path), framework?, execution_format?, version?, description?, requirements?,
  // timeout_ms?}. Blocks until the plugin has loaded it.
  Value add_model(const http::Request& request);

  [[nodiscard]] Value plugins() const;
  [[nodiscard]] Value models() const;
  [[nodiscard]] Value plugin_page(const plugin::Descriptor& plugin) const;
  [[nodiscard]] Value model_page(const models::Model& model) const;

 private:
  [[nodiscard]] plugin::Descriptor descriptor_of(const store::RegistrationRow& row);
  void initialize(const std::string& id);
  [[nodiscard]] std::string plugin_for(const Value& body) const;
  [[nodiscard]] std::vector<plugin::Registry::Entry> own() const;

  const Surroundings& host_;
  Finder& finder_;
  std::mutex one_at_a_time_;
};

}  // namespace mortise::dialects::smi

// Models: all models of this host, whoever made them, by id.
//
// A model is a record: which plugin runs it, where its files are, what it is called. It stays in the database until it is
// removed. Its plugin is asked to load it when it is added, and again by itself whenever a fresh process of the plugin meets it
// for the first time: every call carries the whole record. An id may be any text ("hf/gpt2@latest").
//
// Set aside: one registry for each source of models. A model that was trained here and one that was brought along differ in
// `origin` and in nothing else, so whatever serves one serves the other. Thread-safe.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <shared_mutex>
#include <string>
#include <string_view>
#include <vector>

#include "base/log.h"
#include "mortise/value.hpp"
#include "runtime/call.h"
#include "runtime/latencies.h"

namespace mortise::store {
class Database;
}
namespace mortise::runtime {
class Runtime;
}

namespace mortise::models {

struct Model {
  std::string id;
  std::string plugin;  // id of the plugin that runs it
  std::string name, framework, format, path, version, description;
  std::string origin = "registered";  // registered, trained, ...
  Value details = Value::map();       // what else its plugin is given: {requirements, ...}
  Time created{};

  // The record as plugins get it: its fields and its details in one map.
  [[nodiscard]] Value record() const;
};

struct ModelStats {
  std::uint64_t inferences = 0, failures = 0;
  std::chrono::nanoseconds p50{}, p95{}, p99{}, longest{};
};

class Models {
 public:
  static constexpr std::size_t max_models = 1024;

  Models(store::Database& database, runtime::Runtime& runtime, const Log& log);
  Models(const Models&) = delete;
  Models& operator=(const Models&) = delete;
  ~Models();

  // Asks the plugin to load it, then keeps it; replaces the one with this id. Throws what the plugin answered, and keeps nothing then;
  // Error{invalid} for an id that is empty or longer than 512 bytes, Error{busy} when there are max_models. Blocks.
  void add(Model model);
  // Tells its plugin, whatever that answers. False when there is none. Blocks.
  bool remove(const std::string& id);

  [[nodiscard]] std::optional<Model> find(std::string_view id) const;
  [[nodiscard]] Model get(std::string_view id) const;  // or Error{not_found}
  [[nodiscard]] std::vector<Model> list() const;       // by id
  [[nodiscard]] std::vector<Model> of_plugin(std::string_view plugin) const;
  [[nodiscard]] ModelStats stats(std::string_view id) const;

  // Asks the model's plugin: `infer`, or a method of `call`, with {model, ...input}. Inferences are counted and timed. Blocks.
  // `chain`: the instances that wait for the answer.
  runtime::Outcome infer(const Model& model, Value input, std::optional<std::chrono::milliseconds> within = {},
                         const plugin::Chain& chain = {});
  runtime::Outcome ask(const Model& model, const std::string& method, Value input = Value::map(),
                       std::optional<std::chrono::milliseconds> within = {});

 private:
  struct Counts;
  struct Entry {
    Model model;
    std::shared_ptr<Counts> counts;
  };
  [[nodiscard]] std::shared_ptr<Counts> counts_of(std::string_view id) const;

  store::Database& database_;
  runtime::Runtime& runtime_;
  const Log log_;
  mutable std::shared_mutex mutex_;
  std::map<std::string, Entry, std::less<>> models_;
};

}  // namespace mortise::models

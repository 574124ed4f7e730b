#include "models/models.h"

#include <atomic>
#include <mutex>

#include "base/clock.h"
#include "base/error.h"
#include "data/value_json.h"
#include "runtime/runtime.h"
#include "store/database.h"
#include "store/models.h"

namespace mortise::models {
namespace {

constexpr std::size_t longest_id = 512;

Model model_of(const store::ModelRow& row) {
  Model model{row.id,   row.plugin,  row.name,        row.framework, row.format,
              row.path, row.version, row.description, row.origin};
  model.details = data::parse_json(row.details);
  model.created = row.created;
  return model;
}

store::ModelRow row_of(const Model& model) {
  return {model.id,     model.plugin,  model.name,        model.framework, model.format,
          model.path,   model.version, model.description, model.origin,    data::to_json(model.details),
          model.created};
}

void check_id(const std::string& id) {
  if (!id.empty() && id.size() <= longest_id && id.find('\0') == std::string::npos) return;
  throw Error(Code::invalid, "a model's id has 1 to 512 bytes, not " + std::to_string(id.size()), "choose another id")
      .with("key", "model_id");
}

// Plugins that know nothing of loading meet their model at its first inference.
bool means_nothing(const Error& error) {
  return error.code() == Code::unsupported && error.detail("smi_status").empty();
}

}  // namespace

struct Models::Counts {
  std::atomic<std::uint64_t> inferences = 0, failures = 0;
  runtime::Latencies latencies;
};

Value Model::record() const {
  Value record = Value::map({{"id", id},
                             {"name", name},
                             {"framework", framework},
                             {"format", format},
                             {"path", path},
                             {"version", version},
                             {"description", description}});
  for (const Member& detail : details.members()) record.set(detail.key(), detail.value());
  return record;
}

Models::Models(store::Database& database, runtime::Runtime& runtime, const Log& log)
    : database_(database), runtime_(runtime), log_(log) {
  const auto rows = database_.read([](store::Connection& connection) { return store::ModelStore(connection).list(); });
  for (const store::ModelRow& row : rows) models_[row.id] = {model_of(row), std::make_shared<Counts>()};
}

Models::~Models() = default;

void Models::add(Model model) {
  check_id(model.id);
  {
    const std::shared_lock guard(mutex_);
    if (models_.size() >= max_models && !models_.contains(model.id))
      throw Error(Code::busy, "there are " + std::to_string(max_models) + " models already", "remove one first");
  }
  if (model.created.nanoseconds == 0) model.created = now();
  runtime::Outcome loaded = ask(model, "load_model");
  if (!loaded.ok() && !means_nothing(*loaded.error)) throw *loaded.error;
  database_
      .write(store::Durability::full,
             [row = row_of(model)](store::Connection& connection) { store::ModelStore(connection).put(row); })
      .get();
  const std::unique_lock guard(mutex_);
  const std::string id = model.id;
  models_[id] = {std::move(model), std::make_shared<Counts>()};
}

bool Models::remove(const std::string& id) {
  const auto model = find(id);
  if (!model) return false;
  (void)database_
      .write(store::Durability::full,
             [id](store::Connection& connection) { return store::ModelStore(connection).remove(id); })
      .get();
  {
    const std::unique_lock guard(mutex_);
    models_.erase(id);
  }
  const runtime::Outcome told = ask(*model, "unload_model");
  if (!told.ok()) log_.failure("a model went, its plugin did not let it go", *told.error, {{"model", id}});
  return true;
}

std::optional<Model> Models::find(std::string_view id) const {
  const std::shared_lock guard(mutex_);
  const auto found = models_.find(id);
  return found == models_.end() ? std::nullopt : std::optional(found->second.model);
}

Model Models::get(std::string_view id) const {
  if (auto model = find(id)) return *std::move(model);
  throw Error(Code::not_found, "there is no model '" + std::string(id) + "'", "GET /models shows those that are there")
      .with("model", std::string(id));
}

std::vector<Model> Models::list() const {
  const std::shared_lock guard(mutex_);
  std::vector<Model> all;
  for (const auto& [id, entry] : models_) all.push_back(entry.model);
  return all;
}

std::vector<Model> Models::of_plugin(std::string_view plugin) const {
  std::vector<Model> all = list();
  std::erase_if(all, [&](const Model& model) { return model.plugin != plugin; });
  return all;
}

std::shared_ptr<Models::Counts> Models::counts_of(std::string_view id) const {
  const std::shared_lock guard(mutex_);
  const auto found = models_.find(id);
  return found == models_.end() ? nullptr : found->second.counts;
}

ModelStats Models::stats(std::string_view id) const {
  const auto counts = counts_of(id);
  if (counts == nullptr) return {};
  const runtime::Latencies& took = counts->latencies;
  return {counts->inferences,    counts->failures,      took.percentile(0.5),
          took.percentile(0.95), took.percentile(0.99), took.longest()};
}

runtime::Outcome Models::infer(const Model& model, Value input, std::optional<std::chrono::milliseconds> within,
                               const plugin::Chain& chain) {
  input.set("model", model.record());
  runtime::Call call;
  call.operation = runtime::Operation::infer;
  call.input = std::move(input);
  call.chain = chain;
  if (within) call.deadline = runtime::Clock::now() + *within;
  const auto began = runtime::Clock::now();
  runtime::Outcome outcome = runtime_.invoke(model.plugin, std::move(call));
  if (const auto counts = counts_of(model.id)) {
    counts->latencies.add(runtime::Clock::now() - began);
    ++counts->inferences;
    if (!outcome.ok()) ++counts->failures;
  }
  return outcome;
}

runtime::Outcome Models::ask(const Model& model, const std::string& method, Value input,
                             std::optional<std::chrono::milliseconds> within) {
  input.set("model", model.record());
  runtime::Call call;
  call.operation = runtime::Operation::call;
  call.method = method;
  call.input = std::move(input);
  if (within) call.deadline = runtime::Clock::now() + *within;
  return runtime_.invoke(model.plugin, std::move(call));
}

}  // namespace mortise::models

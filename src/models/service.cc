#include "models/service.h"

#include "base/error.h"
#include "models/models.h"

namespace mortise::models {
namespace {

std::string id_in(const Value& input) {
  const Value* id = input.find("model");
  if (id != nullptr && id->is(Kind::string)) return std::string(id->as_string());
  throw Error(Code::invalid, "Models: model: expected the id of a model").with("key", "model");
}

class ModelsService : public plugin::Service {
 public:
  explicit ModelsService(Models& models) : models_(models) {}

  Value call(std::string_view method, const Value& input, const plugin::Chain& chain) override {
    if (method == "get") return models_.get(id_in(input)).record();
    if (method == "list") return list();
    if (method == "infer") return infer(input, chain);
    throw Error(Code::not_found, "the service Models has no method '" + std::string(method) + "'",
                "it has get, list and infer");
  }

 private:
  Value list() const {
    Value all = Value::list();
    for (const Model& model : models_.list()) {
      all.push_back(Value::map(
          {{"id", model.id}, {"plugin", model.plugin}, {"name", model.name}, {"framework", model.framework}}));
    }
    return Value::map({{"models", std::move(all)}});
  }

  Value infer(const Value& input, const plugin::Chain& chain) {
    const Model model = models_.get(id_in(input));
    const Value* inputs = input.find("inputs");
    if (inputs == nullptr)
      throw Error(Code::invalid, "Models: inputs: expected what the model is given").with("key", "inputs");
    return models_.infer(model, Value::map({{"inputs", *inputs}}), {}, chain).take();
  }

  Models& models_;
};

}  // namespace

std::shared_ptr<plugin::Service> make_models_service(Models& models) { return std::make_shared<ModelsService>(models); }

}  // namespace mortise::models

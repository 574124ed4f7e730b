#include "models.h"

#include <cstdio>

#include "mortise/error.hpp"
#include "status.h"

namespace mortise::smi {
namespace {

// Gives back what a registration took, unless it came to its end.
template <typename Undo>
class Guard {
 public:
  explicit Guard(Undo undo) : undo_(std::move(undo)) {}
  Guard(const Guard&) = delete;
  Guard& operator=(const Guard&) = delete;
  ~Guard() {
    if (armed_) undo_();
  }
  void release() noexcept { armed_ = false; }

 private:
  Undo undo_;
  bool armed_ = true;
};

std::string text_of(const Value& model, const char* key) {
  const Value* text = model.find(key);
  if (text == nullptr || !text->is(Kind::string)) return {};
  std::string copy(text->as_string());
  return copy.substr(0, copy.find('\0'));  // what follows a NUL would not be seen
}

std::uint32_t resource_named(const std::string& name) {
  if (name == "memory") return SMI_RESOURCE_MEMORY;
  if (name == "cpu") return SMI_RESOURCE_CPU;
  if (name == "gpu") return SMI_RESOURCE_GPU;
  if (name == "gpu_memory") return SMI_RESOURCE_GPU_MEMORY;
  if (name == "storage") return SMI_RESOURCE_STORAGE;
  return SMI_RESOURCE_OTHER;
}

// The model as the interface wants it; lives as long as the texts in it.
class Metadata {
 public:
  explicit Metadata(const Value& model)
      : id_(text_of(model, "id")),
        name_(text_of(model, "name")),
        framework_(text_of(model, "framework")),
        version_(text_of(model, "version")),
        description_(text_of(model, "description")),
        format_(text_of(model, "format")),
        path_(text_of(model, "path")) {
    if (name_.empty()) name_ = id_;
    if (framework_.empty()) framework_ = "custom";
    const Value* all = model.find("requirements");
    if (all == nullptr || !all->is(Kind::list)) return;
    for (const Value& each : all->items()) names_.push_back(text_of(each, "type"));
    for (std::size_t i = 0; i < names_.size(); ++i) {
      const auto amount = static_cast<std::uint64_t>(all->items()[i].at("amount").as_int64());
      requirements_.push_back({resource_named(names_[i]), 0, amount, names_[i].c_str()});
    }
  }
  Metadata(const Metadata&) = delete;
  Metadata& operator=(const Metadata&) = delete;

  [[nodiscard]] smi_model_metadata_t c() const {
    return {
        sizeof(smi_model_metadata_t), name_.c_str(),   framework_.c_str(), id_.c_str(),          version_.c_str(),
        description_.c_str(),         format_.c_str(), path_.c_str(),      requirements_.data(), requirements_.size()};
  }
  [[nodiscard]] const std::vector<smi_resource_req_t>& requirements() const { return requirements_; }
  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  std::string id_, name_, framework_, version_, description_, format_, path_;
  std::vector<std::string> names_;
  std::vector<smi_resource_req_t> requirements_;
};

}  // namespace

smi_model_handle_t Models::get(const Value& model) {
  const std::string id(model.at("id").as_string());
  if (const auto found = entries_.find(id); found != entries_.end()) {
    if (found->second.model == model) return found->second.handle;
    remove(id);
  }
  Entry entry{Value(model)};
  begin(entry);
  return entries_.emplace(id, std::move(entry)).first->second.handle;
}

void Models::begin(Entry& entry) {
  const Metadata metadata(entry.model);
  if (functions_.register_model != nullptr) {
    const smi_model_metadata_t raw = metadata.c();
    must("register_model", functions_.register_model(&raw, &entry.handle));
  }
  Guard guard([&] { end(entry); });
  if (functions_.allocate_resources != nullptr && !metadata.requirements().empty()) {
    const auto& all = metadata.requirements();
    must("allocate_resources", functions_.allocate_resources(entry.handle, all.data(), all.size()));
    entry.allocated = true;
  }
  if (functions_.load_model != nullptr && !metadata.path().empty()) {
    must("load_model", functions_.load_model(entry.handle, metadata.path().c_str()));
    entry.loaded = true;
  }
  guard.release();
}

// What a plugin answers here is told and changes nothing: the model goes in any case.
void Models::end(const Entry& entry) noexcept {
  const auto told = [](const char* function, smi_status_t status) {
    if (status != SMI_SUCCESS) std::fprintf(stderr, "%s returned %d while a model went\n", function, status);
  };
  if (entry.loaded && functions_.unload_model != nullptr) told("unload_model", functions_.unload_model(entry.handle));
  if (entry.allocated && functions_.deallocate_resources != nullptr)
    told("deallocate_resources", functions_.deallocate_resources(entry.handle));
  if (functions_.unregister_model != nullptr) told("unregister_model", functions_.unregister_model(entry.handle));
}

bool Models::remove(const std::string& id) {
  const auto found = entries_.find(id);
  if (found == entries_.end()) return false;
  end(found->second);
  entries_.erase(found);
  return true;
}

void Models::clear() noexcept {
  for (const auto& [id, entry] : entries_) end(entry);
  entries_.clear();
}

}  // namespace mortise::smi

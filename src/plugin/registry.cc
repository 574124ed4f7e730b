#include "plugin/registry.h"

#include <algorithm>
#include <mutex>
#include <utility>

#include "plugin/extension_points.h"
#include "plugin/hints.h"

namespace mortise::plugin {
namespace {

namespace fs = std::filesystem;

// "Input.file" of a type that we know is spoken of by type and name.
Error already_registered(const std::string& name) {
  const std::size_t dot = name.find('.');
  const auto* type = dot == std::string::npos ? nullptr : find_extension_point(name.substr(0, dot));
  const std::string text =
      type != nullptr && type->group == Group::step
          ? "plugin " + name.substr(dot + 1) + " of type " + name.substr(0, dot) + " already registered"
          : "plugin '" + name + "' is already registered";
  return Error(Code::conflict, text, "remove or rename one of the two").with("plugin", name);
}

// ---- dependency order ------------------------------------------------------------------------------------------------

class Order {
 public:
  Order(const Registry& registry, std::span<const Registry::Entry> companions = {}) : registry_(registry), all_(registry.list()) {
    for (Registry::Entry& one : all_) {
      if (const auto other = among(companions, one->id)) one = other;
    }
    companions_.assign(companions.begin(), companions.end());
  }

  void add(const Registry::Entry& plugin) {
    const auto seen = marks_.find(plugin->id);
    if (seen != marks_.end()) {
      if (seen->second == Mark::open) throw cycle(plugin->id);
      return;
    }
    marks_.emplace(plugin->id, Mark::open);
    path_.push_back(plugin->id);
    for (const Requirement& requirement : plugin->requires_) add_providers(*plugin, requirement);
    path_.pop_back();
    marks_[plugin->id] = Mark::done;
    order_.push_back(plugin);
  }

  std::vector<Registry::Entry> take() {
    for (const Registry::Entry& plugin : order_) check_conflicts(*plugin);
    return std::move(order_);
  }

 private:
  enum class Mark { open, done };

  static Registry::Entry among(std::span<const Registry::Entry> plugins, std::string_view id) {
    const auto found = std::find_if(plugins.begin(), plugins.end(), [&](const Registry::Entry& one) { return one->id == id; });
    return found == plugins.end() ? nullptr : *found;
  }
  [[nodiscard]] Registry::Entry find(std::string_view name) const {
    const auto companion = among(companions_, name);
    return companion != nullptr ? companion : registry_.find(name);
  }

  void add_providers(const Descriptor& plugin, const Requirement& requirement) {
    if (requirement.type == Requirement::Type::plugin) {
      const Registry::Entry provider = find(requirement.name);
      if (provider == nullptr) throw missing(plugin, "Missing dependency: " + requirement.name, requirement.name);
      if (!Range::parse(requirement.range).contains(provider->version)) {
        throw Error(Code::conflict, "plugin '" + plugin.id + "' needs " + requirement.name + " " + requirement.range +
                                        ", registered is " + provider->version_text)
            .with("plugin", plugin.id);
      }
      add(provider);
    } else if (requirement.type == Requirement::Type::capability) {
      bool provided = false;
      for (const Registry::Entry& provider : all_) {
        const auto& provides = provider->provides;
        if (std::find(provides.begin(), provides.end(), requirement.name) == provides.end()) continue;
        provided = true;
        if (provider->id != plugin.id) add(provider);
      }
      if (!provided) throw missing(plugin, "No plugin provides capability: " + requirement.name, requirement.name);
    }
  }

  void check_conflicts(const Descriptor& plugin) const {
    for (const std::string& name : plugin.conflicts) {
      const Registry::Entry other = registry_.find(name);
      if (other == nullptr || other->id == plugin.id || !marks_.contains(other->id)) continue;
      throw Error(Code::conflict, "Conflicts with registered plugin: " + other->id, "remove one of the two")
          .with("plugin", plugin.id);
    }
  }

  static Error missing(const Descriptor& plugin, const std::string& text, const std::string& name) {
    return Error(Code::not_found, text, "plugin '" + plugin.id + "' needs it; install it first")
        .with("plugin", plugin.id)
        .with("missing", name);
  }

  [[nodiscard]] Error cycle(const std::string& id) const {
    std::string text;
    for (auto step = std::find(path_.begin(), path_.end(), id); step != path_.end(); ++step) text += *step + " -> ";
    return Error(Code::conflict, "plugins need each other in a circle: " + text + id,
                 "one of them must do without the other")
        .with("plugin", id);
  }

  const Registry& registry_;
  std::vector<Registry::Entry> all_, companions_;
  std::map<std::string, Mark, std::less<>> marks_;
  std::vector<std::string> path_;
  std::vector<Registry::Entry> order_;
};

}  // namespace

Registry::Entry Registry::find_locked(std::string_view name) const {
  if (const auto plugin = plugins_.find(name); plugin != plugins_.end()) return plugin->second;
  if (const auto alias = ids_by_alias_.find(name); alias != ids_by_alias_.end()) return plugins_.at(alias->second);
  return nullptr;
}

Trust Registry::trust_of(const Descriptor& descriptor) const {
  if (trusted_.decided) {
    if (const auto decided = trusted_.decided(descriptor.id)) return *decided;
  }
  const auto named = [&](const std::string& name) {
    return std::find(trusted_.names.begin(), trusted_.names.end(), name) != trusted_.names.end();
  };
  const bool trusted = named(descriptor.id) || std::any_of(descriptor.aliases.begin(), descriptor.aliases.end(), named);
  return trusted ? Trust::in_process : descriptor.trust;
}

void Registry::reconsider_trust(std::string_view id) {
  const std::unique_lock lock(mutex_);
  const auto found = plugins_.find(id);
  if (found == plugins_.end()) return;
  Descriptor changed = *found->second;
  changed.trust = Trust::confined;
  changed.trust = trust_of(changed);
  found->second = std::make_shared<const Descriptor>(std::move(changed));
}

Registry::Entry Registry::add(Descriptor descriptor) {
  descriptor.trust = trust_of(descriptor);
  const auto entry = std::make_shared<const Descriptor>(std::move(descriptor));
  const std::unique_lock lock(mutex_);
  add_locked(entry);
  return entry;
}

void Registry::add_locked(const Entry& entry) {
  if (find_locked(entry->id) != nullptr) throw already_registered(entry->id);
  for (const std::string& alias : entry->aliases) {
    if (find_locked(alias) != nullptr) throw already_registered(alias);
  }
  plugins_.emplace(entry->id, entry);
  for (const std::string& alias : entry->aliases) ids_by_alias_.emplace(alias, entry->id);
}

void Registry::withhold(const std::string& id, Error why) {
  const std::unique_lock lock(mutex_);
  Entry plugin;
  if (const auto found = plugins_.find(id); found != plugins_.end()) {
    plugin = found->second;
    std::erase_if(ids_by_alias_, [&](const auto& alias) { return alias.second == id; });
    plugins_.erase(found);
  } else if (const auto already = withheld_.find(id); already != withheld_.end()) {
    plugin = already->second.plugin;
  }
  withheld_.insert_or_assign(id, Withheld{std::move(plugin), std::move(why)});
}

bool Registry::readmit(const std::string& id) {
  const std::unique_lock lock(mutex_);
  const auto found = withheld_.find(id);
  if (found == withheld_.end()) return false;
  const Entry plugin = found->second.plugin;
  if (plugin != nullptr) add_locked(plugin);
  withheld_.erase(found);
  return plugin != nullptr;
}

std::vector<Registry::Entry> Registry::withheld() const {
  const std::shared_lock lock(mutex_);
  std::vector<Entry> all;
  for (const auto& [id, one] : withheld_) {
    if (one.plugin != nullptr) all.push_back(one.plugin);
  }
  return all;
}

std::map<std::string, Registry::Withheld, std::less<>> Registry::all_withheld() const {
  const std::shared_lock lock(mutex_);
  return withheld_;
}

const Registry::Withheld* Registry::find_withheld_locked(std::string_view name) const {
  for (const auto& [id, one] : withheld_) {
    if (id == name) return &one;
    if (one.plugin == nullptr) continue;
    const auto& aliases = one.plugin->aliases;
    if (std::find(aliases.begin(), aliases.end(), name) != aliases.end()) return &one;
  }
  return nullptr;
}

Registry::Entry Registry::prepare(Descriptor descriptor) const {
  const Entry present = get(descriptor.id);
  for (const std::string& alias : descriptor.aliases) {
    const Entry other = find(alias);
    if (other != nullptr && other->id != present->id) throw already_registered(alias);
  }
  descriptor.trust = trust_of(descriptor);
  descriptor.generation = present->generation + 1;
  return std::make_shared<const Descriptor>(std::move(descriptor));
}

void Registry::replace(std::span<const Entry> next) {
  const std::unique_lock lock(mutex_);
  for (const Entry& one : next) require_successor_locked(*one);
  for (const Entry& one : next) {
    std::erase_if(ids_by_alias_, [&](const auto& alias) { return alias.second == one->id; });
    for (const std::string& alias : one->aliases) ids_by_alias_.insert_or_assign(alias, one->id);
    plugins_.find(one->id)->second = one;
  }
}

void Registry::require_successor_locked(const Descriptor& next) const {
  const auto present = plugins_.find(next.id);
  if (present == plugins_.end() || present->second->generation + 1 != next.generation)
    throw Error(Code::conflict, "plugin '" + next.id + "' was removed or changed meanwhile", "try again").with("plugin", next.id);
  for (const std::string& alias : next.aliases) {
    const Entry other = find_locked(alias);
    if (other != nullptr && other != present->second) throw already_registered(alias);
  }
}

Registry::Entry Registry::find(std::string_view id_or_alias) const {
  const std::shared_lock lock(mutex_);
  return find_locked(id_or_alias);
}

Registry::Entry Registry::get(std::string_view id_or_alias) const {
  const std::shared_lock lock(mutex_);
  if (Entry entry = find_locked(id_or_alias)) return entry;
  if (const Withheld* withheld = find_withheld_locked(id_or_alias)) throw Error(withheld->why);
  std::vector<std::string_view> known;
  for (const auto& [id, entry] : plugins_) known.push_back(id);
  for (const auto& [alias, id] : ids_by_alias_) known.push_back(alias);
  const std::string name(id_or_alias);
  throw Error(Code::not_found, "plugin not found: " + name + " - did you register it?", did_you_mean(name, known))
      .with("plugin", name);
}

bool Registry::remove(std::string_view id) {
  const std::unique_lock lock(mutex_);
  const bool was_withheld = withheld_.erase(std::string(id)) != 0;
  const auto found = plugins_.find(id);
  if (found == plugins_.end()) return was_withheld;
  std::erase_if(ids_by_alias_, [&](const auto& alias) { return alias.second == found->first; });
  plugins_.erase(found);
  return true;
}

std::vector<Registry::Entry> Registry::list() const {
  const std::shared_lock lock(mutex_);
  std::vector<Entry> all;
  for (const auto& [id, entry] : plugins_) all.push_back(entry);
  return all;
}

std::vector<Registry::Entry> Registry::at_extension_point(std::string_view point) const {
  std::vector<Entry> all = list();
  std::erase_if(all, [&](const Entry& entry) {
    const auto& points = entry->extension_points;
    return std::find(points.begin(), points.end(), point) == points.end();
  });
  return all;
}

std::vector<Registry::Entry> Registry::in_dependency_order(std::span<const std::string> ids) const {
  Order order(*this);
  for (const std::string& id : ids) order.add(get(id));
  return order.take();
}

std::vector<Registry::Entry> Registry::in_dependency_order(const Entry& plugin, std::span<const Entry> companions) const {
  Order order(*this, companions);
  order.add(plugin);
  return order.take();
}

std::vector<Registry::Entry> Registry::in_dependency_order() const {
  std::vector<std::string> ids;
  for (const Entry& entry : list()) ids.push_back(entry->id);
  return in_dependency_order(ids);
}

}  // namespace mortise::plugin

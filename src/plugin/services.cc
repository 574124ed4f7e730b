#include "plugin/services.h"

#include <cxxabi.h>

#include <cstdlib>
#include <thread>
#include <utility>

#include "plugin/hints.h"

namespace mortise::plugin {

std::string type_name(const std::type_info& type) {
  int status = 0;
  const std::unique_ptr<char, decltype(&std::free)> name(abi::__cxa_demangle(type.name(), nullptr, nullptr, &status),
                                                         &std::free);
  return status == 0 && name != nullptr ? name.get() : type.name();
}

// ---- typed ------------------------------------------------------------------------------------------------------------

namespace {

// The slots that this thread is making, so that a factory that needs itself is told instead of waiting for itself.
struct Making {
  const void* slot;
  const std::type_info* type;
  const Making* outer;
};
thread_local const Making* making = nullptr;

Error not_registered(const std::string& type) {
  return Error(Code::not_found, "no service of type " + type + " is registered",
               "register an instance, a factory or a type for it before it is resolved")
      .with("type", type);
}

}  // namespace

struct Container::Slot {
  std::function<Untyped(Container&)> make;  // empty: `instance` is there from the beginning
  Sharing sharing = Sharing::singleton;
  const std::type_info* type = nullptr;
  Container* owner = nullptr;
  std::mutex mutex;  // held while a singleton is made
  Untyped instance;
};

Container::Container() : Container(nullptr) {}
Container::Container(Container* parent) : parent_(parent) {}
Container::~Container() = default;

std::unique_ptr<Container> Container::create_child() { return std::unique_ptr<Container>(new Container(this)); }

void Container::put(const std::type_info& type, std::shared_ptr<Slot> slot) {
  slot->type = &type;
  slot->owner = this;
  const std::unique_lock lock(mutex_);
  slots_.insert_or_assign(type, std::move(slot));
}

void Container::put_instance(const std::type_info& type, Untyped instance) {
  auto slot = std::make_shared<Slot>();
  slot->instance = std::move(instance);
  put(type, std::move(slot));
}

void Container::put_factory(const std::type_info& type, std::function<Untyped(Container&)> make, Sharing sharing) {
  auto slot = std::make_shared<Slot>();
  slot->make = std::move(make);
  slot->sharing = sharing;
  put(type, std::move(slot));
}

std::shared_ptr<Container::Slot> Container::slot(const std::type_info& type) const {
  for (const Container* container = this; container != nullptr; container = container->parent_) {
    const std::shared_lock lock(container->mutex_);
    const auto found = container->slots_.find(type);
    if (found != container->slots_.end()) return found->second;
  }
  return nullptr;
}

bool Container::has(const std::type_info& type) const { return slot(type) != nullptr; }

Container::Untyped Container::get(const std::type_info& type) {
  const std::shared_ptr<Slot> found = slot(type);
  if (found == nullptr) throw not_registered(type_name(type));
  if (!found->make) return found->instance;
  return make(*found);
}

// A singleton belongs to the container that knows it; what is made each time sees the container that asked.
Container::Untyped Container::make(Slot& slot) {
  std::string path = type_name(*slot.type);
  for (const Making* outer = making; outer != nullptr; outer = outer->outer) {
    path.insert(0, type_name(*outer->type) + " -> ");
    if (outer->slot == &slot) throw Error(Code::conflict, "service " + type_name(*slot.type) + " needs itself: " + path);
  }
  const Making mine{&slot, slot.type, making};
  struct Scope {
    explicit Scope(const Making* now) { making = now; }
    ~Scope() { making = making->outer; }
  };
  if (slot.sharing == Sharing::each_time) {
    const Scope scope(&mine);
    return slot.make(*this);
  }
  const std::lock_guard lock(slot.mutex);
  if (slot.instance == nullptr) {
    const Scope scope(&mine);
    slot.instance = slot.make(*slot.owner);
    if (slot.instance == nullptr) throw Error(Code::internal, "the factory of service " + path + " made nothing");
  }
  return slot.instance;
}

Container::Untyped Container::get_for(const std::type_info& type, std::size_t position, std::string_view name,
                                      const std::type_info& owner) {
  std::string parameter = name.empty() ? std::to_string(position) : "'" + std::string(name) + "'";
  parameter += " (" + type_name(type) + ") of " + type_name(owner);
  if (!has(type)) {
    throw Error(Code::not_found, "Cannot auto-wire parameter " + parameter, "no service of that type is registered")
        .with("parameter", name.empty() ? std::to_string(position) : std::string(name))
        .with("type", type_name(type))
        .because(not_registered(type_name(type)));
  }
  return get(type);
}

// ---- named ------------------------------------------------------------------------------------------------------------

void Services::add(std::string name, std::shared_ptr<Service> service) {
  const std::unique_lock lock(mutex_);
  const auto [place, fresh] = services_.try_emplace(std::move(name), std::move(service));
  if (!fresh) {
    throw Error(Code::conflict, "service '" + place->first + "' is already registered", "remove the other one first");
  }
}

bool Services::remove(std::string_view name) {
  const std::unique_lock lock(mutex_);
  const auto found = services_.find(name);
  if (found == services_.end()) return false;
  services_.erase(found);
  return true;
}

std::shared_ptr<Service> Services::find(std::string_view name) const {
  {
    const std::shared_lock lock(mutex_);
    if (const auto found = services_.find(name); found != services_.end()) return found->second;
  }
  return otherwise_ ? otherwise_(name) : nullptr;
}

Value Services::call(std::string_view name, std::string_view method, const Value& input, const Chain& chain) const {
  const std::shared_ptr<Service> service = find(name);
  if (service != nullptr) return service->call(method, input, chain);
  const std::vector<std::string> known = names();
  throw Error(Code::not_found, "no service '" + std::string(name) + "'", did_you_mean(name, {known.begin(), known.end()}))
      .with("service", std::string(name));
}

std::vector<std::string> Services::names() const {
  const std::shared_lock lock(mutex_);
  std::vector<std::string> names;
  for (const auto& [name, service] : services_) names.push_back(name);
  return names;
}

}  // namespace mortise::plugin

// Services: what plugins and the host offer each other, in two forms.
//
// Container holds typed C++ objects for code in one process: register an instance or a factory for a type, resolve it by
// that type, nest containers (a child sees its parent's services, not the other way round), and build an object from the
// types its constructor declares. There is no global container: the house owns the root and hands it on.
//
//   struct Scorer { using Inject = Needs<Logger, Model>; Scorer(std::shared_ptr<Logger>, std::shared_ptr<Model>); };
//   container.register_instance<Logger>(logger);
//   auto scorer = container.auto_wire<Scorer>();
//
// Services holds named ones with a `call`, for plugins in any process and language: "Logger", "ConfigService" of the host,
// and whatever plugins provide.
//
// Both may be used from any thread. A factory runs outside the lock and may itself resolve; one that needs itself is an
// Error{conflict} that names the cycle. A singleton is made once: threads that ask meanwhile wait.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <shared_mutex>
#include <string>
#include <string_view>
#include <type_traits>
#include <typeindex>
#include <typeinfo>
#include <utility>
#include <vector>

#include "base/error.h"
#include "mortise/value.hpp"
#include "plugin/chain.h"

namespace mortise::plugin {

// ---- typed ------------------------------------------------------------------------------------------------------------

// The types a constructor takes, in order, each as std::shared_ptr<T>; `Scorer::Inject` by convention. A type may carry a
// name for errors: struct Inject : Needs<Logger> { static constexpr std::array<std::string_view, 1> names{"logger"}; }.
template <typename... T>
struct Needs {};

enum class Sharing { singleton, each_time };

// "mortise::Logger" for a type.
[[nodiscard]] std::string type_name(const std::type_info& type);

class Container {
 public:
  Container();
  ~Container();
  Container(const Container&) = delete;
  Container& operator=(const Container&) = delete;

  // Registering a type again replaces what was there, in this container only.
  template <typename T>
  void register_instance(std::shared_ptr<T> instance) {
    put_instance(typeid(T), std::static_pointer_cast<void>(std::move(instance)));
  }
  template <typename T>
  void register_factory(std::function<std::shared_ptr<T>(Container&)> make, Sharing sharing = Sharing::singleton) {
    put_factory(
        typeid(T), [make = std::move(make)](Container& c) { return std::static_pointer_cast<void>(make(c)); }, sharing);
  }
  // `Implementation` is auto-wired when first asked for.
  template <typename T, typename Implementation = T>
  void register_type(Sharing sharing = Sharing::singleton) {
    static_assert(std::is_convertible_v<Implementation*, T*>);
    register_factory<T>([](Container& c) -> std::shared_ptr<T> { return c.auto_wire<Implementation>(); }, sharing);
  }

  template <typename T>
  [[nodiscard]] bool has() const {
    return has(typeid(T));
  }
  // Or Error{not_found} "no service of type X is registered".
  template <typename T>
  [[nodiscard]] std::shared_ptr<T> resolve() {
    return std::static_pointer_cast<T>(get(typeid(T)));
  }
  // Null instead of the error.
  template <typename T>
  [[nodiscard]] std::shared_ptr<T> find() {
    return has<T>() ? resolve<T>() : nullptr;
  }

  // A container that falls back to this one, which must outlive it.
  [[nodiscard]] std::unique_ptr<Container> create_child();

  // Makes a T from what its `Inject` declares. Error{not_found} "Cannot auto-wire parameter 2 (Model) of Scorer".
  template <typename T>
  [[nodiscard]] std::shared_ptr<T> auto_wire() {
    if constexpr (requires { typename T::Inject; }) {
      return wire<T>(static_cast<typename T::Inject*>(nullptr));
    } else {
      static_assert(std::is_default_constructible_v<T>, "say `using Inject = mortise::plugin::Needs<...>` in the type");
      return std::make_shared<T>();
    }
  }

 private:
  struct Slot;
  using Untyped = std::shared_ptr<void>;

  explicit Container(Container* parent);
  void put(const std::type_info& type, std::shared_ptr<Slot> slot);
  void put_instance(const std::type_info& type, Untyped instance);
  void put_factory(const std::type_info& type, std::function<Untyped(Container&)> make, Sharing sharing);
  [[nodiscard]] bool has(const std::type_info& type) const;
  [[nodiscard]] Untyped get(const std::type_info& type);
  [[nodiscard]] Untyped make(Slot& slot);
  [[nodiscard]] Untyped get_for(const std::type_info& type, std::size_t position, std::string_view name,
                                const std::type_info& owner);
  [[nodiscard]] std::shared_ptr<Slot> slot(const std::type_info& type) const;

  template <typename T, typename... P>
  [[nodiscard]] std::shared_ptr<T> wire(const Needs<P...>*) {
    return wire_each<T, P...>(std::index_sequence_for<P...>{});
  }
  template <typename T, typename... P, std::size_t... I>
  [[nodiscard]] std::shared_ptr<T> wire_each(std::index_sequence<I...>) {
    return std::make_shared<T>(
        std::static_pointer_cast<P>(get_for(typeid(P), I + 1, parameter_name<T>(I), typeid(T)))...);
  }
  template <typename T>
  [[nodiscard]] static std::string_view parameter_name(std::size_t index) {
    if constexpr (requires { T::Inject::names; }) return T::Inject::names.at(index);
    return {};
  }

  Container* parent_;
  mutable std::shared_mutex mutex_;
  std::map<std::type_index, std::shared_ptr<Slot>> slots_;
};

// ---- named ------------------------------------------------------------------------------------------------------------

// One service. `chain` names the instances that wait for the answer; a service that calls a plugin passes it on.
class Service {
 public:
  virtual ~Service() = default;
  // Throws Error.
  virtual Value call(std::string_view method, const Value& input, const Chain& chain) = 0;
};

class Services {
 public:
  // Error{conflict} when the name is taken.
  void add(std::string name, std::shared_ptr<Service> service);
  bool remove(std::string_view name);
  [[nodiscard]] std::shared_ptr<Service> find(std::string_view name) const;
  // Error{not_found} "no service 'X'", with the nearest name as hint.
  Value call(std::string_view name, std::string_view method, const Value& input, const Chain& chain) const;
  [[nodiscard]] std::vector<std::string> names() const;
  // Asked for a name that nobody added; null when it does not know it either. Once, before the first call.
  using Otherwise = std::function<std::shared_ptr<Service>(std::string_view name)>;
  void otherwise(Otherwise otherwise) { otherwise_ = std::move(otherwise); }

 private:
  mutable std::shared_mutex mutex_;
  std::map<std::string, std::shared_ptr<Service>, std::less<>> services_;
  Otherwise otherwise_;
};

}  // namespace mortise::plugin

#include "plugin/services.h"

#include <doctest/doctest.h>

#include <array>
#include <atomic>
#include <thread>

using namespace mortise;
using namespace mortise::plugin;

namespace {

struct Logger {
  virtual ~Logger() = default;
  std::string prefix = "log";
};
struct FileLogger : Logger {
  FileLogger() { prefix = "file"; }
};
struct Model {
  int size = 7;
};
struct Scorer {
  using Inject = Needs<Logger, Model>;
  Scorer(std::shared_ptr<Logger> logger_, std::shared_ptr<Model> model_) : logger(std::move(logger_)), model(std::move(model_)) {}
  std::shared_ptr<Logger> logger;
  std::shared_ptr<Model> model;
};
struct Named {
  struct Inject : Needs<Model> {
    static constexpr std::array<std::string_view, 1> names{"model"};
  };
  explicit Named(std::shared_ptr<Model>) {}
};
struct Egg;
struct Hen {
  using Inject = Needs<Egg>;
  explicit Hen(std::shared_ptr<Egg>) {}
};
struct Egg {
  using Inject = Needs<Hen>;
  explicit Egg(std::shared_ptr<Hen>) {}
};

}  // namespace

TEST_CASE("an instance registered for a type is what is resolved, the very same") {
  Container container;
  auto model = std::make_shared<Model>();
  container.register_instance<Model>(model);
  CHECK(container.has<Model>());
  CHECK(container.resolve<Model>() == model);
  CHECK(container.resolve<Model>() == container.resolve<Model>());
}

TEST_CASE("what was never registered is not found, by its type") {
  Container container;
  CHECK_FALSE(container.has<Model>());
  CHECK(container.find<Model>() == nullptr);
  try {
    (void)container.resolve<Model>();
    FAIL("resolved nothing");
  } catch (const Error& error) {
    CHECK(error.code() == Code::not_found);
    CHECK(std::string(error.what()).find("Model is registered") != std::string::npos);
  }
}

TEST_CASE("a factory makes one singleton, or one each time") {
  Container container;
  int made = 0;
  container.register_factory<Model>([&](Container&) {
    ++made;
    return std::make_shared<Model>();
  });
  CHECK(made == 0);
  CHECK(container.resolve<Model>() == container.resolve<Model>());
  CHECK(made == 1);

  container.register_factory<Model>([&](Container&) { return std::make_shared<Model>(); }, Sharing::each_time);
  CHECK(container.resolve<Model>() != container.resolve<Model>());
}

TEST_CASE("an interface is served by an implementation") {
  Container container;
  container.register_type<Logger, FileLogger>();
  CHECK(container.resolve<Logger>()->prefix == "file");
}

TEST_CASE("a child sees its parent's services, hides some, and is not seen by it") {
  Container root;
  auto outer = std::make_shared<Model>();
  root.register_instance<Model>(outer);
  auto child = root.create_child();
  CHECK(child->resolve<Model>() == outer);
  auto inner = std::make_shared<Model>();
  child->register_instance<Model>(inner);
  child->register_instance<Logger>(std::make_shared<Logger>());
  CHECK(child->resolve<Model>() == inner);
  CHECK(root.resolve<Model>() == outer);
  CHECK_FALSE(root.has<Logger>());
}

TEST_CASE("a singleton of the parent is one for all children and does not see theirs") {
  Container root;
  root.register_factory<Scorer>([](Container& c) { return c.auto_wire<Scorer>(); });
  auto child = root.create_child();
  child->register_instance<Model>(std::make_shared<Model>());
  child->register_instance<Logger>(std::make_shared<Logger>());
  CHECK_THROWS_AS((void)child->resolve<Scorer>(), Error);
  root.register_instance<Model>(std::make_shared<Model>());
  root.register_instance<Logger>(std::make_shared<Logger>());
  CHECK(child->resolve<Scorer>() == root.resolve<Scorer>());
  CHECK(child->resolve<Scorer>()->model == root.resolve<Model>());
}

TEST_CASE("auto-wiring builds an object from the types its constructor declares") {
  Container container;
  container.register_instance<Logger>(std::make_shared<Logger>());
  auto model = std::make_shared<Model>();
  container.register_instance<Model>(model);
  const auto scorer = container.auto_wire<Scorer>();
  CHECK(scorer->model == model);
  CHECK(scorer->logger->prefix == "log");
}

TEST_CASE("a parameter that cannot be wired is named, by position or by name") {
  Container container;
  container.register_instance<Logger>(std::make_shared<Logger>());
  try {
    (void)container.auto_wire<Scorer>();
    FAIL("wired");
  } catch (const Error& error) {
    CHECK(error.code() == Code::not_found);
    CHECK(std::string(error.what()).find("Cannot auto-wire parameter 2 (") == 0);
    CHECK(error.detail("parameter") == "2");
    CHECK(std::string(error.what()).find("Model) of") != std::string::npos);
  }
  CHECK_THROWS_WITH_AS((void)container.auto_wire<Named>(), doctest::Contains("Cannot auto-wire parameter 'model' ("), Error);
}

TEST_CASE("services that need each other are a conflict that names the cycle, not an endless recursion") {
  Container container;
  container.register_type<Hen>();
  container.register_type<Egg>();
  try {
    (void)container.resolve<Hen>();
    FAIL("resolved");
  } catch (const Error& error) {
    CHECK(error.code() == Code::conflict);
    CHECK(std::string(error.what()).find("needs itself") != std::string::npos);
    CHECK(std::string(error.what()).find("Egg") != std::string::npos);
  }
}

TEST_CASE("a singleton is made once, however many threads ask for it at the same time") {
  Container container;
  std::atomic<int> made{0};
  container.register_factory<Model>([&](Container&) {
    ++made;
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
    return std::make_shared<Model>();
  });
  std::vector<std::thread> threads;
  std::array<std::shared_ptr<Model>, 4> seen;
  for (std::size_t i = 0; i < seen.size(); ++i) {
    threads.emplace_back([&, i] { seen[i] = container.resolve<Model>(); });
  }
  for (auto& thread : threads) thread.join();
  CHECK(made == 1);
  for (const auto& model : seen) CHECK(model == seen[0]);
}

namespace {
struct Greeter : Service {
  Value call(std::string_view method, const Value& input, const Chain& chain) override {
    return Value::map({{"method", method}, {"name", input}, {"chain", chain.describe()}});
  }
};
}  // namespace

TEST_CASE("a named service answers calls and knows who waits for it") {
  Services services;
  services.add("Greeter", std::make_shared<Greeter>());
  const Value answer = services.call("Greeter", "greet", "Ada", Chain().entered(1, "a"));
  CHECK(answer.at("method").as_string() == "greet");
  CHECK(answer.at("name").as_string() == "Ada");
  CHECK(answer.at("chain").as_string() == "a");
  CHECK_THROWS_WITH_AS(services.add("Greeter", std::make_shared<Greeter>()), "service 'Greeter' is already registered", Error);
}

TEST_CASE("an unknown service is not found, and the nearest name is the hint") {
  Services services;
  services.add("Logger", std::make_shared<Greeter>());
  try {
    services.call("Loger", "info", {}, {});
    FAIL("answered");
  } catch (const Error& error) {
    CHECK(error.code() == Code::not_found);
    CHECK(std::string(error.what()) == "no service 'Loger'");
    CHECK(error.hint() == "did you mean 'Logger'?");
  }
  CHECK(services.remove("Logger"));
  CHECK_FALSE(services.remove("Logger"));
  CHECK(services.names().empty());
}

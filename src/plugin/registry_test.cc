#include "plugin/registry.h"

#include <doctest/doctest.h>

#include <unistd.h>

#include <fstream>
#include <functional>
#include <thread>

using namespace mortise;
using namespace mortise::plugin;

namespace fs = std::filesystem;

namespace {

Descriptor described(const std::string& id, std::vector<Requirement> needs = {}) {
  Descriptor descriptor;
  descriptor.id = id;
  descriptor.version_text = "1.2.0";
  descriptor.version = Version::parse("1.2.0");
  descriptor.requires_ = std::move(needs);
  return descriptor;
}

Requirement on(const std::string& name, const std::string& range = "") { return {Requirement::Type::plugin, name, range}; }

std::string ids(const std::vector<Registry::Entry>& entries) {
  std::string text;
  for (const auto& entry : entries) text += entry->id + " ";
  return text;
}

Error error_of(const std::function<void()>& action) {
  try {
    action();
  } catch (const Error& error) {
    return error;
  }
  return Error(Code::internal, "nothing was thrown");
}

}  // namespace

TEST_CASE("a plugin is found by its id and by each of its aliases") {
  Registry registry;
  Descriptor normaliser = described("normaliser");
  normaliser.aliases = {"Data_Processing.normaliser"};
  registry.add(normaliser);
  CHECK(registry.get("normaliser") == registry.get("Data_Processing.normaliser"));
  CHECK(registry.find("other") == nullptr);
}

TEST_CASE("a plugin that is not there is missed in the guide's words, with the nearest name") {
  Registry registry;
  registry.add(described("Input.sap_erp2"));
  const Error error = error_of([&] { (void)registry.get("Input.sap_erp"); });
  CHECK(std::string(error.what()) == "plugin not found: Input.sap_erp - did you register it?");
  CHECK(error.code() == Code::not_found);
  CHECK(error.hint() == "did you mean 'Input.sap_erp2'?");
}

TEST_CASE("a name that is taken is a conflict, also by an alias, and nothing is half added") {
  Registry registry;
  registry.add(described("Input.file"));
  const Error twice = error_of([&] { registry.add(described("Input.file")); });
  CHECK(twice.code() == Code::conflict);
  CHECK(std::string(twice.what()) == "plugin file of type Input already registered");

  Descriptor clash = described("file");
  clash.aliases = {"Output.file", "Input.file"};
  CHECK(std::string(error_of([&] { registry.add(clash); }).what()) == "plugin file of type Input already registered");
  CHECK(registry.find("file") == nullptr);
  CHECK(registry.find("Output.file") == nullptr);
  registry.add(described("normaliser"));
  CHECK(std::string(error_of([&] { registry.add(described("normaliser")); }).what()) ==
        "plugin 'normaliser' is already registered");
}

TEST_CASE("what is removed is gone with its aliases, but whoever holds it keeps it") {
  Registry registry;
  Descriptor descriptor = described("a");
  descriptor.aliases = {"Input.a"};
  const auto held = registry.add(descriptor);
  CHECK(registry.remove("a"));
  CHECK_FALSE(registry.remove("a"));
  CHECK(registry.find("Input.a") == nullptr);
  CHECK(held->id == "a");
  registry.add(descriptor);
}

TEST_CASE("only plugins that the operator named run inside the host") {
  Registry registry(Registry::TrustedInProcess{{"a", "Input.b"}});
  Descriptor b = described("b");
  b.aliases = {"Input.b"};
  CHECK(registry.add(described("a"))->trust == Trust::in_process);
  CHECK(registry.add(b)->trust == Trust::in_process);
  CHECK(registry.add(described("c"))->trust == Trust::confined);
}

TEST_CASE("plugins are listed by id, all or by extension point") {
  Registry registry;
  Descriptor z = described("z");
  z.extension_points = {"analysis"};
  registry.add(z);
  registry.add(described("a"));
  CHECK(ids(registry.list()) == "a z ");
  CHECK(ids(registry.at_extension_point("analysis")) == "z ");
}

TEST_CASE("providers come before consumers, whatever their names") {
  Registry registry;
  registry.add(described("a", {on("z"), on("m")}));
  registry.add(described("m", {on("z")}));
  registry.add(described("z"));
  registry.add(described("alone"));
  CHECK(ids(registry.in_dependency_order()) == "z m a alone ");
  const std::vector<std::string> only{"m"};
  CHECK(ids(registry.in_dependency_order(only)) == "z m ");
}

TEST_CASE("a capability is provided by whoever says so") {
  Registry registry;
  registry.add(described("a", {{Requirement::Type::capability, "tokens", ""}}));
  Descriptor provider = described("z");
  provider.provides = {"tokens"};
  registry.add(provider);
  CHECK(ids(registry.in_dependency_order()) == "z a ");
  registry.remove("z");
  const Error error = error_of([&] { (void)registry.in_dependency_order(); });
  CHECK(std::string(error.what()) == "No plugin provides capability: tokens");
  CHECK(error.detail("plugin") == "a");
}

TEST_CASE("a missing, a wrong, a circular and a hostile dependency are told apart") {
  Registry missing;
  missing.add(described("a", {on("b")}));
  CHECK(std::string(error_of([&] { (void)missing.in_dependency_order(); }).what()) == "Missing dependency: b");

  Registry old;
  old.add(described("a", {on("b", "^2.0")}));
  old.add(described("b"));
  CHECK(std::string(error_of([&] { (void)old.in_dependency_order(); }).what()) ==
        "plugin 'a' needs b ^2.0, registered is 1.2.0");

  Registry circle;
  circle.add(described("a", {on("b")}));
  circle.add(described("b", {on("c")}));
  circle.add(described("c", {on("b")}));
  CHECK(std::string(error_of([&] { (void)circle.in_dependency_order(); }).what()) ==
        "plugins need each other in a circle: b -> c -> b");

  Registry foes;
  Descriptor foe = described("a");
  foe.conflicts = {"b"};
  foes.add(foe);
  foes.add(described("b"));
  CHECK(std::string(error_of([&] { (void)foes.in_dependency_order(); }).what()) == "Conflicts with registered plugin: b");
  const std::vector<std::string> only{"a"};
  CHECK(ids(foes.in_dependency_order(only)) == "a ");
}

TEST_CASE("packages and system tools are not the registry's business") {
  Registry registry;
  registry.add(described("a", {{Requirement::Type::package, "numpy", ">=1.2,<3"}, {Requirement::Type::system, "R", ""}}));
  CHECK(ids(registry.in_dependency_order()) == "a ");
}

TEST_CASE("scanning adds the good plugins and reports each bad one") {
  const fs::path root = fs::temp_directory_path() / ("mortise_registry_" + std::to_string(::getpid()));
  fs::remove_all(root);
  const auto package = [&](const std::string& folder, const std::string& name) {
    fs::create_directories(root / folder);
    std::ofstream(root / folder / "main.py") << "";
    std::ofstream(root / folder / "manifest.json")
        << R"({"name":")" << name
        << R"(","version":"1.0.0","author":"A","description":"D","language":"python","entry_point":"main.py"})";
  };
  package("one", "one");
  package("group/two", "two");
  package("group/deep/three", "three");
  package("group/deep/deeper/four", "four");
  package("twin", "one");
  package(".hidden", "hidden");
  fs::create_directories(root / "broken");
  std::ofstream(root / "broken" / "manifest.json") << "{";
  fs::create_directories(root / "empty");
  fs::create_directory_symlink(root / "one", root / "link");

  Registry registry;
  const std::vector<fs::path> directories{root, root / "nowhere"};
  const auto report = registry.scan(directories);
  CHECK(report.added == std::vector<std::string>{"three", "two", "one"});
  REQUIRE(report.problems.size() == 3);
  CHECK(report.problems[0].folder.filename() == "broken");
  CHECK(std::string(report.problems[0].error.what()).starts_with("Invalid JSON: "));
  CHECK(report.problems[1].folder.filename() == "twin");
  CHECK(std::string(report.problems[1].error.what()) == "plugin 'one' is already registered");
  CHECK(report.problems[2].folder.filename() == "nowhere");
  fs::remove_all(root);
}

TEST_CASE("the registry is read and written by several threads at once") {
  Registry registry;
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&registry, t] {
      for (int i = 0; i < 100; ++i) {
        const std::string id = "p" + std::to_string(t) + "_" + std::to_string(i);
        registry.add(described(id));
        CHECK(registry.get(id)->id == id);
        (void)registry.list();
        registry.remove(id);
      }
    });
  }
  for (auto& thread : threads) thread.join();
  CHECK(registry.list().empty());
}

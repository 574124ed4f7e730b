#include <doctest/doctest.h>

#include <filesystem>

#include "base/error.h"
#include "os/file.h"
#include "os/paths.h"
#include "scaffold/names.h"
#include "scaffold/project.h"
#include "scaffold/template.h"

using namespace mortise;
using namespace mortise::scaffold;
namespace fs = std::filesystem;

namespace {

// A folder of templates with one of dialect `ours` for Python, and room for projects.
struct Bench {
  Bench() : folder(os::make_temporary_directory("/tmp/mortise-scaffold-")) {
    put("templates/ours/python/template.json", R"({"description": "d", "language": "python", "next": ["cd {{folder}}"]})");
    put("templates/ours/python/{{word}}.py", "{{class}} = \"{{description}}\"  # {{unknown}} {{\n");
    put("templates/ours/python/README.md", "{{name}}: {{description}}\n");
    put("templates/ours/python/dot-gitignore", "*.pyc\n");
    request.wanted = {"ours", "", ""};
    request.name = "Input.my-plugin";
    request.present = folder;
  }
  ~Bench() { fs::remove_all(folder); }

  void put(const std::string& path, const std::string& text) const {
    os::make_directories(os::parent_of(os::join(folder, path)));
    os::write_file(os::join(folder, path), text);
  }
  [[nodiscard]] std::string read(const std::string& path) const { return os::read_file(os::join(folder, path), 1U << 20); }
  [[nodiscard]] Project make() const { return make_project(os::join(folder, "templates"), request); }
  [[nodiscard]] std::string refused() const {
    try {
      (void)make();
    } catch (const Error& error) {
      return std::string(error.what()) + " / " + error.hint();
    }
    return "";
  }

  std::string folder;
  Request request;
};

std::size_t entries(const std::string& folder) {
  return static_cast<std::size_t>(std::distance(fs::directory_iterator(folder), fs::directory_iterator()));
}

}  // namespace

TEST_CASE("a project is the template with its placeholders replaced") {
  Bench bench;
  bench.request.description = R"(says "hi\")";
  const Project made = bench.make();
  CHECK(made.files == std::vector<std::string>{"README.md", ".gitignore", "my_plugin.py"});
  CHECK(made.next == std::vector<std::string>{"cd my_plugin"});
  CHECK(bench.read("my_plugin/my_plugin.py") == "MyPlugin = \"says \\\"hi\\\\\\\"\"  # {{unknown}} {{\n");
  CHECK(bench.read("my_plugin/README.md") == "Input.my-plugin: says \"hi\\\"\n");
  CHECK(entries(bench.folder) == 2);  // templates and the project: nothing of the draft is left
}

TEST_CASE("a folder that is there is refused unless it is empty, and stays as it was") {
  const Bench bench;
  os::make_directories(os::join(bench.folder, "my_plugin"));
  SUBCASE("empty") { CHECK(bench.make().files.size() == 3); }
  SUBCASE("not empty") {
    bench.put("my_plugin/mine", "text");
    CHECK(bench.refused().find("not an empty folder") != std::string::npos);
    CHECK(entries(os::join(bench.folder, "my_plugin")) == 1);
    CHECK(entries(bench.folder) == 2);
  }
  SUBCASE("a link") {
    fs::remove(os::join(bench.folder, "my_plugin"));
    fs::create_symlink("/tmp", os::join(bench.folder, "my_plugin"));
    CHECK(bench.refused().find("not an empty folder") != std::string::npos);
  }
}

TEST_CASE("a name that cannot be used is refused with the nearest that can") {
  Template plain;
  plain.language = "python";
  const std::vector<std::string> reserved{"json", "class"};
  const auto suggested = [&](const std::string& name) {
    try {
      check_name(plain, name, reserved);
    } catch (const Error& error) {
      return error.hint();
    }
    return std::string("fine");
  };
  CHECK(suggested("words") == "fine");
  CHECK(suggested("Input.z-score") == "fine");
  CHECK(suggested("my plugin!") == "such as: my_plugin");
  CHECK(suggested("../../etc/passwd") == "such as: etc_passwd");
  CHECK(suggested("9lives") == "such as: plugin_9lives");
  CHECK(suggested("Json") == "such as: Json_plugin");
  CHECK(suggested("Input.json") == "such as: Input.json_plugin");
  CHECK(suggested("Input.a b") == "such as: Input.a_b");
  CHECK(suggested("Nowhere.words") == "such as: Nowhere_words");
  CHECK(suggested("Input.9") == "such as: Input.plugin_9");
  CHECK(suggested("") == "such as: my_plugin");
  CHECK(suggested("\xc3\xa9\n") == "such as: my_plugin");
  CHECK(suggested(std::string(200, 'a')).size() == 9 + 32);
  plain.names = Template::Names::identifier;
  CHECK(suggested("my-plugin") == "such as: my_plugin");
}

TEST_CASE("texts with line ends are refused") {
  Bench bench;
  bench.request.author = "a\nb";
  CHECK(bench.refused().find("the author must be one line") != std::string::npos);
  CHECK(entries(bench.folder) == 1);
}

TEST_CASE("a language or a dialect that is not there is refused with what is") {
  Bench bench;
  bench.request.wanted.language = "pyton";
  CHECK(bench.refused().find("did you mean 'python'?") != std::string::npos);
  bench.request.wanted = {"hours", "", ""};
  CHECK(bench.refused().find("did you mean 'ours'?") != std::string::npos);
}

TEST_CASE("of several templates the usual one is taken, else the caller must say") {
  const Bench bench;
  bench.put("templates/ours/r/template.json", R"({"description": "d", "language": "r"})");
  CHECK(bench.refused().find("--language python, r") != std::string::npos);
  bench.put("templates/ours/r/template.json", R"({"description": "d", "language": "r", "usual": true})");
  CHECK(bench.make().of.language == "r");
}

TEST_CASE("a template.json that is wrong is named with its key") {
  const Bench bench;
  bench.put("templates/ours/python/template.json", R"({"description": "d", "langage": "python"})");
  CHECK(bench.refused().find("langage") != std::string::npos);
}

TEST_CASE("a file that is written once elsewhere is taken from there, with placeholders in place of its words") {
  const Bench bench;
  bench.put("elsewhere/begin.py", "class Begin: NAME = \"begin\"\n");
  bench.put("templates/ours/python/template.json", R"({"description": "d", "language": "python", "taken":
    {"more/{{word}}.py": {"from": "../../../elsewhere/begin.py", "words": {"Begin": "{{class}}", "begin": "{{word}}"}}}})");
  CHECK(bench.make().files.back() == "more/my_plugin.py");
  CHECK(bench.read("my_plugin/more/my_plugin.py") == "class MyPlugin: NAME = \"my_plugin\"\n");
}

TEST_CASE("a plugin takes part only where those of its kind can") {
  Bench bench;
  bench.put("templates/ours/python/template.json",
            R"({"description": "d", "language": "python", "extension_points": ["Input", "Output"]})");
  CHECK(bench.refused().empty());
  bench.request.name = "analysis.other";
  CHECK(bench.refused() == "a plugin of 'ours' cannot take part as 'analysis' / it can as: Input, Output");
  CHECK(entries(bench.folder) == 2);
}

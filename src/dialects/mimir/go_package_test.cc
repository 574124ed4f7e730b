#include "dialects/mimir/go_package.h"

#include <doctest/doctest.h>

#include "dialects/mimir/go_tokens.h"

using namespace mortise::dialects::mimir;

namespace {

const std::string complete = R"(// Package tides reads tide tables: func (p *No) ExecuteStep() {}
package Input

import "context"

/* func (p *NotThis) GetPluginType() string { return "Output" } */
type Tides struct{ name, version string }

func NewTides() *Tides { return &Tides{name: "Tides", version: "2.1.0"} }

func (p *Tides) ExecuteStep(ctx context.Context, stepConfig pipelines.StepConfig, all *pipelines.PluginContext) (*pipelines.PluginContext, error) {
	text := `func (x *Y) GetPluginName() string {`
	return nil, nil
}
func (p *Tides) GetPluginType() string { return "Input" }
func (p *Tides) GetPluginName() string {
	return "tides" // or "ebbs"
}
func (p *Tides) ValidateConfig(config map[string]interface{}) error { return nil }
)";

}  // namespace

TEST_CASE("a plugin's type, name, version and constructor are read from its source") {
  const GoPackage package = read_package({{"tides.go", complete}});
  CHECK(package.name == "Input");
  REQUIRE(package.plugins.size() == 1);
  const GoPlugin& plugin = package.plugins.front();
  CHECK(plugin.go_type == "Tides");
  CHECK(plugin.file == "tides.go");
  CHECK(plugin.line == 11);
  CHECK(plugin.constructor == "NewTides");
  CHECK(plugin.kind == "Input");
  CHECK(plugin.name == "tides");
  CHECK(plugin.version == "2.1.0");
  CHECK(plugin.missing.empty());
}

TEST_CASE("the methods of a plugin may lie in several files, and a test is none of them") {
  const std::size_t cut = complete.find("func (p *Tides) GetPluginType");
  const GoPackage package = read_package({{"a.go", complete.substr(0, cut)},
                                          {"b.go", "package Input\n" + complete.substr(cut)},
                                          {"c_test.go", "package Input\nfunc (f *Fake) ExecuteStep() {}\nfunc (f *Fake) GetPluginType() string { return \"x\" }\n"}});
  REQUIRE(package.plugins.size() == 1);
  CHECK(package.plugins.front().missing.empty());
}

TEST_CASE("a method that is missing is named") {
  const std::string without = complete.substr(0, complete.find("func (p *Tides) ValidateConfig"));
  const GoPackage package = read_package({{"tides.go", without}});
  REQUIRE(package.plugins.size() == 1);
  CHECK(package.plugins.front().missing == std::vector<std::string>{"ValidateConfig"});
}

TEST_CASE("what is no plain text is left for running it to tell") {
  std::string source = complete;
  source.replace(source.find("return \"tides\""), 14, "return p.name ");
  const GoPlugin plugin = read_package({{"tides.go", source}}).plugins.at(0);
  CHECK(plugin.name.empty());
  CHECK(plugin.kind == "Input");
}

TEST_CASE("dependencies are read where they are a list of texts") {
  const auto with = [](const std::string& body) {
    return read_package({{"t.go", complete + "func (p *Tides) GetDependencies() []string {" + body + "}\n"}}).plugins.at(0);
  };
  CHECK(with("return []string{\"Input.moon\", \"Input.wind\"}").dependencies == std::vector<std::string>{"Input.moon", "Input.wind"});
  CHECK_FALSE(with("return nil").asked_for_dependencies);
  CHECK(with("return p.dependencies").asked_for_dependencies);
}

TEST_CASE("a Go file that has no such type is nobody's plugin") {
  CHECK(read_package({{"main.go", "package main\n\nfunc main() {}\n"}}).plugins.empty());
  CHECK(read_package({{"main.go", "package main\n\ntype T struct{}\n\nfunc (t T) ExecuteStep() {}\n"}}).plugins.empty());
  CHECK(read_package({{"broken.go", "package main\nfunc (t *T) ExecuteStep( {{{ \"no end\n"}}).plugins.empty());
  CHECK(read_package({{"empty.go", ""}}).plugins.empty());
}

TEST_CASE("tokens end where a literal does not") {
  CHECK(go_tokens("a \"b").size() == 1);
  CHECK(go_tokens("/* never closed").empty());
  CHECK(go_tokens("x := 'a' + `raw\n\"text`").size() == 6);
}

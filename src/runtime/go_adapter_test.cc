#include "runtime/go_adapter.h"

#include <doctest/doctest.h>

using namespace mortise;
using namespace mortise::runtime;

TEST_CASE("a main is generated that hands the constructor to the adapter") {
  plugin::Descriptor plugin;
  plugin.entry = "tides.go";
  plugin.adapter = {"example.com/guide/worker", "NewTides", {}};
  std::map<std::string, std::string> files{{"go.mod", "// of Ada\nmodule \"example.com/tides\"\n"},
                                           {"tides.go", "package main\n"},
                                           {"inner/inner.go", "package main\n"}};
  add_go_main(plugin, files);
  const std::string& text = files["mortise_main/main.go"];
  CHECK(text.find("adapter \"example.com/guide/worker\"") != std::string::npos);
  CHECK(text.find("plugin \"example.com/tides\"") != std::string::npos);
  CHECK(text.find("adapter.Serve(plugin.NewTides)") != std::string::npos);
  CHECK(files["tides.go"] == "package plugin\n");
  CHECK(files["inner/inner.go"] == "package main\n");
}

TEST_CASE("only the package clause of a main changes") {
  CHECK(with_package_name("// package main\n/* package main */ package main // x\nvar main = 1\n", "plugin") ==
        "// package main\n/* package main */ package plugin // x\nvar main = 1\n");
  CHECK(with_package_name("package Input\n", "plugin") == "package Input\n");
  CHECK(with_package_name("package mainly\n", "plugin") == "package mainly\n");
  CHECK(with_package_name("", "plugin").empty());
}

TEST_CASE("an unused import is made blank where it stands") {
  std::string block = "package p\n\nimport (\n\t\"context\"\n\tf \"fmt\"\n)\n";
  CHECK(blank_import(block, 5));
  CHECK(block == "package p\n\nimport (\n\t\"context\"\n _ \"fmt\"\n)\n");
  std::string single = "package p\nimport \"fmt\"\n";
  CHECK(blank_import(single, 2));
  CHECK(single == "package p\nimport _ \"fmt\"\n");
  CHECK_FALSE(blank_import(single, 1));
  CHECK_FALSE(blank_import(single, 99));
}

// A package in Go that is no program of ours yet: the main that is generated around it, from the descriptor's adapter. Of that,
// `name` is the import path of a package with Serve(constructor), `object` the constructor, and each of `paths` "module=folder",
// a module that the build finds there; or the word "cgo": the program is built with cgo and with the paths of its sources, as one that
// opens what Go's own plugin mode made must be.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "plugin/descriptor.h"

namespace mortise::runtime {

// Where the generated main lies in the copy that is built.
inline constexpr std::string_view go_main_folder = "mortise_main";

// Adds the main to the files (by their paths) of the copy, whose go.mod is there. A package main becomes one that can be
// imported: its name changes, no line moves.
void add_go_main(const plugin::Descriptor& descriptor, std::map<std::string, std::string>& files);

// "package main" of a source is "package NAME" afterwards; any other stays.
[[nodiscard]] std::string with_package_name(const std::string& source, std::string_view name);

// An import that the compiler found unused, "main.go:5:5: "fmt" imported and not used", is made one for its side effects in
// that line, which compiles. False when the line is none.
[[nodiscard]] bool blank_import(std::string& source, int line);

}  // namespace mortise::runtime

// What the program has for those who write plugins, in the words of the command line.
#pragma once

#include <string>

#include "app/places.h"
#include "cli/host.h"
#include "mortise/value.hpp"

namespace mortise::authors {

[[nodiscard]] Value make_project(const app::Places& places, const cli::NewProject& wanted);
[[nodiscard]] Value shown_places(const app::Places& places);

}  // namespace mortise::authors

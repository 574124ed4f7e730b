// The manifest as JSON Schema (draft 2020-12), for editors and other programs. GET /api/v1/packages/manifest-schema serves it.
//
// The parser (manifest.h) is what decides, and its errors are for people; tests hold the two to one verdict on every manifest they have.
// What a schema cannot say is left to the parser: that an entry point is a file of the package, that a key is nearly one of ours.
#pragma once

#include "mortise/value.hpp"

namespace mortise::plugin {

[[nodiscard]] Value manifest_schema();

}  // namespace mortise::plugin

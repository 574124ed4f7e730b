#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "mortise/error.hpp"
#include "package_archive/archive.h"

// Whatever comes in, files come out with paths that stay inside, or an Error.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  namespace archive = mortise::package_archive;
  archive::Limits limits;
  limits.bytes = 4U << 20;
  limits.files = 100;
  try {
    for (const archive::File& file : archive::unpack({reinterpret_cast<const char*>(data), size}, limits)) {
      if (file.path.empty() || file.path != archive::clean_path(file.path, limits)) std::abort();
    }
  } catch (const mortise::Error&) {
  }
  return 0;
}

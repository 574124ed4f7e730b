#include "runtime/native_library.h"

#include <doctest/doctest.h>

#include "base/error.h"

using namespace mortise;
using namespace mortise::runtime;

namespace {

const std::string folder = UNIT_PLUGINS "/";

Error refusal(const std::string& file) {
  NativeLibraries libraries;
  try {
    (void)libraries.open(folder + file);
  } catch (const Error& error) {
    CHECK(error.detail("file") == folder + file);
    return error;
  }
  return Error(Code::internal, "opened");
}

std::string why(const std::string& file) {
  std::string text = refusal(file).what();
  return text.starts_with(folder) ? text.substr(folder.size()) : text;
}

}  // namespace

TEST_CASE("a plugin is opened once, and every instance gets the same table") {
  NativeLibraries libraries;
  const mortise_plugin& first = libraries.open(folder + "libunit_bare.so");
  CHECK(&first == &libraries.open(folder + "libunit_bare.so"));
  CHECK(first.size == sizeof(mortise_plugin));
}

TEST_CASE("a shared object that cannot be a plugin is refused with its file and the reason") {
  CHECK(why("libunit_no_entry.so") == "libunit_no_entry.so does not export 'mortise_plugin_entry'");
  CHECK(why("libunit_refuses.so") == "libunit_refuses.so refused to be loaded (mortise_plugin_entry returned NULL)");
  CHECK(refusal("libunit_refuses.so").code() == Code::denied);
  CHECK(why("libunit_other_abi.so") == "libunit_other_abi.so was built for plugin ABI 2, this host speaks 1");
  CHECK(refusal("libunit_other_abi.so").code() == Code::unsupported);
  CHECK(why("libunit_short_table.so") == "libunit_short_table.so has a plugin table of 16 bytes, ABI 1 has at least 64");
  CHECK(why("libunit_no_invoke.so") == "libunit_no_invoke.so has no 'invoke' in its plugin table");
}

TEST_CASE("a file that is missing is told in the linker's words") {
  CHECK(std::string(refusal("libmissing.so").what()).find("cannot load " + folder + "libmissing.so: ") == 0);
}

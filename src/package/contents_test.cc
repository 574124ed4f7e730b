#include "package/contents.h"

#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>

#include "base/error.h"
#include "os/file.h"

using namespace mortise;
using package::Contents;

namespace {

Value file(const char* path, std::string_view content, bool executable = false) {
  return Value::map({{"path", path}, {"bytes", Value::bytes(content)}, {"executable", executable}});
}

std::string refusal(const Value& files, const package::Limits& limits = {}) {
  try {
    (void)Contents::from_value(files, limits);
  } catch (const Error& error) {
    return error.what();
  }
  return "taken";
}

}  // namespace

TEST_CASE("one folder around a package is taken off, and only that") {
  const Contents wrapped = Contents::from_value(Value::list({file("p/manifest.json", "{}"), file("p/lib/x.py", "1")}));
  const Contents flat = Contents::from_value(Value::list({file("lib/x.py", "1"), file("manifest.json", "{}")}));
  CHECK(wrapped.files()[0].path == "lib/x.py");
  CHECK(wrapped.digest() == flat.digest());
  CHECK(wrapped.manifest() == "{}");
  const Contents other = Contents::from_value(Value::list({file("p/x.py", "1")}));
  CHECK(other.files()[0].path == "p/x.py");
  CHECK_THROWS_WITH_AS((void)other.manifest(), "manifest.json not found in package", Error);
}

TEST_CASE("the digest tells packages apart by name, bytes and whether a file may run") {
  const auto digest = [](const Value& one) { return Contents::from_value(Value::list({one})).digest(); };
  const std::string first = digest(file("a", "x"));
  CHECK(first.size() == 64);
  CHECK(digest(file("a", "x")) == first);
  CHECK(digest(file("b", "x")) != first);
  CHECK(digest(file("a", "y")) != first);
  CHECK(digest(file("a", "x", true)) != first);
}

TEST_CASE("a worker that lies about paths and sizes is not believed") {
  for (const char* path : {"", "/etc/passwd", "a/../b", "..", "a//b", "a/", "./a", "a\\b", "a\nb", "a\xff"}) {
    INFO(path);
    CHECK(refusal(Value::list({file(path, "x")})) != "taken");
  }
  CHECK(refusal(Value::list({file("a", "x"), file("A", "y")})).find("only in capitals") != std::string::npos);
  CHECK(refusal(Value::list({file("a", "x"), file("a/b", "y")})).find("a file too") != std::string::npos);
  package::Limits limits;
  limits.bytes = 3;
  CHECK(refusal(Value::list({file("a", "xx"), file("b", "yy")}), limits).find("4 bytes, of 3 possible") != std::string::npos);
}

TEST_CASE("what was changed in a folder is named file by file") {
  namespace fs = std::filesystem;
  const fs::path folder = os::make_temporary_directory("/tmp/mortise-contents-");
  fs::create_directories(folder / "lib");
  fs::create_directories(folder / ".git");
  for (const char* name : {"manifest.json", "lib/a.py", "lib/b.py", "lib/c.py", ".git/HEAD"}) std::ofstream(folder / name) << name;
  const Contents contents = Contents::from_folder(folder);
  CHECK(contents.files().size() == 4);
  CHECK(package::differences(folder, contents.listing()) == std::vector<std::string>{"added: .git/HEAD"});  // left out of it, but not overlooked
  fs::remove_all(folder / ".git");
  CHECK(package::differences(folder, contents.listing()).empty());

  std::ofstream(folder / "lib/a.py") << "other";
  fs::remove(folder / "lib/b.py");
  fs::permissions(folder / "lib/c.py", fs::perms::owner_all);
  std::ofstream(folder / "new.py") << "new";
  CHECK(package::differences(folder, contents.listing()) ==
        std::vector<std::string>{"added: new.py", "changed: lib/a.py", "executable: lib/c.py", "missing: lib/b.py"});
  fs::remove_all(folder);
}

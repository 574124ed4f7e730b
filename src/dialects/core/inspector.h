// Inspector: finds out what a file holds that only running it can tell, without running it here.
//
// A worker, confined like any other, loads the file with the dialect's adapter and answers `call describe`. The answer is kept in
// the data folder for as long as the contents of every file that took part stay what they were, so each is asked once. A file
// that cannot be loaded is asked again each time: what it lacked may have come.
#pragma once

#include <chrono>
#include <string>

#include "base/log.h"
#include "mortise/value.hpp"
#include "plugin/detector.h"

namespace mortise::runtime {
class Runtime;
}

namespace mortise::dialects {

class Inspector {
 public:
  static constexpr std::chrono::seconds patience{20};
  static constexpr std::chrono::seconds patience_with_builders{180};  // for a language that is built first

  // `folder` holds what was found out; it is made when needed.
  Inspector(runtime::Runtime& runtime, std::string folder, const Log& log);

  // `reader` says how the file is run: folder, entry, language and adapter, whose `object` is empty. The adapter answers
  // {"plugins": [anything], "files": [absolute path of each file that the answer depends on]}; `plugins` is returned. An answer that
  // depends on no file is not kept. Blocks.
  // Throws Error: what the file's own code threw, timeout, or invalid when the answer has another form.
  [[nodiscard]] Value describe(const plugin::Descriptor& reader);

 private:
  [[nodiscard]] Value ask(const plugin::Descriptor& reader);
  [[nodiscard]] std::string kept_path(const plugin::Descriptor& reader) const;
  [[nodiscard]] std::optional<Value> kept(const std::string& path) const;
  void keep(const std::string& path, const Value& answer) const;

  runtime::Runtime& runtime_;
  const std::string folder_;
  const Log log_;
};

// Up to `most` bytes of a file, empty when it cannot be read: for a detector's first look at its shape.
[[nodiscard]] std::string beginning_of(const std::string& path, std::size_t most = std::size_t{1} << 20U);

// Whether the folder is a package with a manifest: then its files are parts of that, whatever they look like.
[[nodiscard]] bool has_manifest(const plugin::Shelf& shelf) noexcept;

// Whether a Python source may define a class that derives from `base`: a cheap look at its text, never wrong about files that do
// so in the plain way.
[[nodiscard]] bool may_derive_from(std::string_view python, std::string_view base) noexcept;

}  // namespace mortise::dialects

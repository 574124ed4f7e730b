// Detector: finds plugins of one way of writing by the shape of their files, and describes them.
//
// A scan shows each folder to every detector in turn. A detector takes what is its own: some of the files, or the whole folder,
// which is then one package that nobody else looks into. What was taken is not shown to those that come after. It must not run
// a plugin's code in this process.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "plugin/descriptor.h"

namespace mortise::plugin {

// A plugin that could not be read, and why. The others are kept.
struct Problem {
  std::filesystem::path folder;  // or the file
  Error error;
};

struct Finding {
  std::vector<Descriptor> plugins;
  std::vector<Problem> problems;
  bool whole_folder = false;       // the folder is one package; nothing else is looked for in it and below
  std::vector<std::string> files;  // those taken, by name, whether they could be read or not
};

// What a detector sees of a folder.
struct Shelf {
  std::filesystem::path folder;    // absolute
  std::vector<std::string> files;  // names of regular files that nobody took yet; no links, no hidden ones; sorted
};

class Detector {
 public:
  Detector() = default;
  Detector(const Detector&) = delete;
  Detector& operator=(const Detector&) = delete;
  virtual ~Detector() = default;

  // Slow: it may read files, and ask a worker. Errors about single plugins are in the finding; what it throws is a problem of
  // the folder.
  [[nodiscard]] virtual Finding look(const Shelf& shelf) = 0;
};

}  // namespace mortise::plugin

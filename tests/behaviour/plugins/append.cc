// Appends `line` to `file` and gives the number of lines now in it: a side effect that can be counted.
#include <fcntl.h>
#include <unistd.h>

#include <fstream>
#include <mortise/plugin.hpp>
#include <string>

namespace {

struct Append : mortise::Plugin {
  mortise::Value step(mortise::Step& step) override {
    const std::string path(step.config("file").as_string());
    const std::string line = std::string(step.config("line").as_string()) + '\n';
    const int file = ::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
    const bool written = file >= 0 && ::write(file, line.data(), line.size()) == static_cast<ssize_t>(line.size());
    ::close(file);
    if (!written) throw mortise::Error(mortise::Code::plugin, "cannot append to " + path);

    std::int64_t lines = 0;
    std::ifstream reader(path);
    for (std::string text; std::getline(reader, text);) ++lines;
    return lines;
  }
};

}  // namespace

MORTISE_PLUGIN(Append)

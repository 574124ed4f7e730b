// Prints 100 MB to standard output, in lines.
#include <unistd.h>

#include <mortise/plugin.hpp>
#include <string>

namespace {

struct PrintsStdout : mortise::Plugin {
  mortise::Value step(mortise::Step&) override {
    const std::string line = std::string(99, 'o') + '\n';
    std::string block;
    while (block.size() < 1'000'000) block += line;
    for (int i = 0; i < 100; ++i) {
      for (std::size_t done = 0; done < block.size();) {
        const ssize_t written = ::write(STDOUT_FILENO, block.data() + done, block.size() - done);
        if (written < 0) throw mortise::Error(mortise::Code::plugin, "standard output was closed");
        done += static_cast<std::size_t>(written);
      }
    }
    return "printed";
  }
};

}  // namespace

MORTISE_PLUGIN(PrintsStdout)

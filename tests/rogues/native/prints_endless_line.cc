// Prints 100 MB to standard error without ever ending the line.
#include <unistd.h>

#include <mortise/plugin.hpp>
#include <string>

namespace {

struct PrintsEndlessLine : mortise::Plugin {
  mortise::Value step(mortise::Step&) override {
    const std::string block(1'000'000, 'e');
    for (int i = 0; i < 100; ++i) {
      for (std::size_t done = 0; done < block.size();) {
        const ssize_t written = ::write(STDERR_FILENO, block.data() + done, block.size() - done);
        if (written < 0) throw mortise::Error(mortise::Code::plugin, "standard error was closed");
        done += static_cast<std::size_t>(written);
      }
    }
    return "printed";
  }
};

}  // namespace

MORTISE_PLUGIN(PrintsEndlessLine)

// Writes `bytes` zeros to `file`: makes a disk full.
#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <mortise/plugin.hpp>
#include <string>
#include <vector>

namespace {

struct Fill : mortise::Plugin {
  mortise::Value step(mortise::Step& step) override {
    const std::string path(step.config("file").as_string());
    std::int64_t left = step.config("bytes").as_int64();
    const std::vector<char> zeros(1 << 16);
    const int file = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    if (file < 0) throw mortise::Error(mortise::Code::plugin, path + ": " + std::strerror(errno));
    while (left > 0) {
      const ssize_t written = ::write(file, zeros.data(), std::min<std::size_t>(zeros.size(), static_cast<std::size_t>(left)));
      if (written < 0) {
        const int reason = errno;
        ::close(file);
        throw mortise::Error(mortise::Code::plugin, path + ": " + std::strerror(reason), "free some space and run again");
      }
      left -= written;
    }
    ::close(file);
    return "written";
  }
};

}  // namespace

MORTISE_PLUGIN(Fill)

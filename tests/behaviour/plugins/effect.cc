// Adds 1 to its input `n` (0 when there is none) after `seconds`, and appends "KEY ATTEMPT N" to `file`: an effect outside.
#include <fcntl.h>
#include <unistd.h>

#include <chrono>
#include <mortise/plugin.hpp>
#include <string>
#include <thread>

namespace {

struct Effect : mortise::Plugin {
  mortise::Value step(mortise::Step& step) override {
    std::int64_t n = 0;
    if (const mortise::Value* inputs = step.config().find("add")) {
      for (const mortise::Value& key : inputs->items()) n += step.context(key.as_string()).value().at("n").as_int64();
    }
    if (const mortise::Value* seconds = step.config().find("seconds"))
      std::this_thread::sleep_for(std::chrono::duration<double>(seconds->as_float64()));
    ++n;
    const std::string line = std::string(step.run().at("key").as_string()) + " " +
                             std::to_string(step.run().at("attempt").as_int64()) + " " + std::to_string(n) + "\n";
    const std::string path(step.config("file").as_string());
    const int file = ::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
    const bool written = file >= 0 && ::write(file, line.data(), line.size()) == static_cast<ssize_t>(line.size());
    ::close(file);
    if (!written) throw mortise::Error(mortise::Code::plugin, "cannot append to " + path);
    const mortise::Value* weight = step.config().find("weight");
    const auto bytes = static_cast<std::size_t>(weight == nullptr ? 0 : weight->as_int64());
    return mortise::Value::map({{"n", n}, {"ballast", mortise::Value::bytes(std::string(bytes, 'x'))}});
  }
};

}  // namespace

MORTISE_PLUGIN(Effect)

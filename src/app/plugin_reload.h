// PluginReload: plugins whose files changed go over to a next generation while the host works (Runtime::switch_to).
//
// Asked for one plugin, or by itself every so often for all of them (plugins.watch). What decides is a digest of the content of
// the plugin's folder: a file that was only touched changes nothing. By itself it waits until a folder has looked the same twice,
// so that it does not meet one that is being written; a file should still be replaced by a rename, because a worker may start
// at any time. A next generation that does not start is told once in the log, and the present one stays. Thread-safe.
#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>

#include "base/log.h"
#include "mortise/value.hpp"
#include "plugin/registry.h"

namespace mortise::runtime {
class Runtime;
}

namespace mortise::app {

class PluginReload {
 public:
  // Reads the plugin anew from where the present descriptor lies. Throws Error.
  using Read = std::function<plugin::Descriptor(const plugin::Descriptor& present)>;

  // All must outlive it. An interval of 0: only on request. It begins with start(), once the plugins are there.
  PluginReload(const plugin::Registry& registry, runtime::Runtime& runtime, const Log& log,
               std::chrono::milliseconds interval, Read read);
  PluginReload(const PluginReload&) = delete;
  PluginReload& operator=(const PluginReload&) = delete;
  ~PluginReload();
  void start();

  // {"plugin", "changed", "from", "to", "generation"}: versions. Throws Error{not_found}, or why the next generation does not
  // start. Blocks for the digest and the start.
  Value reload(std::string_view plugin);
  void set_interval(std::chrono::milliseconds interval);
  void stop();  // looks no more; idempotent

 private:
  // What is known of a folder. `look` is cheap and changes when a file does; `content` is the digest that decides.
  struct Known {
    std::string look, content;  // of the generation that works; content is empty while nobody asked
    std::string seen;           // the look of the last time
    std::string failed;         // the look that did not start
  };
  void loop();
  void look_at(const plugin::Registry::Entry& plugin, bool watched);
  Known& known(const plugin::Descriptor& plugin);
  Value switch_now(const plugin::Registry::Entry& present, const std::string& look, const std::string& content);

  const plugin::Registry& registry_;
  runtime::Runtime& runtime_;
  const Log log_;
  const Read read_;
  std::mutex work_;  // one look or switch at a time; guards known_
  std::map<std::string, Known, std::less<>> known_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::chrono::milliseconds interval_;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace mortise::app

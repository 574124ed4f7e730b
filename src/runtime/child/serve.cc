#include "runtime/child/serve.h"

#include <cstddef>
#include <cstdio>
#include <string>

namespace mortise::runtime::child {
namespace {

constexpr int broken_protocol = 76;  // EX_PROTOCOL of sysexits.h

// Whether the plugin's table is long enough to have a member, and has it.
template <typename Member>
bool has(const mortise_plugin& table, Member mortise_plugin::*member) noexcept {
  const auto* at = reinterpret_cast<const std::byte*>(&(table.*member));
  const auto end = static_cast<std::uint64_t>(at - reinterpret_cast<const std::byte*>(&table)) + sizeof(Member);
  return end <= table.size && table.*member != nullptr;
}

// One plugin instance and what became of it. Calls into the plugin are noexcept: an exception that leaves it ends the
// process, as any other of its crashes does, and the host says so.
class Served {
 public:
  explicit Served(PluginSource& source) : source_(source) {}

  mortise_status run(const message::Hello& hello, const Task& task, mortise_output* out) {
    if (task.kind == Task::Kind::load) return load(hello, *task.call, out);
    if (!loaded_) throw Error(Code::conflict, "the plugin is not loaded");
    switch (task.kind) {
      case Task::Kind::initialize: return optional(&mortise_plugin::initialize, *task.call, out);
      case Task::Kind::start: return optional(&mortise_plugin::start, *task.call, out);
      case Task::Kind::stop: return optional(&mortise_plugin::stop, *task.call, out);
      case Task::Kind::invoke: return invoke(*task.call, out);
      default: clean_up(); return MORTISE_OK;
    }
  }

  void clean_up() noexcept {
    if (!loaded_) return;
    loaded_ = false;
    table_->cleanup(instance_);
    instance_ = nullptr;
  }

 private:
  mortise_status load(const message::Hello& hello, const mortise_call& call, mortise_output* out) {
    if (loaded_) throw Error(Code::conflict, "the plugin is loaded already");
    table_ = &source_.table(hello);
    const mortise_status status = load(call, out);
    loaded_ = status == MORTISE_OK;
    return status;
  }
  mortise_status load(const mortise_call& call, mortise_output* out) noexcept {
    return table_->load(&call, &instance_, out);
  }
  mortise_status invoke(const mortise_call& call, mortise_output* out) noexcept {
    return table_->invoke(instance_, &call, out);
  }

  using Verb = mortise_status (*)(void*, const mortise_call*, mortise_output*);
  mortise_status optional(Verb mortise_plugin::*verb, const mortise_call& call, mortise_output* out) noexcept {
    return has(*table_, verb) ? (table_->*verb)(instance_, &call, out) : MORTISE_OK;
  }

  PluginSource& source_;
  const mortise_plugin* table_ = nullptr;
  void* instance_ = nullptr;
  bool loaded_ = false;
};

}  // namespace

void check_table(const mortise_plugin* table) {
  if (table == nullptr) {
    throw Error(Code::plugin, "the plugin refused to be loaded: mortise_plugin_entry returned no table");
  }
  if (table->size < offsetof(mortise_plugin, load) || table->abi_major != MORTISE_ABI_MAJOR) {
    throw Error(Code::unsupported,
                "the plugin was built for version " + std::to_string(table->abi_major) +
                    " of the plugin contract, this worker has " + std::to_string(MORTISE_ABI_MAJOR),
                "build the plugin with the headers of this version");
  }
  if (!has(*table, &mortise_plugin::load) || !has(*table, &mortise_plugin::invoke) ||
      !has(*table, &mortise_plugin::cleanup)) {
    throw Error(Code::plugin, "the plugin's table lacks load, invoke or cleanup");
  }
}

int serve(Session& session, PluginSource& source) {
  Served plugin(source);
  int status = 0;
  try {
    for (Task task = session.next(); task.kind != Task::Kind::end; task = session.next()) {
      mortise_output out{};
      mortise_status said = MORTISE_INTERNAL;
      try {
        said = plugin.run(session.hello(), task, &out);
        std::fflush(stdout);  // what a plugin prints comes before its answer, whole lines or not
      } catch (const Error& error) {
        session.reply(error);
        continue;
      }
      session.reply(said, &out);
    }
  } catch (const Error& error) {
    std::fprintf(stderr, "mortise worker: %s\n", error.describe().c_str());
    status = broken_protocol;
  }
  plugin.clean_up();  // within a second: the session watches
  return status;
}

}  // namespace mortise::runtime::child

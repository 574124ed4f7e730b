// mortise/worker.h over Session.
#include "mortise/worker.h"

#include <memory>

#include "mortise/error_value.hpp"
#include "mortise/output.hpp"
#include "runtime/child/serve.h"
#include "runtime/child/session.h"

namespace child = mortise::runtime::child;
using mortise::Code;
using mortise::Error;

struct mortise_worker {
  mortise_worker(mortise::os::Fd socket, std::string sdk, std::string language)
      : session(std::move(socket), std::move(sdk), std::move(language)) {
    const auto counted = [](const std::string& text) { return mortise_string{text.data(), text.size()}; };
    const mortise::runtime::message::Hello& hello = session.hello();
    greeting = {sizeof greeting,
                counted(hello.host),
                counted(hello.plugin_id),
                counted(hello.plugin_name),
                counted(hello.plugin_version),
                counted(hello.plugin_path),
                counted(hello.plugin_entry),
                hello.limits.c()};
  }

  child::Session session;
  mortise_worker_hello greeting;
};

namespace {

mortise_status report(const Error& error, mortise_output* out) {
  if (out != nullptr) mortise::detail::give(out, mortise::error_value(error));
  return mortise::status_of(error.code());
}

// Runs what may throw; nothing leaves by exception.
template <typename Body>
mortise_status guarded(mortise_output* error, const Body& body) noexcept {
  try {
    try {
      return body();
    } catch (const Error& failed) {
      return report(failed, error);
    } catch (const std::exception& failed) {
      return report(Error(Code::internal, failed.what()), error);
    }
  } catch (...) {
    return MORTISE_INTERNAL;
  }
}

std::string text_of(mortise_string text) { return std::string(mortise::detail::text_of(text)); }

// The table of a program that is its own plugin.
class OwnTable final : public child::PluginSource {
 public:
  explicit OwnTable(const mortise_plugin* table) : table_(table) {}
  const mortise_plugin& table(const mortise::runtime::message::Hello&) override {
    child::check_table(table_);
    return *table_;
  }

 private:
  const mortise_plugin* table_;
};

}  // namespace

mortise_status mortise_worker_open(const mortise_worker_options* options, mortise_worker** worker,
                                   mortise_output* error) {
  return guarded(error, [&] {
    if (options == nullptr || worker == nullptr || options->size < sizeof(mortise_worker_options)) {
      throw Error(Code::invalid, "mortise_worker_open: options or worker is missing, or options.size is wrong");
    }
    *worker =
        new mortise_worker(child::adopt_socket(options->descriptor), text_of(options->sdk), text_of(options->language));
    return MORTISE_OK;
  });
}

const mortise_worker_hello* mortise_worker_greeting(const mortise_worker* worker) { return &worker->greeting; }

mortise_status mortise_worker_next(mortise_worker* worker, mortise_task* task, mortise_output* error) {
  return guarded(error, [&] {
    if (task == nullptr || task->size < sizeof(mortise_task)) {
      throw Error(Code::invalid, "mortise_worker_next: task.size is wrong");
    }
    const child::Task next = worker->session.next();
    task->kind = static_cast<std::uint32_t>(next.kind);
    task->call = next.call;
    return MORTISE_OK;
  });
}

mortise_status mortise_worker_reply(mortise_worker* worker, mortise_status status, mortise_output* output) {
  return guarded(nullptr, [&] { return worker->session.reply(status, output) ? MORTISE_OK : MORTISE_CANCELLED; });
}

void mortise_worker_count_copied(mortise_worker* worker, uint64_t bytes) { worker->session.count_copied(bytes); }

int mortise_worker_serve(mortise_worker* worker, const mortise_plugin* plugin) {
  OwnTable source(plugin);
  const int status = child::serve(worker->session, source);
  mortise_worker_close(worker);
  return status;
}

void mortise_worker_close(mortise_worker* worker) { delete worker; }

static_assert(MORTISE_TASK_END == static_cast<int>(child::Task::Kind::end) &&
              MORTISE_TASK_LOAD == static_cast<int>(child::Task::Kind::load) &&
              MORTISE_TASK_INITIALIZE == static_cast<int>(child::Task::Kind::initialize) &&
              MORTISE_TASK_START == static_cast<int>(child::Task::Kind::start) &&
              MORTISE_TASK_INVOKE == static_cast<int>(child::Task::Kind::invoke) &&
              MORTISE_TASK_STOP == static_cast<int>(child::Task::Kind::stop) &&
              MORTISE_TASK_CLEANUP == static_cast<int>(child::Task::Kind::cleanup));

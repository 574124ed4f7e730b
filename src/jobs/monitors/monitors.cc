#include "jobs/monitors/monitors.h"

#include <utility>

#include "base/ids.h"
#include "base/redact.h"
#include "jobs/core/event_log.h"
#include "jobs/core/events.h"

namespace mortise::jobs {
namespace {

// Tells everybody. A listener that fails keeps nothing from the others.
class Everybody final : public WatchListener {
 public:
  Everybody(std::string id, EventHub& hub, EventLog& events, Log log, std::shared_ptr<WatchListener> also)
      : id_(std::move(id)), hub_(hub), events_(events), log_(std::move(log)), also_(std::move(also)) {}

  void record(const Value& record) override {
    const std::string type = "monitor." + std::string(record.at("type").as_string());
    const Value told = log_.redactor().clean(record);
    hub_.publish(id_, type, told);
    events_.record({.type = type, .source = "watch:" + id_, .data = told});
    if (also_ != nullptr) also_->record(record);
  }

  void seen(const Value& event) override {
    events_.record({.type = "monitor.seen", .source = "watch:" + id_, .data = log_.redactor().clean(event)});
    if (also_ != nullptr) also_->seen(event);
  }

  void note(Log::Level level, const std::string& text, const Value& fields) override {
    log_.write(level, text, fields);
    Value told = log_.redactor().clean(fields);
    told.set("level", name_of(level));
    told.set("message", log_.redactor().clean(std::string_view(text)));
    hub_.publish(id_, "monitor.note", std::move(told));
    if (also_ != nullptr) also_->note(level, text, fields);
  }

 private:
  const std::string id_;
  EventHub& hub_;
  EventLog& events_;
  const Log log_;
  const std::shared_ptr<WatchListener> also_;
};

Value with_id(const std::string& id, const Value& status) {
  Value all = Value::map({{"id", id}});
  for (const Member& member : status.members()) all.set(member.key(), member.value());
  return all;
}

}  // namespace

Monitors::Monitors(runtime::Runtime& runtime, EventHub& hub, EventLog& events, const Log& log,
                   std::shared_ptr<runtime::CallHost> host)
    : runtime_(runtime), hub_(hub), events_(events), log_(log), host_(std::move(host)) {}

Monitors::~Monitors() { end_all(); }

std::string Monitors::begin(WatchSpec spec, std::shared_ptr<WatchListener> also) {
  const std::lock_guard lock(mutex_);
  if (watches_.size() >= most) {
    throw Error(Code::busy, "there are " + std::to_string(most) + " watches already", "end one of them first");
  }
  const std::string id = make_id("watch");
  const Log log = log_.with({{"watch", spec.name}});
  hub_.publish(id, "monitor.begun", Value::map({{"name", spec.name}, {"monitors", spec.monitors.size()}}));
  auto everybody = std::make_shared<Everybody>(id, hub_, events_, log, std::move(also));
  watches_.emplace(id, std::make_shared<Watch>(runtime_, std::move(spec), std::move(everybody), log, host_));
  return id;
}

std::shared_ptr<Watch> Monitors::find(const std::string& id) const {
  const std::lock_guard lock(mutex_);
  const auto found = watches_.find(id);
  if (found != watches_.end()) return found->second;
  throw Error(Code::not_found, "there is no watch '" + id + "'", "GET /api/v1/watches lists them").with("key", id);
}

Value Monitors::end(const std::string& id) {
  const std::shared_ptr<Watch> watch = find(id);
  watch->stop();
  const Value status = with_id(id, watch->status());
  {
    const std::lock_guard lock(mutex_);
    watches_.erase(id);
  }
  hub_.finish(id);
  return status;
}

void Monitors::end_all() noexcept {
  for (;;) {
    std::string id;
    {
      const std::lock_guard lock(mutex_);
      if (watches_.empty()) return;
      id = watches_.begin()->first;
    }
    try {
      (void)end(id);
    } catch (const Error&) {  // another thread ended it just now
    }
  }
}

Value Monitors::status(const std::string& id) const { return with_id(id, find(id)->status()); }

Value Monitors::list() const {
  Value all = Value::list();
  const std::lock_guard lock(mutex_);
  for (const auto& [id, watch] : watches_) all.push_back(with_id(id, watch->status()));
  return all;
}

}  // namespace mortise::jobs

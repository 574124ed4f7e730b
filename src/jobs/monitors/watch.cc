#include "jobs/monitors/watch.h"

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <set>
#include <thread>
#include <utility>

#include "base/clock.h"
#include "jobs/monitors/monitor.h"
#include "jobs/monitors/records.h"
#include "runtime/runtime.h"

namespace mortise::jobs {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::chrono::milliseconds last_polls{
    500};  // what polls that are out get at the end, before they are cancelled

void check(const WatchSpec& spec) {
  if (spec.cooldown.count() <= 0) throw Error(Code::invalid, "the cooldown must be longer than 0");
  std::set<std::string> labels;
  for (const MonitorSpec& monitor : spec.monitors) {
    if (monitor.interval.count() <= 0) {
      throw Error(Code::invalid, "poll_interval_s of '" + monitor.label + "' must be positive");
    }
    if (!labels.insert(monitor.label).second) {
      throw Error(Code::invalid, "two monitors have the label '" + monitor.label + "'", "rename one of the two");
    }
  }
}

// A complete segment whose items are with their monitors.
struct Closing {
  explicit Closing(Segment complete) : segment(std::move(complete)) {}
  const Segment segment;
  std::size_t left = 0;
  Value aggregated = Value::map(), errors = Value::map();
};

}  // namespace

// The thread takes what came in, completes segments, begins polls that are due, tells the listener, and sleeps until the next of
// these. Calls end on other threads and come in as tasks.
class Watch::Core : public std::enable_shared_from_this<Watch::Core> {
 public:
  Core(runtime::Runtime& runtime, WatchSpec spec, std::shared_ptr<WatchListener> listener, const Log& log,
       std::shared_ptr<runtime::CallHost> host)
      : runtime_(runtime),
        spec_(std::move(spec)),
        listener_(std::move(listener)),
        log_(log),
        host_(std::move(host)),
        segments_(spec_.cooldown) {
    for (const MonitorSpec& monitor : spec_.monitors) monitors_.emplace_back(monitor, Clock::now());
  }

  void begin() {
    thread_ = std::thread([self = shared_from_this()] { self->run(); });
  }

  void stop() {
    const std::lock_guard once(stop_mutex_);
    post([this] { stopping_ = true; });
    if (thread_.joinable()) thread_.join();
  }

  Value status() const {
    const std::lock_guard lock(state_);
    const auto now = Clock::now();
    const Segment* open = segments_.open();
    Value monitors = Value::list();
    for (const Monitor& monitor : monitors_) monitors.push_back(monitor.status(now));
    Value status = Value::map({{"name", spec_.name},
                               {"state", closing_ != 0     ? "CLOSING"
                                         : open != nullptr ? "ACTIVE"
                                                           : "IDLE"},
                               {"cooldown_s", std::chrono::duration<double>(spec_.cooldown).count()},
                               {"events", events_},
                               {"segments", written_},
                               {"monitors", std::move(monitors)}});
    if (open != nullptr) {
      const auto left = std::max<Clock::duration>(*segments_.due() - now, Clock::duration::zero());
      status.set("remaining_s", std::chrono::duration<double>(left).count());
      status.set("open", open_segment(*open));
    }
    return status;
  }

 private:
  using Task = std::function<void()>;

  void post(Task task) {
    const std::lock_guard lock(inbox_mutex_);
    inbox_.push_back(std::move(task));
    came_in_.notify_one();
  }

  // ---- the thread ----

  void run() {
    std::optional<Clock::time_point> stop_began;
    for (;;) {
      std::deque<Task> tasks = wait(next(stop_began));
      bool done = false;
      {
        const std::lock_guard lock(state_);
        for (Task& task : tasks) task();
        const auto now = Clock::now();
        if (stopping_ && !stop_began) stop_began = now;
        stop_began ? wind_down(*stop_began, now) : work(now);
        done = stop_began && polls_out_ == 0 && closing_ == 0 && segments_.open() == nullptr;
      }
      tell();
      if (done) return retire();
    }
  }

  // Its instances have served.
  void retire() {
    for (const MonitorSpec& monitor : spec_.monitors) runtime_.retire(monitor.plugin, monitor.config);
  }

  std::deque<Task> wait(Clock::time_point until) {
    std::unique_lock lock(inbox_mutex_);
    came_in_.wait_until(lock, until, [this] { return !inbox_.empty(); });
    return std::exchange(inbox_, {});
  }

  Clock::time_point next(std::optional<Clock::time_point> stop_began) const {
    const std::lock_guard lock(state_);
    auto earliest = Clock::now() + std::chrono::seconds(60);
    if (stop_began) return std::min(earliest, std::max(*stop_began + last_polls, Clock::now() + last_polls));
    for (const Monitor& monitor : monitors_) earliest = std::min(earliest, monitor.due());
    return std::min(earliest, segments_.due().value_or(earliest));
  }

  void work(Clock::time_point now) {
    if (auto segment = segments_.complete(now)) close(std::move(*segment));
    for (std::size_t i = 0; i < monitors_.size(); ++i) {
      if (monitors_[i].begin(now)) poll(i);
    }
  }

  void wind_down(Clock::time_point began, Clock::time_point now) {
    if (now - began >= last_polls) cancel_.cancel("the watch ends");
    if (polls_out_ != 0) return;
    if (auto segment = segments_.close()) close(std::move(*segment));
  }

  // What the listener is told, without the lock: it may look at the status.
  void tell() {
    std::deque<std::function<void(WatchListener&)>> news;
    {
      const std::lock_guard lock(state_);
      news.swap(outbox_);
    }
    for (const auto& one : news) {
      try {
        one(*listener_);
      } catch (const Error& error) {
        log_.failure("a record of a watch was not taken", error, {{"watch", spec_.name}});
      }
    }
  }

  void record(Value record) {
    outbox_.emplace_back([record = std::move(record)](WatchListener& listener) { listener.record(record); });
  }
  void seen(Value event) {
    outbox_.emplace_back([event = std::move(event)](WatchListener& listener) { listener.seen(event); });
  }
  void note(Log::Level level, std::string text, Value fields) {
    outbox_.emplace_back([level, text = std::move(text), fields = std::move(fields)](WatchListener& listener) {
      listener.note(level, text, fields);
    });
  }

  // Takes the end of a call to the thread, if the watch still is.
  runtime::Completion later(std::function<void(const runtime::Outcome&)> take) {
    return [weak = weak_from_this(), take = std::move(take)](runtime::Outcome outcome) {
      const auto self = weak.lock();
      if (self == nullptr) return;
      const auto ended = std::make_shared<runtime::Outcome>(std::move(outcome));
      self->post([take, ended] { take(*ended); });
    };
  }

  // ---- polls ----

  void poll(std::size_t index) {
    runtime::Call call;
    call.operation = runtime::Operation::poll;
    call.cancel = cancel_;
    call.host = host_;
    ++polls_out_;
    const MonitorSpec& monitor = monitors_[index].spec();
    runtime_.start(monitor.plugin, monitor.config, std::move(call),
                   later([this, index](const runtime::Outcome& outcome) { polled(index, outcome); }));
  }

  void polled(std::size_t index, const runtime::Outcome& outcome) {
    --polls_out_;
    Monitor& monitor = monitors_[index];
    const std::string& label = monitor.spec().label;
    const double ms = std::chrono::duration<double, std::milli>(outcome.elapsed).count();
    try {
      const auto event = monitor.finish(outcome);
      monitor.succeeded();
      note(Log::Level::debug, "polled", Value::map({{"label", label}, {"ms", ms}, {"event", event.has_value()}}));
      if (event) take(*event, monitor.spec().rules);
    } catch (const Error& error) {
      if (stopping_ && outcome.ended == runtime::Ended::cancelled) return;
      const auto rest = monitor.failed(error.what(), Clock::now(), now());
      note(Log::Level::error, error.what(), Value::map({{"label", label}, {"rests_s", rest.count()}}));
    }
    if (outcome.elapsed > spec_.slow && outcome.ok() && monitor.was_slow()) {
      note(Log::Level::warning, "a poll was slow",
           Value::map({{"label", label},
                       {"ms", ms},
                       {"advice", "stay below " + std::to_string(spec_.slow.count()) + " ms, or poll less often"}}));
    }
  }

  void take(const MonitorEvent& event, const EventRules& rules) {
    ++events_;
    seen(event_record(event));
    const auto went = segments_.take(event, rules, Clock::now());
    if (went == Segments::Went::alone) return record(event_record(event));
    if (went == Segments::Went::opened_segment) {
      note(Log::Level::debug, "a segment opened", Value::map({{"label", event.label}, {"event", event.event}}));
    }
  }

  // ---- closing ----

  void close(Segment segment) {
    note(Log::Level::debug, "a segment closes", Value::map({{"events", segment.events.size()}}));
    ++closing_;
    auto closing = std::make_shared<Closing>(std::move(segment));
    closing->left = closing->segment.collected.size();
    if (closing->left == 0) return closed(*closing);
    for (std::size_t i = 0; i < closing->segment.collected.size(); ++i) aggregate(closing, i);
  }

  void aggregate(const std::shared_ptr<Closing>& closing, std::size_t index) {
    const Segment::Collected& collected = closing->segment.collected[index];
    const auto monitor = std::find_if(monitors_.begin(), monitors_.end(),
                                      [&](const Monitor& each) { return each.spec().label == collected.label; });
    runtime::Call call;
    call.operation = runtime::Operation::aggregate;
    call.input = Value::map({{"items", list_of(collected.items)}});
    call.host = host_;
    runtime_.start(
        monitor->spec().plugin, monitor->spec().config, std::move(call),
        later([this, closing, index](const runtime::Outcome& outcome) { aggregated(*closing, index, outcome); }));
  }

  void aggregated(Closing& closing, std::size_t index, const runtime::Outcome& outcome) {
    const Segment::Collected& collected = closing.segment.collected[index];
    // A monitor that has no way of its own to aggregate leaves the items as they are.
    const bool has_none = outcome.error && outcome.error->code() == Code::unsupported;
    closing.aggregated.set(collected.header, outcome.ok() ? outcome.value : list_of(collected.items));
    if (!outcome.ok() && !has_none) {
      closing.errors.set(collected.header, outcome.error->what());
      note(Log::Level::error, outcome.error->what(),
           Value::map({{"label", collected.label}, {"data_header", collected.header}}));
    }
    if (--closing.left == 0) closed(closing);
  }

  void closed(const Closing& closing) {
    --closing_;
    ++written_;
    Value written = segment_record(closing.segment, closing.aggregated, closing.errors);
    for (const Monitor& monitor : monitors_) {
      if (monitor.spec().hears_segments && closing.segment.labels.contains(monitor.spec().label))
        tell(monitor.spec(), written);
    }
    record(std::move(written));
  }

  void tell(const MonitorSpec& monitor, const Value& written) {
    runtime::Call call;
    call.method = "on_segment_close";
    call.input = written;
    call.host = host_;
    ++polls_out_;
    runtime_.start(monitor.plugin, monitor.config, std::move(call),
                   later([this, label = monitor.label](const runtime::Outcome& outcome) {
                     --polls_out_;
                     if (outcome.ok()) return;
                     note(Log::Level::warning, outcome.error->what(), Value::map({{"label", label}}));
                   }));
  }

  runtime::Runtime& runtime_;
  const WatchSpec spec_;
  const std::shared_ptr<WatchListener> listener_;
  const Log log_;
  const std::shared_ptr<runtime::CallHost> host_;
  runtime::CancelToken cancel_ = runtime::CancelToken::make();
  std::thread thread_;
  std::mutex stop_mutex_;

  std::mutex inbox_mutex_;
  std::condition_variable came_in_;
  std::deque<Task> inbox_;

  mutable std::mutex state_;  // all that follows
  std::deque<Monitor> monitors_;
  Segments segments_;
  std::size_t polls_out_ = 0, closing_ = 0;
  std::uint64_t events_ = 0, written_ = 0;
  bool stopping_ = false;
  std::deque<std::function<void(WatchListener&)>> outbox_;
};

Watch::Watch(runtime::Runtime& runtime, WatchSpec spec, std::shared_ptr<WatchListener> listener, const Log& log,
             std::shared_ptr<runtime::CallHost> host) {
  check(spec);
  core_ = std::make_shared<Core>(runtime, std::move(spec), std::move(listener), log, std::move(host));
  core_->begin();
}

Watch::~Watch() { stop(); }

void Watch::stop() { core_->stop(); }

Value Watch::status() const { return core_->status(); }

}  // namespace mortise::jobs

#include "jobs/core/events.h"

#include <algorithm>

#include "base/clock.h"

namespace mortise::jobs {
namespace {

// Roughly the bytes that an event's data holds on to.
std::size_t weight_of(const Value& value) {
  std::size_t weight = sizeof(Value);
  if (value.is(Kind::string) || value.is(Kind::bytes)) {
    weight += value.size();
  } else if (value.is(Kind::list)) {
    for (const Value& item : value.items()) weight += weight_of(item);
  } else if (value.is(Kind::map)) {
    for (const Member& member : value.members()) weight += member.key().size() + weight_of(member.value());
  }
  return weight;
}

}  // namespace

std::shared_ptr<EventHub::Stream> EventHub::find(const std::string& run) const {
  const std::lock_guard lock(mutex_);
  const auto found = streams_.find(run);
  return found == streams_.end() ? nullptr : found->second;
}

void EventHub::publish(const std::string& run, std::string type, Value data) {
  std::shared_ptr<Stream> stream;
  {
    const std::lock_guard lock(mutex_);
    auto& slot = streams_[run];
    if (slot == nullptr) slot = std::make_shared<Stream>();
    if (const std::lock_guard old(slot->mutex); slot->finished) {  // it goes on: who watched the end has seen the end
      auto fresh = std::make_shared<Stream>();
      fresh->last = slot->last;
      std::erase(finished_, run);
      stream = std::move(fresh);
    }
    if (stream != nullptr) slot = stream;
    stream = slot;
  }
  {
    const std::lock_guard lock(stream->mutex);
    stream->bytes += weight_of(data);
    stream->kept.push_back({run, ++stream->last, std::move(type), now(), std::move(data)});
    while (stream->kept.size() > 1 &&
           (stream->kept.size() > limits_.kept_per_run || stream->bytes > limits_.bytes_per_run)) {
      stream->bytes -= weight_of(stream->kept.front().data);
      stream->kept.pop_front();
    }
  }
  stream->changed.notify_all();
}

void EventHub::finish(const std::string& run) {
  const std::shared_ptr<Stream> stream = find(run);
  if (stream == nullptr) return;
  {
    const std::lock_guard lock(stream->mutex);
    if (stream->finished) return;
    stream->finished = true;
  }
  stream->changed.notify_all();
  const std::lock_guard lock(mutex_);
  finished_.push_back(run);
  while (finished_.size() > limits_.finished_runs) {
    streams_.erase(finished_.front());
    finished_.pop_front();
  }
}

std::unique_ptr<EventHub::Watch> EventHub::watch(const std::string& run, std::uint64_t after) {
  return std::unique_ptr<Watch>(new Watch(run, find(run), after));
}

std::vector<Event> EventHub::Watch::next(std::chrono::milliseconds patience) {
  std::vector<Event> events;
  if (stream_ == nullptr) return events;
  std::unique_lock lock(stream_->mutex);
  stream_->changed.wait_for(lock, patience, [&] { return stream_->last > seen_ || stream_->finished; });
  if (stream_->last > seen_) {
    const std::uint64_t oldest = stream_->kept.front().sequence;
    if (oldest > seen_ + 1) {
      const auto missed = static_cast<std::int64_t>(oldest - seen_ - 1);
      events.push_back({run_, oldest - 1, "missed", now(), Value::map({{"count", missed}})});
      seen_ = oldest - 1;
    }
    const auto first = stream_->kept.begin() + static_cast<std::ptrdiff_t>(seen_ + 1 - oldest);
    events.insert(events.end(), first, stream_->kept.end());
    seen_ = stream_->last;
  }
  if (stream_->finished && seen_ >= stream_->last) state_ = State::ended;
  return events;
}

}  // namespace mortise::jobs

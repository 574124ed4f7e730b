#include "jobs/core/event_filter.h"

#include <algorithm>

#include "base/error.h"
#include "data/value_json.h"

namespace mortise::jobs {
namespace {

constexpr std::size_t longest_type = 200, longest_data = 4096;

bool is_type(const std::string& text) {
  const auto fits = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '_' || c == '-'; };
  return !text.empty() && text.size() <= longest_type && std::all_of(text.begin(), text.end(), fits);
}

bool holds(const Value& whole, const Value& wanted) {
  if (whole.is_number() && wanted.is_number()) return whole.as_float64() == wanted.as_float64();
  if (!wanted.is(Kind::map)) return whole == wanted;
  if (!whole.is(Kind::map)) return false;
  return std::all_of(wanted.members().begin(), wanted.members().end(), [&](const Member& each) {
    const Value* found = whole.find(each.key());
    return found != nullptr && holds(*found, each.value());
  });
}

}  // namespace

bool EventFilter::fits(const EventRecord& event) const {
  const bool typed = type.ends_with('.') ? event.type.starts_with(type) : event.type == type;
  return typed && (source.empty() || event.source == source) && (data.is_null() || holds(event.data, data));
}

std::string EventFilter::text() const {
  if (source.empty() && data.is_null()) return type;
  Value all = Value::map({{"event", type}});
  if (!source.empty()) all.set("source", source);
  if (!data.is_null()) all.set("data", data);
  return mortise::data::to_json(all);
}

EventFilter EventFilter::parse(const std::string& text) {
  if (text.starts_with('{')) return read_event_filter(parse_json_config(text, "schedule"));
  if (is_type(text)) return {text};
  throw Error(Code::invalid, "'" + text + "' is no type of an event", "such as monitor.event, or run. for all that begin so; see docs/schedules.md")
      .with("key", "event")
      .with("got", text);
}

EventFilter read_event_filter(const Node& node) {
  const Node type = node.at("event");
  if (!is_type(type.as_string())) throw type.expected("the type of an event, such as monitor.event, or run. for all that begin so");
  EventFilter filter{type.as_string(), node.string_or("source", "")};
  if (const auto data = node.find("data"); data && !data->is_null()) {
    if (!data->is(Node::Kind::map)) throw data->expected("a map of what the event's data must hold, such as {label: door}");
    filter.data = to_value(*data);
    if (filter.text().size() > longest_data) throw data->problem("more than " + std::to_string(longest_data) + " bytes of it", "name the keys that matter");
  }
  return filter;
}

}  // namespace mortise::jobs

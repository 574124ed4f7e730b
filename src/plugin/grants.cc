#include "plugin/grants.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "base/clock.h"
#include "base/config_units.h"
#include "plugin/hints.h"
#include "store/connection.h"
#include "store/database.h"
#include "store/grants.h"

namespace mortise::plugin {
namespace {

constexpr const char* permission_topic = "permission";
constexpr const char* limit_topic = "limit";
constexpr const char* trust_topic = "trust";
constexpr double most_processors = 1024;

std::string_view name_of(Verdict verdict) { return verdict == Verdict::granted ? "granted" : "revoked"; }
Verdict verdict_named(const std::string& name) { return name == "granted" ? Verdict::granted : Verdict::revoked; }

std::string text_of(double number) {
  std::array<char, 32> buffer{};
  const auto end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), number).ptr;
  return {buffer.data(), end};
}

Error wrong(std::string_view name, std::string_view got, const std::string& expected) {
  const std::string shown(got.substr(0, 64));
  return Error(Code::invalid, "limit " + std::string(name) + ": expected " + expected + ", got '" + shown + "'")
      .with("key", std::string(name))
      .with("expected", expected)
      .with("got", shown);
}

std::uint32_t count(std::string_view name, std::string_view text, std::uint32_t least) {
  std::uint32_t read = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), read);
  if (failure != std::errc() || end != text.data() + text.size() || read < least)
    throw wrong(name, text, "a number of at least " + std::to_string(least));
  return read;
}

double processors(std::string_view text) {
  double read = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), read);
  if (failure != std::errc() || end != text.data() + text.size() || !(read >= 0.01 && read <= most_processors))
    throw wrong("processors", text, "processors from 0.01 to 1024, such as 0.5");
  return read;
}

// Each limit that is set, as text that read_limit() reads.
std::vector<std::pair<std::string, std::string>> texts_of(const LimitChoice& choice) {
  std::vector<std::pair<std::string, std::string>> all;
  if (choice.memory_bytes) all.emplace_back("memory", std::to_string(*choice.memory_bytes));
  if (choice.processors) all.emplace_back("processors", text_of(*choice.processors));
  if (choice.deadline) all.emplace_back("deadline", std::to_string(choice.deadline->count()) + "ms");
  if (choice.processes) all.emplace_back("processes", std::to_string(*choice.processes));
  if (choice.open_files) all.emplace_back("open_files", std::to_string(*choice.open_files));
  return all;
}

void clear(LimitChoice& choice, const std::string& name) {
  if (name == "memory") choice.memory_bytes.reset();
  if (name == "processors") choice.processors.reset();
  if (name == "deadline") choice.deadline.reset();
  if (name == "processes") choice.processes.reset();
  if (name == "open_files") choice.open_files.reset();
}

// With those of its kind that it takes along.
void put(std::vector<Decision>& decisions, const Decision& made) {
  const bool all_of_kind = made.verdict == Verdict::revoked && made.permission.detail.empty();
  std::erase_if(decisions, [&](const Decision& other) {
    return other.permission == made.permission || (all_of_kind && other.permission.right == made.permission.right);
  });
  decisions.push_back(made);
}

void take(Decisions& decisions, const store::GrantRow& row) {
  if (row.topic == permission_topic) {
    put(decisions.permissions, {Permission::parse(row.name), verdict_named(row.value), row.by, row.when});
  } else if (row.topic == trust_topic) {
    decisions.trust = TrustDecision{verdict_named(row.value), row.by, row.when};
  } else {
    read_limit(row.name + "=" + row.value, decisions.limits);
  }
}

template <typename Work>
void write(store::Database& database, Work work) {
  database
      .write(store::Durability::full,
             [work = std::move(work)](store::Connection& connection) {
               store::GrantStore grants(connection);
               work(grants);
             })
      .get();
}

}  // namespace

const std::vector<std::string>& limit_names() {
  static const std::vector<std::string> names{"memory", "processors", "deadline", "processes", "open_files"};
  return names;
}

void read_limit(std::string_view text, LimitChoice& choice) {
  const std::size_t equals = text.find('=');
  const std::string_view name = text.substr(0, equals);
  const std::string_view value = equals == std::string_view::npos ? std::string_view() : text.substr(equals + 1);
  if (name == "memory") {
    const auto size = config::parse_size(value);
    if (!size || *size < (std::uint64_t{1} << 20U)) throw wrong(name, value, "a size of at least 1 MiB, such as 512MiB");
    choice.memory_bytes = *size;
  } else if (name == "processors" || name == "cpu") {  // as many write it
    choice.processors = processors(value);
  } else if (name == "deadline") {
    const auto duration = config::parse_duration(value);
    if (!duration || *duration < std::chrono::milliseconds(1)) throw wrong(name, value, "a duration such as 90s or 5m");
    choice.deadline = std::chrono::duration_cast<std::chrono::milliseconds>(*duration);
  } else if (name == "processes") {
    choice.processes = count(name, value, 1);
  } else if (name == "open_files") {
    choice.open_files = count(name, value, 16);
  } else {
    const std::string got(name.substr(0, 64));
    throw Error(Code::invalid, "Unknown limit: " + got, did_you_mean(name, {limit_names().begin(), limit_names().end()}))
        .with("got", got);
  }
}

Grants::Grants(store::Database& database, PermissionPolicy policy) : database_(database), policy_(policy) {
  const auto rows = database_.read([](store::Connection& connection) { return store::GrantStore(connection).list(); });
  for (const store::GrantRow& row : rows) take(decisions_[row.plugin], row);
}

void Grants::decide(const std::string& plugin, const Permission& permission, Verdict verdict, const std::string& by) {
  const std::lock_guard one_at_a_time(changing_);
  const Decision made{permission, verdict, by, now()};
  const bool all_of_kind = verdict == Verdict::revoked && permission.detail.empty();
  const store::GrantRow row{plugin, permission_topic, permission.text(), std::string(name_of(verdict)), by, made.when};
  write(database_, [row, all_of_kind](store::GrantStore& grants) {
    if (all_of_kind) grants.remove_below(row.plugin, permission_topic, row.name + "=");
    grants.put(row);
  });
  const std::lock_guard lock(mutex_);
  put(decisions_[plugin].permissions, made);
  ++generation_;
}

void Grants::trust(const std::string& plugin, Verdict verdict, const std::string& by) {
  const std::lock_guard one_at_a_time(changing_);
  const TrustDecision made{verdict, by, now()};
  const store::GrantRow row{plugin, trust_topic, {}, std::string(name_of(verdict)), by, made.when};
  write(database_, [row](store::GrantStore& grants) { grants.put(row); });
  const std::lock_guard lock(mutex_);
  decisions_[plugin].trust = made;
  ++generation_;
}

void Grants::limit(const std::string& plugin, const LimitChoice& choice, const std::vector<std::string>& cleared,
                   const std::string& by) {
  const std::lock_guard one_at_a_time(changing_);
  LimitChoice limits = of(plugin).limits;
  for (const std::string& name : cleared) clear(limits, name);
  const auto set = texts_of(choice);
  for (const auto& [name, value] : set) read_limit(name + "=" + value, limits);
  const Time when = now();
  write(database_, [plugin, cleared, set, by, when](store::GrantStore& grants) {
    for (const std::string& name : cleared) grants.remove(plugin, limit_topic, name);
    for (const auto& [name, value] : set) grants.put({plugin, limit_topic, name, value, by, when});
  });
  const std::lock_guard lock(mutex_);
  decisions_[plugin].limits = limits;
  ++generation_;
}

void Grants::forget(const std::string& plugin) {
  const std::lock_guard one_at_a_time(changing_);
  write(database_, [plugin](store::GrantStore& grants) { grants.remove_all(plugin); });
  const std::lock_guard lock(mutex_);
  decisions_.erase(plugin);
  ++generation_;
}

Decisions Grants::of(const std::string& plugin) const {
  const std::lock_guard lock(mutex_);
  const auto found = decisions_.find(plugin);
  return found == decisions_.end() ? Decisions() : found->second;
}

Allowed Grants::allowed(const Descriptor& descriptor) const {
  return plugin::allowed(descriptor, of(descriptor.id), policy_);
}

}  // namespace mortise::plugin

#include "base/log.h"

#include <spdlog/logger.h>
#include <spdlog/sinks/base_sink.h>
#include <spdlog/sinks/stdout_sinks.h>

#include <atomic>
#include <mutex>

#include "base/clock.h"
#include "base/json_text.h"
#include "base/log_file.h"
#include "base/redact.h"
#include "base/utf8.h"

namespace mortise {
namespace {

constexpr std::size_t longest_string = 64U << 10U;

class CallbackSink : public spdlog::sinks::base_sink<std::mutex> {
 public:
  explicit CallbackSink(std::function<void(std::string_view)> take) : take_(std::move(take)) {}

 protected:
  void sink_it_(const spdlog::details::log_msg& record) override {
    take_(std::string_view(record.payload.data(), record.payload.size()));
  }
  void flush_() override {}

 private:
  std::function<void(std::string_view)> take_;
};

LogFile::Limits limits_of(const Log::Options& options) {
  return {options.file_bytes, options.file_age, options.old_files};
}

class FileSink : public spdlog::sinks::base_sink<std::mutex> {
 public:
  explicit FileSink(const Log::Options& options) : file_(options.file, limits_of(options)) {}

  void reopen() {
    const std::lock_guard lock(mutex_);
    file_.reopen();
  }
  void limit(const Log::Options& options) {
    const std::lock_guard lock(mutex_);
    file_.limit(limits_of(options));
  }

 protected:
  void sink_it_(const spdlog::details::log_msg& record) override {
    file_.write({record.payload.data(), record.payload.size()});
  }
  void flush_() override {}

 private:
  LogFile file_;
};

spdlog::sink_ptr make_sink(const Log::Options& options, const std::shared_ptr<FileSink>& file) {
  if (options.lines) return std::make_shared<CallbackSink>(options.lines);
  if (file != nullptr) return file;
  return std::make_shared<spdlog::sinks::stderr_sink_mt>();
}

Value value_of(const Log::Field& field) {
  return std::visit(
      [](const auto& given) -> Value {
        using T = std::decay_t<decltype(given)>;
        if constexpr (std::is_same_v<T, const Value*>) {
          return *given;
        } else if constexpr (std::is_same_v<T, const Error*>) {
          return given->describe();
        } else {
          return given;
        }
      },
      field.value);
}

// Builds one line. Every string goes through `text`, where it is cut and cleaned.
class Line {
 public:
  Line(Log::Format format, const Redactor& redactor, Log::Level level, std::string_view message)
      : json_(format == Log::Format::json), redactor_(redactor) {
    line_.reserve(256);
    if (json_) {
      line_ += "{\"time\":\"" + to_rfc3339(now()) + "\",\"level\":\"" + std::string(name_of(level)) + "\",\"message\":";
      append_json_string(line_, text(message));
    } else {
      std::string padded(name_of(level));
      padded.resize(8, ' ');
      line_ += to_rfc3339_milliseconds(now()) + " " + padded;
      append_bare(text(message));
    }
  }

  void add(std::string_view name, const Value& value) {
    if (json_) {
      line_ += ',';
      const bool taken = name == "time" || name == "level" || name == "message";
      append_json_string(line_, taken ? std::string(name) + "_" : text(name));
      line_ += ':';
      append_json(line_, cleaned(value));
    } else {
      line_ += ' ';
      append_bare(text(name));
      line_ += '=';
      append_plain(cleaned(value));
    }
  }
  void add(const Log::Field& field) {
    if (const auto* number = std::get_if<std::uint64_t>(&field.value); number != nullptr && *number > INT64_MAX) {
      add_large(field.name, *number);
    } else {
      add(field.name, value_of(field));
    }
  }
  void add_all(const Value& fields) {
    if (fields.is_null()) return;
    if (!fields.is(Kind::map)) return add("value", fields);
    for (const Member& member : fields.members()) add(member.key(), member.value());
  }

  std::string finish() && {
    if (json_) line_ += '}';
    return std::move(line_);
  }

 private:
  [[nodiscard]] std::string text(std::string_view given) const { return cut(redactor_.clean(given)); }
  static std::string cut(std::string whole) {
    const std::size_t size = whole.size();
    if (size <= longest_string) return whole;
    whole.resize(utf8_prefix(whole, longest_string).size());
    return whole + "... (" + std::to_string(size) + " bytes)";
  }
  [[nodiscard]] Value cleaned(const Value& value) const {
    if (value.is(Kind::string)) return text(value.as_string());
    if (!value.is(Kind::list) && !value.is(Kind::map)) return value;
    Value clean = redactor_.clean(value);
    std::string shown;
    append_json(shown, clean);
    return shown.size() <= longest_string ? clean : Value(cut(std::move(shown)));
  }
  void add_large(std::string_view name, std::uint64_t number) {
    add(name, nullptr);
    line_.resize(line_.size() - 4);  // "null"
    line_ += std::to_string(number);
  }

  // As it is, but on one line: the escapes of JSON without its quotes.
  void append_bare(std::string_view given) {
    std::string quoted;
    append_json_string(quoted, given);
    std::string_view inner(quoted);
    inner = inner.substr(1, inner.size() - 2);
    for (std::size_t i = 0; i < inner.size(); ++i) {
      if (inner[i] == '\\' && i + 1 < inner.size() && (inner[i + 1] == '"' || inner[i + 1] == '\\')) ++i;
      line_ += inner[i];
    }
  }
  void append_plain(const Value& value) {
    const bool bare = value.is(Kind::string) && value.size() > 0 &&
                      value.as_string().find_first_of(" \"=\\\n\r\t") == std::string_view::npos;
    if (bare) {
      append_bare(value.as_string());
    } else {
      append_json(line_, value);
    }
  }

  bool json_;
  const Redactor& redactor_;
  std::string line_;
};

}  // namespace

// A part's level is kept where a record needs one load to compare with it; it is worked out when a level is set.
struct Log::Part {
  std::string name;
  const Part* within = nullptr;  // null: this is the whole
  std::atomic<Level> level;
};

struct Log::Core {
  explicit Core(const Options& options)
      : format(options.format),
        file(options.lines || options.file.empty() ? nullptr : std::make_shared<FileSink>(options)),
        sink("mortise", make_sink(options, file)),
        own_levels(options.levels) {
    whole.level = options.level;
    sink.set_level(spdlog::level::trace);
    sink.set_pattern("%v");
    sink.flush_on(spdlog::level::trace);
  }
  Core() : format(Format::text), sink("null") { whole.level = static_cast<Level>(100); }

  const Part& part(const std::string& name, const Part& within) {
    const std::lock_guard lock(mutex);
    const auto [place, is_new] = parts.try_emplace(name);
    if (is_new) {
      place->second.name = name;
      place->second.within = &within;
      place->second.level = level_of(place->second);
    }
    return place->second;
  }

  // The lock is held.
  [[nodiscard]] Level level_of(const Part& part) const {
    const auto own = own_levels.find(part.name);
    if (part.within != nullptr && own != own_levels.end()) return own->second;
    return part.within == nullptr ? part.level.load() : level_of(*part.within);
  }
  void work_out_all() {
    for (auto& [name, part] : parts) part.level = level_of(part);
  }

  std::atomic<Format> format;
  Redactor redactor;
  const std::shared_ptr<FileSink> file;
  spdlog::logger sink;

  std::mutex mutex;
  Part whole;
  std::map<std::string, Part, std::less<>> parts;  // never removed: handles point at them
  Levels own_levels;
};

Log::Log(Options options) : core_(std::make_shared<Core>(options)), part_(&core_->whole) {}

Log Log::null() {
  auto core = std::make_shared<Core>();
  const Part& whole = core->whole;
  return {std::move(core), whole};
}

void Log::write(Level level, std::string_view message, Fields fields) const {
  if (!enabled(level)) return;
  Line line(core_->format, core_->redactor, level, message);
  line.add_all(bound_);
  for (const Field& field : fields) line.add(field);
  core_->sink.log(spdlog::level::info, std::move(line).finish());
}

void Log::write(Level level, std::string_view message, const Value& fields) const {
  if (!enabled(level)) return;
  Line line(core_->format, core_->redactor, level, message);
  line.add_all(bound_);
  line.add_all(fields);
  core_->sink.log(spdlog::level::info, std::move(line).finish());
}

void Log::failure(std::string_view message, const Error& error, Fields fields) const {
  const Level level = level_of(error.code());
  if (!enabled(level)) return;
  Line line(core_->format, core_->redactor, level, message);
  line.add_all(bound_);
  for (const Field& field : fields) line.add(field);
  line.add("code", name_of(error.code()));
  line.add("error", error.describe());
  if (!error.hint().empty()) line.add("hint", error.hint());
  for (const auto& [name, detail] : error.details()) line.add(name, detail);
  core_->sink.log(spdlog::level::info, std::move(line).finish());
}

Log Log::with(Fields fields) const {
  Log bound(core_, *part_);
  bound.bound_ = bound_;
  for (const Field& field : fields) bound.bound_.set(field.name, value_of(field));
  return bound;
}

Log Log::named(const std::string& part) const {
  Log handle(core_, core_->part(part, *part_));
  handle.bound_ = bound_;
  return handle;
}

bool Log::enabled(Level level) const noexcept { return level >= part_->level.load(std::memory_order_relaxed); }
Log::Level Log::level() const noexcept { return part_->level.load(std::memory_order_relaxed); }
Log::Level Log::whole_level() const { return core_->whole.level; }

Log::Levels Log::levels() const {
  const std::lock_guard lock(core_->mutex);
  return core_->own_levels;
}

void Log::set_level(Level level) const {
  const std::lock_guard lock(core_->mutex);
  core_->whole.level = level;
  core_->work_out_all();
}

void Log::set_level(const std::string& part, std::optional<Level> level) const {
  const std::lock_guard lock(core_->mutex);
  level ? (void)core_->own_levels.insert_or_assign(part, *level) : (void)core_->own_levels.erase(part);
  core_->work_out_all();
}

void Log::configure(const Options& options) const {
  {
    const std::lock_guard lock(core_->mutex);
    core_->whole.level = options.level;
    core_->own_levels = options.levels;
    core_->work_out_all();
  }
  core_->format = options.format;
  if (core_->file != nullptr) core_->file->limit(options);
}

void Log::reopen() const {
  if (core_->file != nullptr) core_->file->reopen();
}

void Log::redact(std::string_view secret) const { core_->redactor.add(secret); }
Redactor& Log::redactor() const noexcept { return core_->redactor; }

std::string_view name_of(Log::Level level) noexcept {
  switch (level) {
    case Log::Level::debug: return "debug";
    case Log::Level::info: return "info";
    case Log::Level::warning: return "warning";
    case Log::Level::error: return "error";
  }
  return "off";
}

std::optional<Log::Level> level_named(std::string_view name) noexcept {
  if (name == "debug") return Log::Level::debug;
  if (name == "info") return Log::Level::info;
  if (name == "warning" || name == "warn") return Log::Level::warning;
  if (name == "error") return Log::Level::error;
  return std::nullopt;
}

Log::Level level_of(Code code) noexcept {
  switch (code) {
    case Code::cancelled: return Log::Level::info;
    case Code::invalid:
    case Code::not_found:
    case Code::conflict:
    case Code::denied:
    case Code::unsupported:
    case Code::busy: return Log::Level::warning;
    case Code::timeout:
    case Code::plugin:
    case Code::internal: return Log::Level::error;
  }
  return Log::Level::error;
}

}  // namespace mortise

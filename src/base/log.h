// Log: structured records, as lines of text for people or of JSON for machines.
//
//   log.info("step finished", {{"plugin", id}, {"rows", 12}});
//   Log mine = log.with({{"run", run_id}});   // every record of `mine` has the field; the sink is the same
//
// A record is one line whatever its content is: control characters are escaped, long strings are cut at 64 KiB. Numbers
// stay numbers in JSON. Secrets (redact) are masked in messages and fields before anything is written. The level can
// change while others write. A sink that fails (disk full, closed pipe) loses records, never stops the caller.
//
// Parts of the program have names (`log.named("http")`, `log.named("Input.file")`), and each name may have a level of its own;
// those without one follow the part they belong to, and in the end the level of the whole.
//
// A Log is a cheap handle; copies share sink, levels and secrets. Thread-safe. Records below the level cost a comparison.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <variant>

#include "base/error.h"
#include "mortise/value.hpp"

namespace mortise {

class Redactor;

class Log {
 public:
  enum class Level { debug = 10, info = 20, warning = 30, error = 40 };  // the numbers of MORTISE_LOG_*
  enum class Format { text, json };

  using Levels = std::map<std::string, Level, std::less<>>;

  struct Options {
    Format format = Format::text;
    Level level = Level::info;
    std::string file = {};                  // empty: standard error
    std::uint64_t file_bytes = 16U << 20U;  // a full file is renamed to file.1, file.2, ...; 0: never full
    std::size_t old_files = 4;
    std::function<void(std::string_view line)> lines = {};  // takes every line instead of file and standard error
    Levels levels = {};                                     // of single parts
    std::chrono::seconds file_age{0};                       // an older file is renamed, too; 0: no age is too old
  };

  // A name and a typed value, both borrowed for the call.
  struct Field {
    template <typename T>
    Field(std::string_view field_name, const T& field_value) : name(field_name), value(pack(field_value)) {}

    std::string_view name;
    std::variant<bool, std::int64_t, std::uint64_t, double, std::string_view, Time, const Value*, const Error*> value;

   private:
    template <typename T>
    static decltype(value) pack(const T& given) {
      if constexpr (std::is_same_v<T, bool> || std::is_same_v<T, Time>) {
        return given;
      } else if constexpr (std::is_floating_point_v<T>) {
        return static_cast<double>(given);
      } else if constexpr (std::is_integral_v<T> && std::is_unsigned_v<T>) {
        return static_cast<std::uint64_t>(given);
      } else if constexpr (std::is_integral_v<T>) {
        return static_cast<std::int64_t>(given);
      } else if constexpr (std::is_same_v<T, Value> || std::is_base_of_v<Error, T>) {
        return &given;
      } else {
        return std::string_view(given);
      }
    }
  };
  using Fields = std::initializer_list<Field>;

  // Throws Error when the file cannot be opened.
  explicit Log(Options options);
  // Drops everything.
  [[nodiscard]] static Log null();

  void debug(std::string_view message, Fields fields = {}) const { write(Level::debug, message, fields); }
  void info(std::string_view message, Fields fields = {}) const { write(Level::info, message, fields); }
  void warning(std::string_view message, Fields fields = {}) const { write(Level::warning, message, fields); }
  void error(std::string_view message, Fields fields = {}) const { write(Level::error, message, fields); }
  void write(Level level, std::string_view message, Fields fields = {}) const;
  // Fields that came from outside: a map (anything else is shown as field "value").
  void write(Level level, std::string_view message, const Value& fields) const;
  // At the level that fits the error's code (level_of), with its text, code and hint as fields.
  void failure(std::string_view message, const Error& error, Fields fields = {}) const;

  // A handle whose records all have these fields too (the values are copied).
  [[nodiscard]] Log with(Fields fields) const;

  // The handle of a part, which belongs to the part that this handle is of. One name is one part: whoever named it first
  // said where it belongs.
  [[nodiscard]] Log named(const std::string& part) const;

  [[nodiscard]] bool enabled(Level level) const noexcept;
  [[nodiscard]] Level level() const noexcept;  // of this handle's part
  [[nodiscard]] Level whole_level() const;     // of all parts that have none of their own
  [[nodiscard]] Levels levels() const;         // of the parts that have one
  void set_level(Level level) const;           // of the whole
  void set_level(const std::string& part, std::optional<Level> level) const;  // nothing: as the whole
  // What can change while others write: levels, format, and the limits of the file (not its name).
  void configure(const Options& options) const;
  // Begins anew with the file of that name, which another program may have moved away.
  void reopen() const;

  void redact(std::string_view secret) const;
  [[nodiscard]] Redactor& redactor() const noexcept;

 private:
  struct Core;
  struct Part;
  Log(std::shared_ptr<Core> core, const Part& part) : core_(std::move(core)), part_(&part) {}

  std::shared_ptr<Core> core_;
  const Part* part_;  // lives as long as the core
  Value bound_;       // a map, or null
};

[[nodiscard]] std::string_view name_of(Log::Level level) noexcept;
[[nodiscard]] std::optional<Log::Level> level_named(std::string_view name) noexcept;  // also "warn"
// What the caller did wrong is a warning, what broke is an error, what was asked for is information.
[[nodiscard]] Log::Level level_of(Code code) noexcept;

}  // namespace mortise

#include "jobs/pipelines/dead_input.h"

#include "base/utf8.h"
#include "data/table.h"
#include "jobs/core/dead_letters.h"

namespace mortise::jobs {
namespace {

constexpr std::size_t most_items = 20;
constexpr std::size_t most_text = 1000;
constexpr int most_depth = 8;

std::string left_out(std::size_t count, const char* what) {
  return "... and " + std::to_string(count) + " more " + what;
}

std::string_view beginning(std::string_view text) {
  std::size_t size = most_text;
  while (size > 0 && (static_cast<unsigned char>(text[size]) & 0xC0U) == 0x80U) --size;  // not within a character
  return text.substr(0, size);
}

Value glimpse(const Value& value, int depth) {
  switch (value.kind()) {
    case Kind::string:
      if (value.size() <= most_text) return value;
      return std::string(beginning(value.as_string())) + left_out(value.size() - most_text, "bytes");
    case Kind::bytes: return std::to_string(value.size()) + " bytes";
    case Kind::tensor: return "a tensor";
    case Kind::table: {
      const data::TableView table(value);
      Value rows = Value::list();
      for (std::int64_t row = 0; row < std::min<std::int64_t>(table.rows(), most_items); ++row)
        rows.push_back(glimpse(table.row(row), depth + 1));
      return Value::map({{"rows", table.rows()}, {"first", std::move(rows)}});
    }
    case Kind::list:
    case Kind::map: break;
    default: return value;
  }
  if (depth >= most_depth) return std::string("a ") + name_of(value.kind()) + " of " + std::to_string(value.size());
  const std::size_t shown = std::min(value.size(), most_items);
  if (value.is(Kind::list)) {
    Value items = Value::list();
    for (std::size_t i = 0; i < shown; ++i) items.push_back(glimpse(value[i], depth + 1));
    if (value.size() > shown) items.push_back(left_out(value.size() - shown, "items"));
    return items;
  }
  Value members = Value::map();
  for (const Member& member : value.members().subspan(0, shown))
    members.set(member.key(), glimpse(member.value(), depth + 1));
  if (value.size() > shown) members.set("...", left_out(value.size() - shown, "members"));
  return members;
}

Value input_of(const Pipelines::Run& run, std::size_t step) {
  const Step& failed = run.request.pipeline.steps[step];
  const StepState& state = run.steps[step];
  const Value& config = state.config.is(Kind::map) ? state.config : failed.config;
  const Value* named = config.find("input");
  const std::string key =
      named != nullptr && named->is(Kind::string) ? std::string(named->as_string()) : run.default_input(step);
  const Value* data = key.empty() ? nullptr : run.context.find(key);
  return Value::map({{"config", glimpse_of(config)},
                     {"input", key},
                     {"data", data == nullptr ? Value() : glimpse_of(*data)},
                     {"key", run.id + "/" + failed.name}});
}

}  // namespace

Value glimpse_of(const Value& value) { return glimpse(value, 0); }

std::vector<store::DeadLetterRow> letters_of(const Pipelines::Run& run, const Recorder& recorder) {
  std::vector<store::DeadLetterRow> letters;
  for (std::size_t i = 0; i < run.steps.size(); ++i) {
    const StepState& state = run.steps[i];
    if (state.phase != StepPhase::failed || state.tolerated || !state.error) continue;
    NewLetter letter;
    letter.run = run.id;
    letter.pipeline = run.request.pipeline.name;
    letter.position = static_cast<std::uint32_t>(i);
    letter.step = run.request.pipeline.steps[i].name;
    letter.plugin = run.request.pipeline.steps[i].plugin;
    letter.attempts = state.attempts;
    letter.input = recorder.clean(input_of(run, i));
    letters.push_back(letter_row(letter, *state.error));
  }
  if (!letters.empty() || !run.first_error) return letters;
  NewLetter letter;
  letter.run = run.id;
  letter.pipeline = run.request.pipeline.name;
  letters.push_back(letter_row(letter, *run.first_error));
  return letters;
}

}  // namespace mortise::jobs

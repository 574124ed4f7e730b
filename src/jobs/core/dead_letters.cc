#include "jobs/core/dead_letters.h"

#include "base/clock.h"
#include "base/error_object.h"
#include "base/ids.h"
#include "data/value_json.h"
#include "jobs/core/json_column.h"
#include "store/database.h"

namespace mortise::jobs {
namespace {

DeadLetter letter_of(const store::DeadLetterRow& row) {
  DeadLetter letter;
  letter.id = row.id;
  letter.run = row.run;
  letter.pipeline = row.pipeline;
  if (row.position >= 0) letter.position = static_cast<std::uint32_t>(row.position);
  letter.step = row.step;
  letter.plugin = row.plugin;
  letter.state = row.state;
  letter.code = row.code;
  letter.reason = row.reason;
  letter.error = read_json_column(row.error);
  letter.input = read_json_column(row.input);
  letter.attempts = row.attempts;
  letter.drives = row.drives;
  letter.created = row.created;
  letter.changed = row.changed;
  return letter;
}

}  // namespace

store::DeadLetterRow letter_row(const NewLetter& letter, const Error& error) {
  store::DeadLetterRow row;
  row.id = make_id("dead");
  row.run = letter.run;
  row.pipeline = clean_text(letter.pipeline);
  row.position = letter.position ? static_cast<std::int64_t>(*letter.position) : -1;
  row.step = clean_text(letter.step);
  row.plugin = clean_text(letter.plugin);
  row.state = "open";
  row.code = name_of(error.code());
  row.reason = clean_text(error.describe());
  row.error = json_column(error_object(error));
  row.input = json_column(letter.input);
  row.attempts = letter.attempts;
  row.created = row.changed = now();
  return row;
}

std::vector<DeadLetter> DeadLetters::list(const Filter& filter) const {
  const auto& state = filter.state;
  if (!state.empty() && state != "open" && state != "driven" && state != "resolved" && state != "discarded") {
    throw Error(Code::invalid, "'" + state + "' is no state of a dead letter",
                "states are open, driven, resolved, discarded")
        .with("got", state);
  }
  database_.flush();
  const auto rows =
      database_.read([&](store::Connection& connection) { return store::DeadLetterStore(connection).list(filter); });
  std::vector<DeadLetter> letters;
  for (const store::DeadLetterRow& row : rows) letters.push_back(letter_of(row));
  return letters;
}

DeadLetter DeadLetters::get(const std::string& id) const {
  database_.flush();
  const auto row =
      database_.read([&](store::Connection& connection) { return store::DeadLetterStore(connection).find(id); });
  if (row) return letter_of(*row);
  throw Error(Code::not_found, "there is no dead letter '" + id + "'",
              "`mortise deadletter list` shows those that are kept")
      .with("letter", id);
}

void DeadLetters::discard(const std::string& id) const {
  auto discarded = database_.write(store::Durability::full, [&](store::Connection& connection) {
    return store::DeadLetterStore(connection).move(id, "open", "discarded", now());
  });
  if (discarded.get()) return;
  const DeadLetter letter = get(id);
  throw Error(Code::conflict, "the dead letter '" + id + "' is " + letter.state + "; only open ones can be discarded")
      .with("letter", id)
      .with("got", letter.state);
}

}  // namespace mortise::jobs

#include "store/checkpoints.h"

#include "store/connection.h"

namespace mortise::store {

void CheckpointStore::add_plan(const std::string& run, std::string_view content) {
  connection_.run("INSERT INTO run_plans (run, content) VALUES (?1, ?2)", run, Blob{content});
}

void CheckpointStore::set_output(const std::string& run, const OutputRow& output) {
  connection_.run(
      "INSERT INTO step_outputs (run, position, content, file, bytes) VALUES (?1, ?2, ?3, ?4, ?5)"
      " ON CONFLICT (run, position) DO UPDATE SET content = excluded.content, file = excluded.file,"
      " bytes = excluded.bytes",
      run, output.position, Blob{output.content}, output.file, output.bytes);
}

void CheckpointStore::erase_outputs(const std::string& run) {
  connection_.run("DELETE FROM step_outputs WHERE run = ?1", run);
}

std::optional<std::string> CheckpointStore::plan(const std::string& run) {
  Statement row = connection_.query("SELECT content FROM run_plans WHERE run = ?1", run);
  return row.step() ? std::optional(row.blob(0)) : std::nullopt;
}

std::optional<OutputRow> CheckpointStore::output(const std::string& run, std::uint32_t position) {
  Statement row = connection_.query("SELECT content, file, bytes FROM step_outputs WHERE run = ?1 AND position = ?2",
                                    run, position);
  if (!row.step()) return std::nullopt;
  return OutputRow{position, row.blob(0), row.text(1), static_cast<std::uint64_t>(row.int64(2))};
}

}  // namespace mortise::store

// Checkpoints: what runs need to go on after their process died: the plan (what the run was asked to do, with the text of its
// pipeline as it was) and the outputs of every finished step. All of it is sealed (vault.h).
//
// Small outputs stand in the database and are committed together with the result of their step: one write, no file. Larger
// ones are files of the run's folder, "RUNS/run_.../3.out", written and synced before that commit, so a row never names a
// file that is not whole. A file without a row is left over from a death in between; the folder goes when the run is forgotten.
//
// Thread-safe. Waiting for the disk happens in keep() alone, and only for large outputs.
#pragma once

#include <optional>
#include <string>

#include "jobs/core/vault.h"
#include "mortise/value.hpp"
#include "store/checkpoints.h"

namespace mortise {
namespace store {
class Database;
}
}  // namespace mortise

namespace mortise::jobs {

class Checkpoints {
 public:
  // `folder` is made when it is needed.
  Checkpoints(store::Database& database, const Vault& vault, std::string folder)
      : database_(database), vault_(vault), folder_(std::move(folder)) {}

  static constexpr std::size_t small = 64U << 10U;  // bytes up to which outputs stand in the database

  // The bytes of a plan, for RunLog::begin.
  [[nodiscard]] std::string seal_plan(const std::string& run, const Value& plan) const;
  // Prepares the outputs of a step for RunLog::step_ended. Throws Error{busy} when the disk is full.
  [[nodiscard]] store::OutputRow keep(const std::string& run, std::uint32_t step, const Value& outputs) const;

  // Throw Error{not_found} when nothing is kept (any more), Error{invalid} when it is damaged.
  [[nodiscard]] Value plan(const std::string& run) const;
  [[nodiscard]] Value outputs(const std::string& run, std::uint32_t step) const;

  // Forgets the outputs of a run, not its plan. The rows go first: a file is never missing while a row names it.
  void erase_outputs(const std::string& run) const;
  void erase_folder(const std::string& run) const noexcept;
  [[nodiscard]] const std::string& folder() const noexcept { return folder_; }
  [[nodiscard]] std::string folder_of(const std::string& run) const;  // of one run; it may not be there yet

 private:
  void write_file(const std::string& run, std::uint32_t step, const Value& outputs, store::OutputRow& row) const;
  [[nodiscard]] Value read_file(const std::string& run, const store::OutputRow& row) const;

  store::Database& database_;
  const Vault& vault_;
  const std::string folder_;
};

}  // namespace mortise::jobs

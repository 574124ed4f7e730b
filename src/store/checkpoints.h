// What runs leave behind so that they can go on: the plan of a run (what it was asked to do) and the outputs of its finished
// steps, as bytes that this room does not understand. Large outputs are files; their names stand here.
//
// The writing functions are for use within a work given to Database::write; the finding ones within Database::read.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "mortise/value.hpp"

namespace mortise::store {

class Connection;

struct OutputRow {
  std::uint32_t position = 0;
  std::string content;  // empty when there is a file, or when the step left nothing
  std::string file;     // name within the run's folder
  std::uint64_t bytes = 0;
};

class CheckpointStore {
 public:
  explicit CheckpointStore(Connection& connection) : connection_(connection) {}

  void add_plan(const std::string& run, std::string_view content);
  void set_output(const std::string& run, const OutputRow& output);  // replaces an earlier one of this step
  void erase_outputs(const std::string& run);

  [[nodiscard]] std::optional<std::string> plan(const std::string& run);
  [[nodiscard]] std::optional<OutputRow> output(const std::string& run, std::uint32_t position);

 private:
  Connection& connection_;
};

}  // namespace mortise::store

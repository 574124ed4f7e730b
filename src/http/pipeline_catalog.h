// PipelineCatalog: the pipelines that the server knows by name: those in files of the configured folders, and those that were
// registered over the API (files of their own in the data folder).
//
// The folders are read at every question: they are small, and what a person has just saved must be there. A file that cannot
// be read is listed with its error. An id is the file's path below its folder without its ending; pipelines of a file that
// holds several have "#name" behind it.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "jobs/pipelines/pipelines.h"

namespace mortise::http {

class PipelineCatalog {
 public:
  // `folders` are absolute; `registered` is the one for registered pipelines (made when needed).
  PipelineCatalog(std::vector<std::string> folders, std::string registered);

  enum class Origin { folder, registered };
  struct Entry {
    std::string id, name, file;
    Origin origin = Origin::folder;
    std::optional<jobs::Pipeline> pipeline;  // read without its environment: ${NAME} stays as it is written
    std::optional<Error> problem;            // or why it could not be read
  };
  [[nodiscard]] std::vector<Entry> list() const;  // by id
  // Throws Error{not_found} with the nearest id or name, Error{conflict} when two files have a pipeline of that name.
  [[nodiscard]] Entry with_id(std::string_view id) const;
  [[nodiscard]] Entry with_name(std::string_view name) const;

  // Writes it as a file of the data folder. `text` is JSON and was checked. Throws Error{conflict} when the name is taken.
  Entry add(const std::string& name, std::string_view text);
  // Registered ones only; throws Error{denied} for the files of people.
  void remove(std::string_view id);

  // Whether a file lies in one of the folders, links followed.
  [[nodiscard]] bool contains(const std::string& file) const;

 private:
  [[nodiscard]] Error unknown(std::string_view wanted, const std::vector<Entry>& all) const;

  std::vector<std::string> folders_;
  std::string registered_;
};

}  // namespace mortise::http

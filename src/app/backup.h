// Backups of a data folder: made while the host works, restored while it does not.
#pragma once

#include <string>

#include "mortise/value.hpp"

namespace mortise::store {
class Database;
}

namespace mortise::app {

// The database as it is now, and beside it what runs keep, known pipelines and uploaded files. `path` is absolute; it is there
// when all of it is. {"file", "files", "bytes", "sha256"}. Slow.
[[nodiscard]] Value make_backup(store::Database& database, const std::string& data_dir, const std::string& path);

// Puts a backup in the place of the data folder: all of it or, when anything is wrong with it, nothing. What was there is kept
// beside, as DATA_DIR.before-TIME. Throws Error{busy} while a host has the folder, Error{invalid} for a backup that is not
// whole. {"files", "bytes", "kept"}. Slow.
[[nodiscard]] Value restore_backup(const std::string& data_dir, const std::string& path);

}  // namespace mortise::app

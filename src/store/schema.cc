// The tables. A migration that was released is never edited: append the next one. Times are nanoseconds since 1970, JSON is
// text, numbers of bytes are the 64 bits of an unsigned integer.
#include <array>

#include "store/migrations.h"

namespace mortise::store {
namespace {

constexpr std::array schema_list{
    Migration{1, "runs", R"(
CREATE TABLE runs (
  id          TEXT PRIMARY KEY,
  kind        TEXT NOT NULL,
  name        TEXT NOT NULL,
  source      TEXT NOT NULL,
  state       TEXT NOT NULL,
  created     BIGINT NOT NULL,
  started     BIGINT,
  finished    BIGINT,
  error       TEXT NOT NULL DEFAULT '',
  owner_pid   BIGINT NOT NULL,
  owner_mark  TEXT NOT NULL
);
CREATE INDEX runs_by_name ON runs (name, id);
CREATE INDEX runs_by_state ON runs (state, id);

CREATE TABLE run_steps (
  run          TEXT NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
  position     BIGINT NOT NULL,
  attempt      BIGINT NOT NULL,
  name         TEXT NOT NULL,
  plugin       TEXT NOT NULL,
  state        TEXT NOT NULL,
  started      BIGINT,
  finished     BIGINT,
  elapsed_ns   BIGINT NOT NULL DEFAULT 0,
  rows         BIGINT,
  bytes_copied BIGINT NOT NULL DEFAULT 0,
  worker_pid   BIGINT NOT NULL DEFAULT 0,
  error        TEXT NOT NULL DEFAULT '',
  outputs      TEXT NOT NULL DEFAULT '',
  PRIMARY KEY (run, position, attempt)
);

CREATE TABLE step_logs (
  run      TEXT NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
  number   BIGINT NOT NULL,
  position BIGINT NOT NULL,
  level    TEXT NOT NULL,
  time     BIGINT NOT NULL,
  message  TEXT NOT NULL,
  fields   TEXT NOT NULL DEFAULT '',
  PRIMARY KEY (run, number)
);
)"},
};

}  // namespace

std::span<const Migration> schema() noexcept { return schema_list; }

}  // namespace mortise::store

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
    // What a run needs to go on after its process died, what happened to those that could not, and what starts them.
    Migration{2, "durable runs, dead letters, schedules, events, alerts", R"(
ALTER TABLE runs ADD COLUMN round BIGINT NOT NULL DEFAULT 1;
ALTER TABLE runs ADD COLUMN resume TEXT NOT NULL DEFAULT 'by_hand';
ALTER TABLE runs ADD COLUMN origin TEXT NOT NULL DEFAULT '';
ALTER TABLE runs ADD COLUMN schedule TEXT NOT NULL DEFAULT '';
ALTER TABLE runs ADD COLUMN due BIGINT;
ALTER TABLE runs ADD COLUMN cancel_reason TEXT NOT NULL DEFAULT '';
CREATE UNIQUE INDEX runs_by_slot ON runs (schedule, due) WHERE due IS NOT NULL;
CREATE INDEX runs_by_end ON runs (finished);
ALTER TABLE run_steps ADD COLUMN round BIGINT NOT NULL DEFAULT 1;
ALTER TABLE run_steps ADD COLUMN verdict TEXT NOT NULL DEFAULT '';

CREATE TABLE run_plans (
  run     TEXT PRIMARY KEY REFERENCES runs (id) ON DELETE CASCADE,
  content BYTEA NOT NULL
);

CREATE TABLE step_outputs (
  run      TEXT NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
  position BIGINT NOT NULL,
  content  BYTEA,
  file     TEXT NOT NULL DEFAULT '',
  bytes    BIGINT NOT NULL DEFAULT 0,
  PRIMARY KEY (run, position)
);

CREATE TABLE dead_letters (
  id       TEXT PRIMARY KEY,
  run      TEXT NOT NULL,
  pipeline TEXT NOT NULL,
  position BIGINT NOT NULL,
  step     TEXT NOT NULL,
  plugin   TEXT NOT NULL,
  state    TEXT NOT NULL,
  code     TEXT NOT NULL,
  reason   TEXT NOT NULL,
  error    TEXT NOT NULL,
  input    TEXT NOT NULL,
  attempts BIGINT NOT NULL,
  drives   BIGINT NOT NULL DEFAULT 0,
  created  BIGINT NOT NULL,
  changed  BIGINT NOT NULL,
  UNIQUE (run, position)
);
CREATE INDEX dead_letters_by_state ON dead_letters (state, id);

CREATE TABLE schedules (
  name     TEXT PRIMARY KEY,
  request  TEXT NOT NULL,
  timing   TEXT NOT NULL,
  zone     TEXT NOT NULL,
  missed   TEXT NOT NULL,
  most     BIGINT NOT NULL,
  overlap  TEXT NOT NULL,
  jitter   BIGINT NOT NULL,
  state    TEXT NOT NULL,
  origin   TEXT NOT NULL,
  created  BIGINT NOT NULL,
  next     BIGINT,
  last     BIGINT,
  last_run TEXT NOT NULL DEFAULT '',
  problem  TEXT NOT NULL DEFAULT ''
);

CREATE TABLE events (
  id     TEXT PRIMARY KEY,
  type   TEXT NOT NULL,
  time   BIGINT NOT NULL,
  source TEXT NOT NULL,
  run    TEXT NOT NULL DEFAULT '',
  data   TEXT NOT NULL DEFAULT ''
);
CREATE INDEX events_by_type ON events (type, id);
CREATE INDEX events_by_source ON events (source, id);
CREATE INDEX events_by_time ON events (time);

CREATE TABLE alerts (
  id           TEXT PRIMARY KEY,
  subject      TEXT NOT NULL,
  severity     TEXT NOT NULL,
  state        TEXT NOT NULL,
  title        TEXT NOT NULL,
  source       TEXT NOT NULL,
  data         TEXT NOT NULL DEFAULT '',
  occurrences  BIGINT NOT NULL DEFAULT 1,
  raised       BIGINT NOT NULL,
  seen         BIGINT NOT NULL,
  acknowledged BIGINT,
  resolved     BIGINT,
  note         TEXT NOT NULL DEFAULT ''
);
CREATE UNIQUE INDEX alerts_unresolved ON alerts (subject) WHERE state <> 'resolved';
CREATE INDEX alerts_by_state ON alerts (state, id);
)"},
    Migration{3, "tokens", R"(
CREATE TABLE tokens (
  id      TEXT PRIMARY KEY,
  name    TEXT NOT NULL,
  scope   TEXT NOT NULL,
  digest  TEXT NOT NULL,
  created BIGINT NOT NULL,
  expires BIGINT,
  used    BIGINT,
  revoked BIGINT
);
)"},
    Migration{4, "packages", R"(
CREATE TABLE packages (
  name    TEXT NOT NULL,
  version TEXT NOT NULL,
  digest  TEXT NOT NULL,
  listing TEXT NOT NULL,
  source  TEXT NOT NULL,
  signer  TEXT NOT NULL DEFAULT '',
  scan    TEXT NOT NULL DEFAULT '',
  bytes   BIGINT NOT NULL,
  stored  BIGINT NOT NULL,
  PRIMARY KEY (name, version)
);
CREATE INDEX packages_by_digest ON packages (digest);

CREATE TABLE installs (
  name       TEXT PRIMARY KEY,
  id         TEXT NOT NULL UNIQUE,
  version    TEXT NOT NULL,
  enabled    BIGINT NOT NULL,
  generation BIGINT NOT NULL,
  installed  BIGINT NOT NULL,
  changed    BIGINT NOT NULL,
  uses       BIGINT NOT NULL DEFAULT 0,
  used       BIGINT,
  FOREIGN KEY (name, version) REFERENCES packages (name, version) DEFERRABLE INITIALLY DEFERRED
);

CREATE TABLE package_events (
  number       BIGINT PRIMARY KEY,
  name         TEXT NOT NULL,
  action       TEXT NOT NULL,
  from_version TEXT NOT NULL DEFAULT '',
  to_version   TEXT NOT NULL DEFAULT '',
  reason       TEXT NOT NULL DEFAULT '',
  who          TEXT NOT NULL DEFAULT '',
  time         BIGINT NOT NULL
);
CREATE INDEX package_events_by_name ON package_events (name, number);
)"},
    Migration{5, "models", R"(
CREATE TABLE models (
  id          TEXT PRIMARY KEY,
  plugin      TEXT NOT NULL,
  name        TEXT NOT NULL,
  framework   TEXT NOT NULL,
  format      TEXT NOT NULL,
  path        TEXT NOT NULL,
  version     TEXT NOT NULL,
  description TEXT NOT NULL,
  origin      TEXT NOT NULL,
  details     TEXT NOT NULL,
  created     BIGINT NOT NULL
);
CREATE INDEX models_by_plugin ON models (plugin, id);

CREATE TABLE registrations (
  id       TEXT PRIMARY KEY,
  dialect  TEXT NOT NULL,
  location TEXT NOT NULL,
  details  TEXT NOT NULL,
  created  BIGINT NOT NULL
);
)"},
    Migration{6, "grants", R"(
CREATE TABLE grants (
  plugin     TEXT NOT NULL,
  topic      TEXT NOT NULL,
  name       TEXT NOT NULL,
  value      TEXT NOT NULL,
  decided_by TEXT NOT NULL,
  decided    BIGINT NOT NULL,
  PRIMARY KEY (plugin, topic, name)
);
)"},
    // What was said of a package with each event (the scan of one that was refused), and plugins of folders that are switched off.
    Migration{7, "package events, plugins switched off", R"(
ALTER TABLE package_events ADD COLUMN details TEXT NOT NULL DEFAULT '';

CREATE TABLE plugins_off (
  name  TEXT PRIMARY KEY,
  since BIGINT NOT NULL
);
)"},
    Migration{8, "schedules by events", R"(
ALTER TABLE schedules ADD COLUMN seen TEXT NOT NULL DEFAULT '';
)"},
    Migration{9, "marketplace", R"(
CREATE TABLE market_entries (
  name       TEXT NOT NULL,
  version    TEXT NOT NULL,
  state      TEXT NOT NULL,
  digest     TEXT NOT NULL,
  sha256     TEXT NOT NULL,
  bytes      BIGINT NOT NULL,
  signature  TEXT NOT NULL DEFAULT '',
  signer     TEXT NOT NULL DEFAULT '',
  about      TEXT NOT NULL,
  scan       TEXT NOT NULL DEFAULT '',
  publisher  TEXT NOT NULL,
  published  BIGINT NOT NULL,
  decided_by TEXT NOT NULL DEFAULT '',
  note       TEXT NOT NULL DEFAULT '',
  decided    BIGINT,
  PRIMARY KEY (name, version)
);
CREATE INDEX market_entries_by_state ON market_entries (state, published);

CREATE TABLE market_standings (
  name      TEXT PRIMARY KEY,
  owner     TEXT NOT NULL DEFAULT '',
  verified  BIGINT NOT NULL DEFAULT 0,
  featured  BIGINT NOT NULL DEFAULT 0,
  downloads BIGINT NOT NULL DEFAULT 0
);

CREATE TABLE market_ratings (
  name      TEXT NOT NULL,
  principal TEXT NOT NULL,
  stars     BIGINT NOT NULL,
  rated     BIGINT NOT NULL,
  PRIMARY KEY (name, principal)
);

CREATE TABLE market_reviews (
  name      TEXT NOT NULL,
  principal TEXT NOT NULL,
  title     TEXT NOT NULL,
  text      TEXT NOT NULL,
  written   BIGINT NOT NULL,
  PRIMARY KEY (name, principal)
);

CREATE TABLE market_numbers (
  name  TEXT PRIMARY KEY,
  value BIGINT NOT NULL
);

CREATE TABLE market_sources (
  name             TEXT PRIMARY KEY,
  address          TEXT NOT NULL,
  token_file       TEXT NOT NULL DEFAULT '',
  keys             TEXT NOT NULL,
  root             TEXT NOT NULL,
  snapshot         TEXT NOT NULL,
  signature        TEXT NOT NULL,
  snapshot_sha256  TEXT NOT NULL,
  index_text       TEXT NOT NULL,
  snapshot_version BIGINT NOT NULL,
  added            BIGINT NOT NULL,
  updated          BIGINT,
  problem          TEXT NOT NULL DEFAULT ''
);

CREATE TABLE advisories (
  id        TEXT NOT NULL,
  ecosystem TEXT NOT NULL,
  package   TEXT NOT NULL,
  content   TEXT NOT NULL,
  PRIMARY KEY (ecosystem, package, id)
);
CREATE INDEX advisories_by_id ON advisories (id);
)"},
    Migration{10, "packages under another name", R"(
ALTER TABLE packages ADD COLUMN package TEXT NOT NULL DEFAULT '';
UPDATE packages SET package = name;
)"},
};

}  // namespace

std::span<const Migration> schema() noexcept { return schema_list; }

}  // namespace mortise::store

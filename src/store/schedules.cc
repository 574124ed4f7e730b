#include "store/schedules.h"

#include "store/rows.h"

namespace mortise::store {
namespace {

constexpr std::string_view columns =
    "SELECT name, request, timing, zone, missed, overlap, most, jitter, state, origin, created, next, last, last_run,"
    " problem, seen FROM schedules";

ScheduleRow read_schedule(const Statement& row) {
  ScheduleRow schedule;
  schedule.name = row.text(0);
  schedule.request = row.text(1);
  schedule.timing = row.text(2);
  schedule.zone = row.text(3);
  schedule.missed = row.text(4);
  schedule.overlap = row.text(5);
  schedule.most = static_cast<std::uint32_t>(row.int64(6));
  schedule.jitter_ns = row.int64(7);
  schedule.state = row.text(8);
  schedule.origin = row.text(9);
  schedule.created = Time{row.int64(10)};
  schedule.next = row.optional_time(11);
  schedule.last = row.optional_time(12);
  schedule.last_run = row.text(13);
  schedule.problem = row.text(14);
  schedule.seen = row.text(15);
  return schedule;
}

}  // namespace

void ScheduleStore::add(const ScheduleRow& schedule) {
  connection_.run(
      "INSERT INTO schedules (name, request, timing, zone, missed, overlap, most, jitter, state, origin, created, next,"
      " seen) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)",
      schedule.name, schedule.request, schedule.timing, schedule.zone, schedule.missed, schedule.overlap, schedule.most,
      schedule.jitter_ns, schedule.state, schedule.origin, schedule.created, schedule.next,
      schedule.seen);
}

bool ScheduleStore::replace(const ScheduleRow& schedule) {
  return connection_.run(
             "UPDATE schedules SET request = ?2, timing = ?3, zone = ?4, missed = ?5, overlap = ?6, most = ?7,"
             " jitter = ?8, state = ?9, origin = ?10, next = ?11, seen = ?12, problem = '' WHERE name = ?1",
             schedule.name, schedule.request, schedule.timing, schedule.zone, schedule.missed, schedule.overlap,
             schedule.most, schedule.jitter_ns, schedule.state, schedule.origin, schedule.next, schedule.seen) == 1;
}

bool ScheduleStore::remove(const std::string& name) {
  return connection_.run("DELETE FROM schedules WHERE name = ?1", name) == 1;
}

bool ScheduleStore::set_state(const std::string& name, std::string_view state, const ScheduleMark& mark) {
  return connection_.run("UPDATE schedules SET state = ?2, next = ?3, seen = ?4, problem = '' WHERE name = ?1", name, state,
                         mark.next, mark.seen) == 1;
}

void ScheduleStore::fired(const std::string& name, Time due, const ScheduleMark& mark, const std::string& run) {
  connection_.run("UPDATE schedules SET last = ?2, next = ?3, seen = ?4, last_run = ?5, problem = '' WHERE name = ?1", name, due,
                  mark.next, mark.seen, run);
}

void ScheduleStore::passed(const std::string& name, const ScheduleMark& mark, std::string_view problem) {
  connection_.run("UPDATE schedules SET next = ?2, seen = ?3, problem = ?4 WHERE name = ?1", name, mark.next, mark.seen, problem);
}

std::optional<ScheduleRow> ScheduleStore::find(const std::string& name) {
  return first_row(connection_.query(std::string(columns) + " WHERE name = ?1", name), read_schedule);
}

std::vector<ScheduleRow> ScheduleStore::list() {
  return all_rows(connection_.prepare(std::string(columns) + " ORDER BY name"), read_schedule);
}

}  // namespace mortise::store

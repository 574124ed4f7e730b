// The words for work that comes again: runs taken up again, dead letters, schedules, events and alerts.
#include <CLI/CLI.hpp>

#include "cli/argument_pages.h"

namespace mortise::cli {
namespace {

using Verb = Arguments::Verb;

void add_limit(CLI::App& verb, Arguments& arguments) {
  verb.add_option("--limit", arguments.limit, "At most so many")
      ->type_name("N")
      ->capture_default_str()
      ->check(CLI::Range(1, 1000));
}

void add_again(CLI::App& verb, Arguments& arguments) {
  verb.add_flag("--wait", arguments.jobs.wait, "Wait for its end and show it; the exit status is that of the run");
}

void add_letters(CLI::App& program, Arguments& arguments) {
  CLI::App* letters =
      program.add_subcommand("deadletter", "Look at what failed for good, drive it again or discard it");
  letters->require_subcommand(1);
  CLI::App* list =
      add(*letters, arguments, Verb::letters_list,
          {"list", "List dead letters, newest first", "Every run that failed leaves one for each step that failed.",
           "  mortise deadletter list\n  mortise deadletter list --state open --json"});
  list->add_option("--state", arguments.state, "Only letters in this state")
      ->type_name("STATE")
      ->check(CLI::IsMember({"open", "driven", "resolved", "discarded"}));
  add_limit(*list, arguments);
  CLI::App* show = add(*letters, arguments, Verb::letters_show,
                       {"show", "Show one with its input, its attempts and its chain of errors", "",
                        "  mortise deadletter show dead_01K9ZC2Y3V8Q4M7T5R6W1X0ABC"});
  CLI::App* drive = add(*letters, arguments, Verb::letters_drive,
                        {"drive", "Take its run up again: what has not succeeded runs once more",
                         "With the same idempotency keys, so that a plugin can recognise the repetition.",
                         "  mortise deadletter drive dead_01K9ZC2Y3V8Q4M7T5R6W1X0ABC --wait"});
  add_again(*drive, arguments);
  CLI::App* discard = add(*letters, arguments, Verb::letters_discard,
                          {"discard", "Decide that it does not matter any more", "",
                           "  mortise deadletter discard dead_01K9ZC2Y3V8Q4M7T5R6W1X0ABC"});
  for (CLI::App* verb : {show, drive, discard})
    verb->add_option("LETTER", arguments.jobs.letter, "The letter's id")->required();
}

void add_schedule_timing(CLI::App& verb, Arguments& arguments) {
  JobArguments& jobs = arguments.jobs;
  verb.add_option("--cron", jobs.cron, "Five fields, such as '30 6 * * mon-fri', or @daily and the like")
      ->type_name("FIELDS");
  verb.add_option("--every", jobs.every, "An interval instead, such as 15m")->type_name("DURATION");
  verb.add_option("--zone", jobs.zone, "The time zone whose clock counts (default UTC)")->type_name("ZONE");
}

void add_schedule_add(CLI::App& schedules, Arguments& arguments) {
  JobArguments& jobs = arguments.jobs;
  CLI::App* verb = add(
      schedules, arguments, Verb::schedules_add,
      {"add", "Start a pipeline at given times, or after events",
       "The server of the data folder starts it, while it runs. What happens when the clock changes, when times are\n"
       "missed and when runs overlap is told in docs/schedules.md.",
       "  mortise schedule add nightly weather.yaml --cron '30 2 * * *' --zone Europe/Berlin\n"
       "  mortise schedule add poll weather.yaml --every 15m --overlap queue --jitter 30s\n"
       "  mortise schedule add report weather --cron @monthly --missed all --most 3 --set city=Seattle\n"
       "  mortise schedule add doorbell ring.yaml --event monitor.seen --data label=door --overlap queue"});
  verb->add_option("NAME", jobs.schedule, "The schedule's name")->required();
  verb->add_option("PIPELINE", arguments.pipeline, "A pipeline file, or the name of a pipeline that is known")
      ->required();
  add_schedule_timing(*verb, arguments);
  verb->add_option("--event", jobs.type, "Events of this type instead of times, such as monitor.seen (`mortise events`)")
      ->type_name("TYPE");
  verb->add_option("--source", jobs.source, "Only events of this source")->type_name("SOURCE");
  verb->add_option("--data", jobs.data, "Only events whose data hold this; read as JSON, else as text (repeatable)")
      ->type_name("KEY=VALUE")
      ->allow_extra_args(false);
  verb->add_option("--missed", jobs.missed, "What to do about times that passed while no server ran (default once)")
      ->type_name("POLICY")
      ->check(CLI::IsMember({"skip", "once", "all"}));
  verb->add_option("--most", jobs.most, "How many times --missed all makes up for (default 10)")
      ->type_name("N")
      ->check(CLI::Range(1, 1000));
  verb->add_option("--overlap", jobs.overlap, "What to do while an earlier run has not ended (default skip)")
      ->type_name("POLICY")
      ->check(CLI::IsMember({"skip", "queue", "cancel"}));
  verb->add_option("--jitter", jobs.jitter, "Put each time off by up to so much")->type_name("DURATION");
  verb->add_option("--name", arguments.name, "Which pipeline of a file that holds several")->type_name("NAME");
  verb->add_option("--set", arguments.set, "An entry of the context; read as JSON, else as text (repeatable)")
      ->type_name("KEY=VALUE")
      ->allow_extra_args(false);
}

void add_schedules(CLI::App& program, Arguments& arguments) {
  CLI::App* schedules = program.add_subcommand("schedule", "Start pipelines at given times, or after events");
  schedules->require_subcommand(1);
  add_schedule_add(*schedules, arguments);
  add(*schedules, arguments, Verb::schedules_list,
      {"list", "List schedules with their next and last time", "",
       "  mortise schedule list\n  mortise schedule list --json"});
  CLI::App* show = add(*schedules, arguments, Verb::schedules_show,
                       {"show", "Show one schedule", "", "  mortise schedule show nightly"});
  CLI::App* remove =
      add(*schedules, arguments, Verb::schedules_remove,
          {"remove", "Remove a schedule", "Runs that it started go on.", "  mortise schedule remove nightly"});
  CLI::App* pause = add(*schedules, arguments, Verb::schedules_pause,
                        {"pause", "Let a schedule start nothing", "", "  mortise schedule pause nightly"});
  CLI::App* unpause =
      add(*schedules, arguments, Verb::schedules_unpause,
          {"unpause", "Let it go on with its next time from now", "", "  mortise schedule unpause nightly"});
  for (CLI::App* verb : {show, remove, pause, unpause})
    verb->add_option("NAME", arguments.jobs.schedule, "The schedule's name")->required();
  CLI::App* next = add(*schedules, arguments, Verb::schedules_next,
                       {"next", "Show when a schedule is due next, or would be", "",
                        "  mortise schedule next nightly\n"
                        "  mortise schedule next --cron '0 9 * * mon' --zone America/New_York --count 10"});
  next->add_option("NAME", arguments.jobs.schedule, "A schedule's name; or give --cron or --every");
  add_schedule_timing(*next, arguments);
  next->add_option("--count", arguments.jobs.count, "How many times")
      ->type_name("N")
      ->capture_default_str()
      ->check(CLI::Range(1, 1000));
}

void add_alerts(CLI::App& program, Arguments& arguments) {
  CLI::App* events =
      add(program, arguments, Verb::events,
          {"events", "List what happened, newest first", "",
           "  mortise events\n  mortise events --type run.failed\n  mortise events --source schedule:nightly"});
  events
      ->add_option("--type", arguments.jobs.type, "Only of this type; 'run.' with a dot at its end: all that begin so")
      ->type_name("TYPE");
  events->add_option("--source", arguments.jobs.source, "Only from this source")->type_name("SOURCE");
  add_limit(*events, arguments);
  CLI::App* alerts = program.add_subcommand("alert", "Look at alerts, acknowledge and resolve them");
  alerts->require_subcommand(1);
  CLI::App* list = add(*alerts, arguments, Verb::alerts_list,
                       {"list", "List alerts, newest first", "Without --state, those that are not resolved.",
                        "  mortise alert list\n  mortise alert list --state resolved --severity high"});
  list->add_option("--state", arguments.state, "Only alerts in this state")
      ->type_name("STATE")
      ->check(CLI::IsMember({"open", "acknowledged", "resolved", "unresolved"}));
  list->add_option("--severity", arguments.jobs.severity, "Only alerts of this severity")
      ->type_name("SEVERITY")
      ->check(CLI::IsMember({"low", "medium", "high", "critical"}));
  add_limit(*list, arguments);
  CLI::App* show =
      add(*alerts, arguments, Verb::alerts_show, {"show", "Show one alert", "", "  mortise alert show alert_01K9..."});
  CLI::App* acknowledge = add(
      *alerts, arguments, Verb::alerts_acknowledge,
      {"acknowledge", "Say that somebody looks at it", "", "  mortise alert acknowledge alert_01K9... --note 'on it'"});
  CLI::App* resolve = add(*alerts, arguments, Verb::alerts_resolve,
                          {"resolve", "Say that it is over", "", "  mortise alert resolve alert_01K9..."});
  for (CLI::App* verb : {show, acknowledge, resolve})
    verb->add_option("ALERT", arguments.jobs.alert, "The alert's id")->required();
  for (CLI::App* verb : {acknowledge, resolve})
    verb->add_option("--note", arguments.jobs.note, "A word about it")->type_name("TEXT");
}

}  // namespace

void add_runs_again(CLI::App& runs, Arguments& arguments) {
  CLI::App* resume =
      add(runs, arguments, Verb::runs_resume,
          {"resume", "Go on with an interrupted run",
           "Finished steps are not run again. A server goes on with its own runs by itself when it starts.",
           "  mortise runs resume run_01K9ZC2Y3V8Q4M7T5R6W1X0ABC --wait"});
  CLI::App* retry = add(runs, arguments, Verb::runs_retry,
                        {"retry", "Take a run that failed or was cancelled up again",
                         "Only what has not succeeded runs, with the same idempotency keys.",
                         "  mortise runs retry run_01K9ZC2Y3V8Q4M7T5R6W1X0ABC"});
  CLI::App* rerun =
      add(runs, arguments, Verb::runs_rerun,
          {"rerun", "Repeat a run as a new one, wholly or from a step",
           "With --from, that step and what comes after it run; other steps that had succeeded keep their results.",
           "  mortise runs rerun run_01K9ZC2Y3V8Q4M7T5R6W1X0ABC\n"
           "  mortise runs rerun run_01K9ZC2Y3V8Q4M7T5R6W1X0ABC --from Filter --wait"});
  rerun->add_option("--from", arguments.jobs.from, "The step to begin with")->type_name("STEP");
  for (CLI::App* verb : {resume, retry, rerun}) {
    verb->add_option("RUN", arguments.run_id, "The run's id")->required();
    add_again(*verb, arguments);
  }
}

void add_jobs(CLI::App& program, Arguments& arguments) {
  add_letters(program, arguments);
  add_schedules(program, arguments);
  add_alerts(program, arguments);
}

}  // namespace mortise::cli

/* Plays the host for one step. Prints TAP ("ok 1 - ..."), as `mortise plugin test .` and many others read it. */
#include "../{{word}}.h"

#include <stdio.h>
#include <string.h>

static int tests = 0, failures = 0;

static void check(int holds, const char* what) {
  printf("%s %d - %s\n", holds ? "ok" : "not ok", ++tests, what);
  failures += !holds;
}

static mortise_string text(const char* words) {
  mortise_string made;
  made.data = words;
  made.size = strlen(words);
  return made;
}

static mortise_value number(double value) {
  mortise_value made;
  memset(&made, 0, sizeof made);
  made.kind = MORTISE_KIND_FLOAT64;
  made.as.float64 = value;
  return made;
}

static mortise_value string(const char* words) {
  mortise_value made;
  memset(&made, 0, sizeof made);
  made.kind = MORTISE_KIND_STRING;
  made.as.string = text(words);
  return made;
}

static mortise_value map(const mortise_member* members, uint64_t count) {
  mortise_value made;
  memset(&made, 0, sizeof made);
  made.kind = MORTISE_KIND_MAP;
  made.as.map.members = members;
  made.as.map.count = count;
  return made;
}

static void log_nothing(void* context, uint32_t level, mortise_string message, const mortise_value* fields) {
  (void)context, (void)level, (void)message, (void)fields;
}

/* One step on this list, multiplied by ten. */
static mortise_status run(const mortise_value* items, uint64_t count, mortise_output* out) {
  mortise_host host;
  mortise_call call;
  mortise_member config[2], step[2], top[1];
  mortise_value input;
  memset(&host, 0, sizeof host);
  memset(&call, 0, sizeof call);
  memset(out, 0, sizeof *out);
  host.size = sizeof host;
  host.log = log_nothing;
  config[0].key = text("factor");
  config[0].value = number(10);
  config[1].key = text("input");
  memset(&config[1].value, 0, sizeof config[1].value);
  config[1].value.kind = MORTISE_KIND_LIST;
  config[1].value.as.list.items = items;
  config[1].value.as.list.count = count;
  step[0].key = text("config");
  step[0].value = map(config, 2);
  step[1].key = text("output");
  step[1].value = string("numbers");
  top[0].key = text("step");
  top[0].value = map(step, 2);
  input = map(top, 1);
  call.size = sizeof call;
  call.operation = MORTISE_OP_STEP;
  call.input = &input;
  call.host = &host;
  return mortise_plugin_entry()->invoke(NULL, &call, out);
}

int main(void) {
  mortise_value items[2];
  mortise_output out;
  check({{word}}_multiplied(2.5, 10) == 25, "a number is multiplied");

  items[0] = number(1);
  items[1] = number(-3);
  check(run(items, 2, &out) == MORTISE_OK, "a step on a list of numbers succeeds");
  if (out.release != NULL) {
    const mortise_member* output = out.value.as.map.members[0].value.as.map.members;
    check(output->value.as.list.count == 2 && output->value.as.list.items[1].as.float64 == -30, "every number is multiplied");
    out.release(&out);
  }

  items[1] = string("two");
  check(run(items, 2, &out) == MORTISE_INVALID, "what is no number is refused");
  if (out.release != NULL) out.release(&out);

  printf("1..%d\n", tests);
  return failures != 0;
}

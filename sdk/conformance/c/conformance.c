/* The conformance plugin in C, on mortise/plugin.h alone. README.md, one folder up, says what each method does in every SDK. */
#define _POSIX_C_SOURCE 200809L
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "values.h"

typedef struct instance {
  mortise_output config; /* a copy */
  const char* seen[8];
  uint64_t seen_count;
} instance;

static int64_t now_ns(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (int64_t)time.tv_sec * 1000000000 + time.tv_nsec;
}

/* ---- lifecycle ---- */

static void note(instance* self, const char* verb) {
  if (self->seen_count < sizeof self->seen / sizeof *self->seen) self->seen[self->seen_count++] = verb;
}

static mortise_status load(const mortise_call* call, void** made, mortise_output* out) {
  instance* self = calloc(1, sizeof *self);
  if (self == NULL) return refuse(out, MORTISE_BUSY, "no memory", NULL, NULL, words_of(""));
  self->config.value = copy_of(answer_of(&self->config), call->input);
  note(self, "load");
  *made = self;
  return MORTISE_OK;
}
static mortise_status initialize(void* self, const mortise_call* call, mortise_output* out) {
  (void)call, (void)out;
  return note(self, "initialize"), MORTISE_OK;
}
static mortise_status start(void* self, const mortise_call* call, mortise_output* out) {
  (void)call, (void)out;
  return note(self, "start"), MORTISE_OK;
}
static mortise_status stop(void* self, const mortise_call* call, mortise_output* out) {
  (void)call, (void)out;
  return note(self, "stop"), MORTISE_OK;
}
static void cleanup(void* made) {
  instance* self = made;
  self->config.release(&self->config);
  free(self);
}

static mortise_status lifecycle(instance* self, mortise_output* out) {
  answer* to = answer_of(out);
  mortise_value seen = make_list(to, self->seen_count);
  for (uint64_t i = 0; i < self->seen_count; ++i) push(&seen, make_text(self->seen[i]));
  out->value = make_map(to, 2);
  put_as(&out->value, "config", copy_of(to, &self->config.value));
  put_as(&out->value, "seen", seen);
  return MORTISE_OK;
}

/* ---- methods ---- */

static mortise_status echo(const mortise_call* call, mortise_output* out) {
  out->value = copy_of(answer_of(out), call->input);
  return MORTISE_OK;
}
static mortise_status describe_input(const mortise_call* call, mortise_output* out) { return describe(call->input, answer_of(out), &out->value); }
static mortise_status make_told(const mortise_call* call, mortise_output* out) {
  mortise_value made;
  const mortise_status status = make(call->input, out, &made);
  if (status == MORTISE_OK) out->value = made;
  return status;
}
static mortise_status nest(const mortise_call* call, mortise_output* out) {
  answer* to = answer_of(out);
  mortise_value value = make_list(to, 0);
  for (int64_t level = 1; level < int_at(call->input, "levels"); ++level) {
    mortise_value outer = make_list(to, 1);
    push(&outer, value);
    value = outer;
  }
  out->value = value;
  return MORTISE_OK;
}
static mortise_status rest(const mortise_call* call, mortise_output* out) {
  const int64_t end = now_ns() + int_at(call->input, "ms") * 1000000;
  const mortise_value* look = find(call->input, "look");
  const struct timespec moment = {0, 1000000};
  while (now_ns() < end) {
    if (look != NULL && look->as.boolean != 0 && call->host->cancelled(call->context) != 0)
      return refuse(out, call->deadline_ns != 0 && now_ns() >= call->deadline_ns ? MORTISE_TIMEOUT : MORTISE_CANCELLED, "it was asked to stop", NULL,
                    NULL, words_of(""));
    nanosleep(&moment, NULL);
  }
  out->value = make_text("slept");
  return MORTISE_OK;
}
static mortise_status remaining(const mortise_call* call, mortise_output* out) {
  out->value = call->deadline_ns == 0 ? make_null() : make_int((call->deadline_ns - now_ns()) / 1000000);
  return MORTISE_OK;
}
static mortise_status print(const mortise_call* call, mortise_output* out) {
  const mortise_string first = text_at(call->input, "stdout"), second = text_at(call->input, "stderr");
  fwrite(first.data, 1, first.size, stdout);
  fwrite(second.data, 1, second.size, stderr);
  out->value = make_null();
  return MORTISE_OK;
}
static mortise_status die(const mortise_call* call, mortise_output* out) {
  static const char header[] = "{\"t\":\"result\",\"id\":1,\"status\":\"ok\",\"value\":null}";
  char frame[16 + sizeof header] = "MTSE";
  (void)out;
  frame[4] = (char)(sizeof header - 1);
  memcpy(frame + 16, header, sizeof header);
  if (find(call->input, "bytes") != NULL && write(3, frame, (size_t)int_at(call->input, "bytes")) < 0) abort();
  if (is_word(text_at(call->input, "how"), "exit")) _exit((int)int_at(call->input, "status"));
  if (is_word(text_at(call->input, "how"), "kill")) kill(getpid(), SIGKILL);
  abort();
}

static const struct {
  const char* name;
  mortise_status (*method)(const mortise_call*, mortise_output*);
} methods[] = {
    {"echo", echo}, {"describe", describe_input}, {"make", make_told}, {"nest", nest}, {"table_make", table_make}, {"table_sum", table_sum},
    {"table_text", table_text}, {"tensor_add", tensor_add}, {"allocate", allocate}, {"fail", fail}, {"log", log_records},
    {"progress", report_progress}, {"read_context", read_context}, {"use_service", use_service}, {"sleep", rest}, {"remaining", remaining},
    {"print", print}, {"die", die},
};

static mortise_status call_method(instance* self, const mortise_call* call, mortise_output* out) {
  if (is_word(call->method, "lifecycle")) return lifecycle(self, out);
  for (size_t i = 0; i < sizeof methods / sizeof *methods; ++i) {
    if (is_word(call->method, methods[i].name)) return methods[i].method(call, out);
  }
  return refuse(out, MORTISE_UNSUPPORTED, "there is no such method", NULL, "method", call->method);
}

/* ---- the other operations ---- */

static mortise_status validate(const mortise_call* call, mortise_output* out) {
  const mortise_value* config = find(call->input, "config");
  if (find(config, "refuse") != NULL) return refuse(out, MORTISE_INVALID, "the configuration is refused", "drop 'refuse'", "key", words_of("refuse"));
  answer* to = answer_of(out);
  const uint64_t count = config != NULL && config->kind == MORTISE_KIND_MAP ? config->as.map.count : 0;
  mortise_value completed = make_map(to, count + 1), copy = count > 0 ? copy_of(to, config) : make_null();
  put_as(&completed, "completed", make_bool(1));
  for (uint64_t i = 0; i < count; ++i) put(&completed, copy.as.map.members[i].key, copy.as.map.members[i].value);
  out->value = make_map(to, 1);
  put_as(&out->value, "config", completed);
  return MORTISE_OK;
}

static int64_t rows_of(const mortise_value* value) {
  if (value->kind == MORTISE_KIND_TABLE) return value->as.table->array.length;
  if (value->kind == MORTISE_KIND_LIST) return (int64_t)value->as.list.count;
  return value->kind == MORTISE_KIND_TENSOR && value->as.tensor->rank > 0 ? value->as.tensor->shape[0] : -1;
}

static mortise_status step(const mortise_call* call, mortise_output* out) {
  const mortise_value *told = find(call->input, "step"), *config = find(told, "config");
  const mortise_string first = text_at(config, "input"), key = first.size > 0 ? first : text_at(told, "input");
  if (key.size == 0) return refuse(out, MORTISE_INVALID, "the step has no input", "name a context key in its config: `input: KEY`", NULL, key);
  answer* to = answer_of(out);
  mortise_output got;
  memset(&got, 0, sizeof got);
  const mortise_status status = call->host->context_get(call->context, key, &got);
  keep_output(to, &got);
  if (status != MORTISE_OK) return refuse(out, status, "the context has no such entry", NULL, "key", key);
  mortise_value outputs = make_map(to, 2), name = make_text("");
  name.as.string = text_at(told, "output");
  put_as(&outputs, "config", copy_of(to, config));
  if (name.as.string.size > 0) put(&outputs, copy_of(to, &name).as.string, copy_of(to, &got.value));
  out->value = make_map(to, 2);
  put_as(&out->value, "outputs", outputs);
  if (rows_of(&got.value) >= 0) put_as(&out->value, "rows", make_int(rows_of(&got.value)));
  return MORTISE_OK;
}

static mortise_status health(mortise_output* out) {
  out->value = make_map(answer_of(out), 2);
  put_as(&out->value, "healthy", make_bool(1));
  put_as(&out->value, "message", make_text(""));
  return MORTISE_OK;
}

static mortise_status invoke(void* self, const mortise_call* call, mortise_output* out) {
  switch (call->operation) {
    case MORTISE_OP_CALL: return call_method(self, call, out);
    case MORTISE_OP_STEP: return step(call, out);
    case MORTISE_OP_VALIDATE: return validate(call, out);
    case MORTISE_OP_HEALTH: return health(out);
    default: return refuse(out, MORTISE_UNSUPPORTED, "this plugin does not answer that operation", NULL, NULL, words_of(""));
  }
}

const mortise_plugin* mortise_plugin_entry(void) {
  static const mortise_plugin table = {sizeof(mortise_plugin), MORTISE_ABI_MAJOR, MORTISE_ABI_MINOR, load, initialize, start, invoke, stop, cleanup};
  return &table;
}

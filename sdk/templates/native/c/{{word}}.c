/* {{word}}: multiplies every number of a list. mortise/plugin.h explains every call that is used here. */
#include "{{word}}.h"

#include <stdlib.h>
#include <string.h>

/* ---- what it does ----------------------------------------------------------------------------------------------- */

double {{word}}_multiplied(double number, double factor) { return number * factor; }

/* ---- reading values ---------------------------------------------------------------------------------------------- */

static mortise_string text(const char* words) {
  mortise_string made;
  made.data = words;
  made.size = strlen(words);
  return made;
}

/* NULL when the map has no such key, or holds null there. */
static const mortise_value* find(const mortise_value* map, const char* key) {
  uint64_t i;
  if (map == NULL || map->kind != MORTISE_KIND_MAP) return NULL;
  for (i = 0; i < map->as.map.count; ++i) {
    const mortise_member* member = &map->as.map.members[i];
    const int same = member->key.size == strlen(key) && memcmp(member->key.data, key, member->key.size) == 0;
    if (same && member->value.kind != MORTISE_KIND_NULL) return &member->value;
  }
  return NULL;
}

static int read_number(const mortise_value* value, double* number) {
  if (value != NULL && value->kind == MORTISE_KIND_INT64) return *number = (double)value->as.int64, 1;
  if (value != NULL && value->kind == MORTISE_KIND_FLOAT64) return *number = value->as.float64, 1;
  return 0;
}

/* ---- making values: one block holds all of an answer, and the host gives it back through `release` ---------------- */

typedef struct answer {
  mortise_member top[2];    /* {outputs, rows} of a step, {message, hint} of an error */
  mortise_member output[1]; /* {KEY: numbers} */
  mortise_value numbers[1]; /* as many as there are, then the bytes of the key */
} answer;

static void release(mortise_output* out) {
  free(out->private_data);
  out->private_data = NULL;
  out->release = NULL;
}

static answer* begin(mortise_output* out, uint64_t numbers, uint64_t key_size) {
  answer* made;
  if (numbers > (SIZE_MAX - sizeof(answer) - key_size) / sizeof(mortise_value)) return NULL;
  made = calloc(1, sizeof(answer) + (size_t)numbers * sizeof(mortise_value) + (size_t)key_size);
  if (made == NULL) return NULL;
  out->private_data = made;
  out->release = release;
  out->value.kind = MORTISE_KIND_MAP;
  out->value.as.map.members = made->top;
  out->value.as.map.count = 2;
  return made;
}

static void set_text(mortise_member* member, const char* key, const char* words) {
  member->key = text(key);
  member->value.kind = MORTISE_KIND_STRING;
  member->value.as.string = text(words);
}

/* `message` and `hint` must outlive the answer: here they are literals. */
static mortise_status fail(mortise_output* out, mortise_status status, const char* message, const char* hint) {
  answer* made = begin(out, 0, 0);
  if (made != NULL) {
    set_text(&made->top[0], "message", message);
    set_text(&made->top[1], "hint", hint);
  }
  return status;
}

/* ---- the step ---------------------------------------------------------------------------------------------------- */

static mortise_status answer_numbers(const mortise_value* list, double factor, const mortise_value* key,
                                     mortise_output* out) {
  const mortise_string name = key != NULL && key->kind == MORTISE_KIND_STRING ? key->as.string : text("");
  const uint64_t count = list->as.list.count;
  answer* made = begin(out, count, name.size);
  char* kept;
  uint64_t i;
  if (made == NULL) return MORTISE_BUSY;
  kept = (char*)(made->numbers + count);
  for (i = 0; i < count; ++i) {
    double number;
    if (!read_number(&list->as.list.items[i], &number)) {
      release(out);
      return fail(out, MORTISE_INVALID, "expected numbers, got something else", "the input must be a list of numbers");
    }
    made->numbers[i].kind = MORTISE_KIND_FLOAT64;
    made->numbers[i].as.float64 = {{word}}_multiplied(number, factor);
  }
  if (name.size > 0) memcpy(kept, name.data, (size_t)name.size);
  made->output[0].key.data = kept;
  made->output[0].key.size = name.size;
  made->output[0].value.kind = MORTISE_KIND_LIST;
  made->output[0].value.as.list.items = made->numbers;
  made->output[0].value.as.list.count = count;
  made->top[0].key = text("outputs");
  made->top[0].value.kind = MORTISE_KIND_MAP;
  made->top[0].value.as.map.members = made->output;
  made->top[0].value.as.map.count = name.size > 0 ? 1 : 0;
  made->top[1].key = text("rows");
  made->top[1].value.kind = MORTISE_KIND_INT64;
  made->top[1].value.as.int64 = (int64_t)count;
  return MORTISE_OK;
}

static void say(const mortise_call* call, uint64_t count) {
  mortise_member field;
  mortise_value fields;
  memset(&field, 0, sizeof field);
  memset(&fields, 0, sizeof fields);
  field.key = text("numbers");
  field.value.kind = MORTISE_KIND_INT64;
  field.value.as.int64 = (int64_t)count;
  fields.kind = MORTISE_KIND_MAP;
  fields.as.map.members = &field;
  fields.as.map.count = 1;
  call->host->log(call->context, MORTISE_LOG_INFO, text("multiplied"), &fields);
}

static mortise_status step(const mortise_call* call, mortise_output* out) {
  const mortise_value* of = find(call->input, "step");
  const mortise_value* config = find(of, "config");
  const mortise_value* input = find(config, "input") != NULL ? find(config, "input") : find(of, "input");
  mortise_output read;
  mortise_status status = MORTISE_OK;
  double factor = 2;
  memset(&read, 0, sizeof read);
  (void)read_number(find(config, "factor"), &factor);
  if (input != NULL && input->kind == MORTISE_KIND_STRING) { /* the name of an entry of the run's context */
    status = call->host->context_get(call->context, input->as.string, &read);
    input = &read.value;
  }
  if (status != MORTISE_OK) {
    status = fail(out, status, "the context has no such input", "an earlier step must have it as its `output`");
  } else if (input == NULL || input->kind != MORTISE_KIND_LIST) {
    status = fail(out, MORTISE_INVALID, "expected a list of numbers", "name one in the step's config: `input: KEY`");
  } else {
    const uint64_t count = input->as.list.count;
    status = answer_numbers(input, factor, find(of, "output"), out);
    if (status == MORTISE_OK) say(call, count);
  }
  if (read.release != NULL) read.release(&read);
  return status;
}

/* ---- the table that the host calls ------------------------------------------------------------------------------- */

static mortise_status load(const mortise_call* call, void** instance, mortise_output* out) {
  (void)call, (void)out;
  *instance = NULL; /* nothing to remember between two calls */
  return MORTISE_OK;
}

static mortise_status invoke(void* instance, const mortise_call* call, mortise_output* out) {
  (void)instance;
  return call->operation == MORTISE_OP_STEP ? step(call, out) : MORTISE_UNSUPPORTED;
}

static void cleanup(void* instance) { (void)instance; }

const mortise_plugin* mortise_plugin_entry(void) {
  static const mortise_plugin table = {sizeof(mortise_plugin), MORTISE_ABI_MAJOR, MORTISE_ABI_MINOR, load, NULL, NULL,
                                       invoke,                 NULL,              cleanup};
  return &table;
}

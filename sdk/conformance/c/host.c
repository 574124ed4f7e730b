/* What a plugin asks of its host: errors, logs, progress, the context, services. */
#include <string.h>

#include "values.h"

static const char* const codes[11] = {"", "invalid", "not_found", "conflict", "denied", "unsupported", "busy", "timeout", "cancelled", "plugin", "internal"};

mortise_status fail(const mortise_call* call, mortise_output* out) {
  const mortise_value *told = call->input, *details = find(told, "details"), *causes = find(told, "causes");
  answer* to = answer_of(out);
  mortise_status status = MORTISE_INVALID;
  while (status < MORTISE_INTERNAL && !is_word(text_at(told, "code"), codes[status])) ++status;
  mortise_value cause = make_null(), words = make_text("");
  for (uint64_t i = causes != NULL ? causes->as.list.count : 0; i-- > 0;) {
    mortise_value outer = make_map(to, 3);
    put_as(&outer, "message", copy_of(to, &causes->as.list.items[i]));
    put_as(&outer, "code", make_int(status));
    if (cause.kind == MORTISE_KIND_MAP) put_as(&outer, "cause", cause);
    cause = outer;
  }
  out->value = make_map(to, 4);
  words.as.string = text_at(told, "message");
  put_as(&out->value, "message", copy_of(to, &words));
  words.as.string = text_at(told, "hint");
  put_as(&out->value, "hint", copy_of(to, &words));
  if (details != NULL) put_as(&out->value, "details", copy_of(to, details));
  if (cause.kind == MORTISE_KIND_MAP) put_as(&out->value, "cause", cause);
  return status;
}

mortise_status log_records(const mortise_call* call, mortise_output* out) {
  static const struct {
    const char* name;
    uint32_t level;
  } levels[] = {{"debug", MORTISE_LOG_DEBUG}, {"info", MORTISE_LOG_INFO}, {"warning", MORTISE_LOG_WARNING}, {"error", MORTISE_LOG_ERROR}};
  const mortise_value* records = find(call->input, "records");
  for (uint64_t i = 0; records != NULL && i < records->as.list.count; ++i) {
    const mortise_value* record = &records->as.list.items[i];
    for (size_t l = 0; l < sizeof levels / sizeof *levels; ++l) {
      if (is_word(text_at(record, "level"), levels[l].name))
        call->host->log(call->context, levels[l].level, text_at(record, "message"), find(record, "fields"));
    }
  }
  out->value = make_null();
  return MORTISE_OK;
}

mortise_status report_progress(const mortise_call* call, mortise_output* out) {
  const mortise_value* reports = find(call->input, "reports");
  for (uint64_t i = 0; reports != NULL && i < reports->as.list.count; ++i) {
    const mortise_value* report = reports->as.list.items[i].as.list.items;
    double fraction = -1;
    if (report[0].kind == MORTISE_KIND_FLOAT64) fraction = report[0].as.float64;
    if (report[0].kind == MORTISE_KIND_INT64) fraction = (double)report[0].as.int64;
    call->host->progress(call->context, fraction, report[1].as.string);
  }
  out->value = make_null();
  return MORTISE_OK;
}

mortise_status read_context(const mortise_call* call, mortise_output* out) {
  const mortise_value* keys = find(call->input, "keys");
  answer* to = answer_of(out);
  const uint64_t count = keys != NULL ? keys->as.list.count : 0;
  out->value = make_map(to, count);
  for (uint64_t i = 0; i < count; ++i) {
    mortise_output got;
    memset(&got, 0, sizeof got);
    const mortise_string key = keys->as.list.items[i].as.string;
    if (find_words(&out->value, key) != NULL) continue; /* a key stands once in a map */
    const mortise_status status = call->host->context_get(call->context, key, &got);
    keep_output(to, &got);
    if (status != MORTISE_OK && status != MORTISE_NOT_FOUND) return refuse(out, status, "the context cannot be read", NULL, NULL, key);
    mortise_value told = make_map(to, 2), name = make_text("");
    name.as.string = key;
    put_as(&told, "found", make_bool(status == MORTISE_OK));
    if (status == MORTISE_OK) put_as(&told, "value", copy_of(to, &got.value));
    put(&out->value, copy_of(to, &name).as.string, told);
  }
  return MORTISE_OK;
}

mortise_status use_service(const mortise_call* call, mortise_output* out) {
  const mortise_value *input = find(call->input, "input"), nothing = make_null();
  answer* to = answer_of(out);
  mortise_output got;
  memset(&got, 0, sizeof got);
  const mortise_status status =
      call->host->service(call->context, text_at(call->input, "service"), text_at(call->input, "method"), input != NULL ? input : &nothing, &got);
  keep_output(to, &got);
  if (status == MORTISE_OK || find(call->input, "catch") == NULL) {
    out->value = copy_of(to, &got.value); /* what the service answered, or its error as it is */
    return status;
  }
  mortise_value told = make_map(to, 3), words = make_text("");
  put_as(&told, "code", make_text(codes[status]));
  words.as.string = text_at(&got.value, "message");
  put_as(&told, "message", copy_of(to, &words));
  words.as.string = text_at(&got.value, "hint");
  put_as(&told, "hint", copy_of(to, &words));
  out->value = told;
  return MORTISE_OK;
}

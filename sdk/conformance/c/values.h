/* Values as C makes them: everything of one answer lives in one `answer`, which the host gives back through `release`. */
#ifndef CONFORMANCE_VALUES_H
#define CONFORMANCE_VALUES_H

#include <stddef.h>
#include <stdint.h>

#include "mortise/plugin.h"

typedef struct answer answer;

/* The answer of `out`, begun by the first call. Memory that cannot be had ends the process. */
answer* answer_of(mortise_output* out);
void* take(answer* to, size_t bytes);           /* zeroed, as long as the answer */
void keep_output(answer* to, mortise_output* from); /* what the host gave is released with the answer */
void keep_tensor(answer* to, mortise_tensor* tensor); /* the reference that is held now */
void keep_table(answer* to, mortise_table* table);

mortise_value make_null(void);
mortise_value make_bool(int yes);
mortise_value make_int(int64_t number);
mortise_value make_float(double number);
mortise_value make_time(int64_t nanoseconds);
mortise_value make_text(const char* literal); /* not copied */
mortise_value make_words(answer* to, const char* format, ...) __attribute__((format(printf, 2, 3)));
mortise_value make_list(answer* to, uint64_t most);
mortise_value make_map(answer* to, uint64_t most);
/* At most as many as were asked for. */
void push(mortise_value* list, mortise_value item);
void put(mortise_value* map, mortise_string key, mortise_value item);
void put_as(mortise_value* map, const char* key, mortise_value item);

mortise_string words_of(const char* literal);
int is_word(mortise_string words, const char* literal);
const mortise_value* find(const mortise_value* map, const char* key); /* NULL: it has no such key, or is no map */
const mortise_value* find_words(const mortise_value* map, mortise_string key);
mortise_string text_at(const mortise_value* map, const char* key);    /* empty when it is not there or no text */
int64_t int_at(const mortise_value* map, const char* key);            /* 0 likewise */
double float_at(const mortise_value* map, const char* key);           /* 0 likewise; integers, too */

/* Leaves {message, hint, details: {key: detail}} and returns the status. `hint` and `key` may be NULL. */
mortise_status refuse(mortise_output* out, mortise_status status, const char* message, const char* hint, const char* key, mortise_string detail);

/* input and output as it is, deep. */
mortise_value copy_of(answer* to, const mortise_value* value);

/* The methods of README.md, one folder up. */
mortise_status describe(const mortise_value* value, answer* to, mortise_value* told);
mortise_status make(const mortise_value* told, mortise_output* out, mortise_value* made);
mortise_status table_make(const mortise_call* call, mortise_output* out);
mortise_status table_sum(const mortise_call* call, mortise_output* out);
mortise_status table_text(const mortise_call* call, mortise_output* out);
mortise_status tensor_add(const mortise_call* call, mortise_output* out);
mortise_status allocate(const mortise_call* call, mortise_output* out);
mortise_status fail(const mortise_call* call, mortise_output* out);
mortise_status log_records(const mortise_call* call, mortise_output* out);
mortise_status report_progress(const mortise_call* call, mortise_output* out);
mortise_status read_context(const mortise_call* call, mortise_output* out);
mortise_status use_service(const mortise_call* call, mortise_output* out);

/* A tensor of its own memory with one reference, which the answer keeps. */
mortise_tensor* new_tensor(answer* to, uint32_t dtype, uint32_t rank, const int64_t* shape, const void* data, size_t bytes);
size_t tensor_bytes(const mortise_tensor* tensor);
extern const char* const dtype_names[13];
extern const uint8_t dtype_sizes[13];

#endif

#include "values.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum held_kind { HELD_NOTHING, HELD_OUTPUT, HELD_TENSOR, HELD_TABLE };

/* In front of each piece of memory, and of each thing that is given back at the end. */
typedef struct piece {
  struct piece* next;
  enum held_kind kind;
  mortise_output output;
  mortise_tensor* tensor;
  mortise_table* table;
  max_align_t start[];
} piece;

struct answer {
  piece* last;
};

static piece* new_piece(answer* to, size_t bytes) {
  piece* made = calloc(1, sizeof(piece) + bytes);
  if (made == NULL) abort();
  made->next = to->last;
  to->last = made;
  return made;
}

static void release(mortise_output* out) {
  answer* all = out->private_data;
  while (all->last != NULL) {
    piece* one = all->last;
    all->last = one->next;
    if (one->kind == HELD_OUTPUT && one->output.release != NULL) one->output.release(&one->output);
    if (one->kind == HELD_TENSOR) one->tensor->release(one->tensor);
    if (one->kind == HELD_TABLE) one->table->release(one->table);
    free(one);
  }
  free(all);
  memset(out, 0, sizeof *out);
}

answer* answer_of(mortise_output* out) {
  if (out->private_data == NULL) {
    out->private_data = calloc(1, sizeof(answer));
    if (out->private_data == NULL) abort();
    out->release = release;
  }
  return out->private_data;
}

void* take(answer* to, size_t bytes) { return new_piece(to, bytes)->start; }

void keep_output(answer* to, mortise_output* from) {
  piece* made = new_piece(to, 0);
  made->kind = HELD_OUTPUT;
  made->output = *from;
}
void keep_tensor(answer* to, mortise_tensor* tensor) {
  piece* made = new_piece(to, 0);
  made->kind = HELD_TENSOR;
  made->tensor = tensor;
}
void keep_table(answer* to, mortise_table* table) {
  piece* made = new_piece(to, 0);
  made->kind = HELD_TABLE;
  made->table = table;
}

/* ---- making ---- */

static mortise_value of_kind(uint32_t kind) {
  mortise_value made;
  memset(&made, 0, sizeof made);
  made.kind = kind;
  return made;
}
mortise_value make_null(void) { return of_kind(MORTISE_KIND_NULL); }
mortise_value make_bool(int yes) {
  mortise_value made = of_kind(MORTISE_KIND_BOOL);
  made.as.boolean = yes != 0;
  return made;
}
mortise_value make_int(int64_t number) {
  mortise_value made = of_kind(MORTISE_KIND_INT64);
  made.as.int64 = number;
  return made;
}
mortise_value make_float(double number) {
  mortise_value made = of_kind(MORTISE_KIND_FLOAT64);
  made.as.float64 = number;
  return made;
}
mortise_value make_time(int64_t nanoseconds) {
  mortise_value made = of_kind(MORTISE_KIND_TIME);
  made.as.time_ns = nanoseconds;
  return made;
}
mortise_value make_text(const char* literal) {
  mortise_value made = of_kind(MORTISE_KIND_STRING);
  made.as.string = words_of(literal);
  return made;
}
mortise_value make_words(answer* to, const char* format, ...) {
  va_list arguments;
  va_start(arguments, format);
  const int size = vsnprintf(NULL, 0, format, arguments);
  va_end(arguments);
  char* words = take(to, (size_t)size + 1);
  va_start(arguments, format);
  vsnprintf(words, (size_t)size + 1, format, arguments);
  va_end(arguments);
  return make_text(words);
}
mortise_value make_list(answer* to, uint64_t most) {
  mortise_value made = of_kind(MORTISE_KIND_LIST);
  made.as.list.items = take(to, most * sizeof(mortise_value));
  return made;
}
mortise_value make_map(answer* to, uint64_t most) {
  mortise_value made = of_kind(MORTISE_KIND_MAP);
  made.as.map.members = take(to, most * sizeof(mortise_member));
  return made;
}
void push(mortise_value* list, mortise_value item) { ((mortise_value*)list->as.list.items)[list->as.list.count++] = item; }
void put(mortise_value* map, mortise_string key, mortise_value item) {
  mortise_member* member = (mortise_member*)map->as.map.members + map->as.map.count++;
  member->key = key;
  member->value = item;
}
void put_as(mortise_value* map, const char* key, mortise_value item) { put(map, words_of(key), item); }

/* ---- reading ---- */

mortise_string words_of(const char* literal) {
  const mortise_string made = {literal, strlen(literal)};
  return made;
}
int is_word(mortise_string words, const char* literal) { return words.size == strlen(literal) && memcmp(words.data, literal, words.size) == 0; }
const mortise_value* find_words(const mortise_value* map, mortise_string key) {
  if (map == NULL || map->kind != MORTISE_KIND_MAP) return NULL;
  for (uint64_t i = 0; i < map->as.map.count; ++i) {
    const mortise_string* there = &map->as.map.members[i].key;
    if (there->size == key.size && memcmp(there->data, key.data, key.size) == 0) return &map->as.map.members[i].value;
  }
  return NULL;
}
const mortise_value* find(const mortise_value* map, const char* key) { return find_words(map, words_of(key)); }
mortise_string text_at(const mortise_value* map, const char* key) {
  const mortise_value* found = find(map, key);
  return found != NULL && found->kind == MORTISE_KIND_STRING ? found->as.string : words_of("");
}
int64_t int_at(const mortise_value* map, const char* key) {
  const mortise_value* found = find(map, key);
  return found != NULL && found->kind == MORTISE_KIND_INT64 ? found->as.int64 : 0;
}
double float_at(const mortise_value* map, const char* key) {
  const mortise_value* found = find(map, key);
  return found != NULL && found->kind == MORTISE_KIND_FLOAT64 ? found->as.float64 : (double)int_at(map, key);
}

mortise_status refuse(mortise_output* out, mortise_status status, const char* message, const char* hint, const char* key, mortise_string detail) {
  answer* to = answer_of(out);
  out->value = make_map(to, 3);
  put_as(&out->value, "message", make_words(to, "%s", message));
  if (hint != NULL) put_as(&out->value, "hint", make_words(to, "%s", hint));
  if (key != NULL) {
    mortise_value details = make_map(to, 1), told = make_text("");
    told.as.string = detail;
    put_as(&details, key, copy_of(to, &told));
    put_as(&out->value, "details", details);
  }
  return status;
}

static mortise_string copy_words(answer* to, mortise_string words) {
  char* copy = take(to, words.size);
  if (words.size != 0) memcpy(copy, words.data, words.size);
  const mortise_string made = {copy, words.size};
  return made;
}

mortise_value copy_of(answer* to, const mortise_value* value) {
  mortise_value made = *value;
  switch (value->kind) {
    case MORTISE_KIND_STRING:
    case MORTISE_KIND_BYTES: made.as.string = copy_words(to, value->as.string); break;
    case MORTISE_KIND_LIST:
      made = make_list(to, value->as.list.count);
      for (uint64_t i = 0; i < value->as.list.count; ++i) push(&made, copy_of(to, &value->as.list.items[i]));
      break;
    case MORTISE_KIND_MAP:
      made = make_map(to, value->as.map.count);
      for (uint64_t i = 0; i < value->as.map.count; ++i) {
        const mortise_member* member = &value->as.map.members[i];
        put(&made, copy_words(to, member->key), copy_of(to, &member->value));
      }
      break;
    case MORTISE_KIND_TENSOR:
      made.as.tensor->retain(made.as.tensor);
      keep_tensor(to, made.as.tensor);
      break;
    case MORTISE_KIND_TABLE:
      made.as.table->retain(made.as.table);
      keep_table(to, made.as.table);
      break;
    default: break;
  }
  return made;
}

/* A value in words, and the value that words tell. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "values.h"

const char* const dtype_names[13] = {"", "BOOL", "UINT8", "UINT16", "UINT32", "UINT64", "INT8", "INT16", "INT32", "INT64", "FP16", "FP32", "FP64"};
const uint8_t dtype_sizes[13] = {0, 1, 1, 2, 4, 8, 1, 2, 4, 8, 2, 4, 8};

static mortise_value hex_of(answer* to, const void* data, size_t size) {
  char* text = take(to, 2 * size + 1);
  for (size_t i = 0; i < size; ++i) snprintf(text + 2 * i, 3, "%02x", ((const unsigned char*)data)[i]);
  return make_text(text);
}

static mortise_value bits_of(answer* to, double number) {
  uint64_t bits = 0;
  if (isnan(number)) return make_text("nan");
  memcpy(&bits, &number, sizeof bits);
  return make_words(to, "%016llx", (unsigned long long)bits);
}

size_t tensor_bytes(const mortise_tensor* tensor) {
  size_t bytes = tensor->dtype < 13 ? dtype_sizes[tensor->dtype] : 0;
  for (uint32_t axis = 0; axis < tensor->rank; ++axis) bytes *= (size_t)tensor->shape[axis];
  return bytes;
}

static mortise_value of_kind(answer* to, const char* kind, uint64_t more) {
  mortise_value told = make_map(to, 1 + more);
  put_as(&told, "kind", make_text(kind));
  return told;
}

static mortise_value describe_tensor(answer* to, const mortise_tensor* tensor) {
  mortise_value told = of_kind(to, "tensor", 3), shape = make_list(to, tensor->rank);
  for (uint32_t axis = 0; axis < tensor->rank; ++axis) push(&shape, make_int(tensor->shape[axis]));
  put_as(&told, "dtype", make_text(tensor->dtype < 13 ? dtype_names[tensor->dtype] : "?"));
  put_as(&told, "shape", shape);
  put_as(&told, "hex", hex_of(to, tensor->data, tensor_bytes(tensor)));
  return told;
}

static mortise_value describe_column(answer* to, const struct ArrowSchema* schema, const struct ArrowArray* array) {
  mortise_value told = make_map(to, 6);
  put_as(&told, "name", make_words(to, "%s", schema->name != NULL ? schema->name : ""));
  put_as(&told, "format", make_words(to, "%s", schema->format));
  put_as(&told, "rows", make_int(array->length));
  put_as(&told, "nulls", make_int(array->null_count));
  if (schema->n_children > 0) {
    mortise_value children = make_list(to, (uint64_t)schema->n_children);
    for (int64_t i = 0; i < schema->n_children; ++i) push(&children, describe_column(to, schema->children[i], array->children[i]));
    put_as(&told, "children", children);
  }
  if (schema->dictionary != NULL) put_as(&told, "dictionary", describe_column(to, schema->dictionary, array->dictionary));
  return told;
}

static mortise_value describe_table(answer* to, const mortise_table* table) {
  mortise_value told = of_kind(to, "table", 2), columns = make_list(to, (uint64_t)table->schema.n_children);
  for (int64_t i = 0; i < table->schema.n_children; ++i) push(&columns, describe_column(to, table->schema.children[i], table->array.children[i]));
  put_as(&told, "rows", make_int(table->array.length));
  put_as(&told, "columns", columns);
  return told;
}

mortise_status describe(const mortise_value* value, answer* to, mortise_value* told) {
  switch (value->kind) {
    case MORTISE_KIND_NULL: *told = of_kind(to, "null", 0); break;
    case MORTISE_KIND_BOOL:
      *told = of_kind(to, "bool", 1);
      put_as(told, "value", make_bool(value->as.boolean != 0));
      break;
    case MORTISE_KIND_INT64:
      *told = of_kind(to, "int64", 1);
      put_as(told, "text", make_words(to, "%lld", (long long)value->as.int64));
      break;
    case MORTISE_KIND_FLOAT64:
      *told = of_kind(to, "float64", 1);
      put_as(told, "bits", bits_of(to, value->as.float64));
      break;
    case MORTISE_KIND_STRING:
      *told = of_kind(to, "string", 2);
      put_as(told, "text", copy_of(to, value));
      put_as(told, "bytes", make_int((int64_t)value->as.string.size));
      break;
    case MORTISE_KIND_BYTES:
      *told = of_kind(to, "bytes", 1);
      put_as(told, "hex", hex_of(to, value->as.string.data, value->as.string.size));
      break;
    case MORTISE_KIND_TIME:
      *told = of_kind(to, "time", 1);
      put_as(told, "ns", make_words(to, "%lld", (long long)value->as.time_ns));
      break;
    case MORTISE_KIND_LIST: {
      mortise_value items = make_list(to, value->as.list.count), item;
      for (uint64_t i = 0; i < value->as.list.count; ++i) {
        const mortise_status status = describe(&value->as.list.items[i], to, &item);
        if (status != MORTISE_OK) return status;
        push(&items, item);
      }
      *told = of_kind(to, "list", 1);
      put_as(told, "items", items);
      break;
    }
    case MORTISE_KIND_MAP: {
      mortise_value members = make_list(to, value->as.map.count), item, key = make_text("");
      for (uint64_t i = 0; i < value->as.map.count; ++i) {
        const mortise_status status = describe(&value->as.map.members[i].value, to, &item);
        if (status != MORTISE_OK) return status;
        mortise_value pair = make_list(to, 2);
        key.as.string = value->as.map.members[i].key;
        push(&pair, copy_of(to, &key));
        push(&pair, item);
        push(&members, pair);
      }
      *told = of_kind(to, "map", 1);
      put_as(told, "members", members);
      break;
    }
    case MORTISE_KIND_TENSOR: *told = describe_tensor(to, value->as.tensor); break;
    case MORTISE_KIND_TABLE: *told = describe_table(to, value->as.table); break;
    default: return MORTISE_INTERNAL;
  }
  return MORTISE_OK;
}

/* ---- making ---- */

/* A copy with an end; `buffer` has 64 bytes. */
static const char* ended(mortise_string words, char* buffer) {
  const size_t size = words.size < 63 ? words.size : 63;
  memcpy(buffer, words.data, size);
  buffer[size] = '\0';
  return buffer;
}

static int to_int(mortise_string words, int64_t* number) {
  char buffer[64];
  char* end = NULL;
  *number = strtoll(ended(words, buffer), &end, 10);
  return words.size > 0 && *end == '\0';
}

static double from_bits(mortise_string words) {
  char buffer[64];
  if (is_word(words, "nan")) return NAN;
  const uint64_t bits = strtoull(ended(words, buffer), NULL, 16);
  double number = 0;
  memcpy(&number, &bits, sizeof number);
  return number;
}

static mortise_string from_hex(answer* to, mortise_string hex) {
  unsigned char* bytes = take(to, hex.size / 2);
  for (uint64_t i = 0; i + 1 < hex.size; i += 2) {
    const char digits[3] = {hex.data[i], hex.data[i + 1], '\0'};
    bytes[i / 2] = (unsigned char)strtoul(digits, NULL, 16);
  }
  const mortise_string made = {(const char*)bytes, hex.size / 2};
  return made;
}

static mortise_status make_tensor_of(const mortise_value* told, mortise_output* out, mortise_value* made) {
  answer* to = answer_of(out);
  int64_t shape[MORTISE_MAX_RANK] = {0};
  const mortise_value* sizes = find(told, "shape");
  const mortise_string dtype = text_at(told, "dtype"), bytes = from_hex(to, text_at(told, "hex"));
  uint32_t number = 1;
  while (number < 13 && !is_word(dtype, dtype_names[number])) ++number;
  if (number == 13 || sizes == NULL || sizes->kind != MORTISE_KIND_LIST || sizes->as.list.count > MORTISE_MAX_RANK)
    return refuse(out, MORTISE_INVALID, "that is no tensor", NULL, NULL, dtype);
  for (uint64_t i = 0; i < sizes->as.list.count; ++i) shape[i] = sizes->as.list.items[i].as.int64;
  memset(made, 0, sizeof *made);
  made->kind = MORTISE_KIND_TENSOR;
  made->as.tensor = new_tensor(to, number, (uint32_t)sizes->as.list.count, shape, bytes.data, bytes.size);
  return MORTISE_OK;
}

static mortise_status make_items(const mortise_value* told, const char* key, mortise_output* out, mortise_value* made) {
  const mortise_value* items = find(told, key);
  answer* to = answer_of(out);
  const int is_map = is_word(words_of(key), "members");
  const uint64_t count = items != NULL && items->kind == MORTISE_KIND_LIST ? items->as.list.count : 0;
  *made = is_map ? make_map(to, count) : make_list(to, count);
  for (uint64_t i = 0; i < count; ++i) {
    const mortise_value* item = &items->as.list.items[i];
    mortise_value inner;
    const mortise_status status = make(is_map ? &item->as.list.items[1] : item, out, &inner);
    if (status != MORTISE_OK) return status;
    if (is_map) {
      const mortise_value name = copy_of(to, &item->as.list.items[0]);
      put(made, name.as.string, inner);
    } else {
      push(made, inner);
    }
  }
  return MORTISE_OK;
}

mortise_status make(const mortise_value* told, mortise_output* out, mortise_value* made) {
  answer* to = answer_of(out);
  const mortise_string kind = text_at(told, "kind");
  int64_t number = 0;
  *made = make_null();
  if (is_word(kind, "null")) return MORTISE_OK;
  if (is_word(kind, "tensor")) return make_tensor_of(told, out, made);
  if (is_word(kind, "list")) return make_items(told, "items", out, made);
  if (is_word(kind, "map")) return make_items(told, "members", out, made);
  if (is_word(kind, "bool")) {
    *made = *find(told, "value");
  } else if (is_word(kind, "float64")) {
    *made = make_float(from_bits(text_at(told, "bits")));
  } else if (is_word(kind, "string")) {
    *made = copy_of(to, find(told, "text"));
  } else if (is_word(kind, "bytes")) {
    made->kind = MORTISE_KIND_BYTES;
    made->as.string = from_hex(to, text_at(told, "hex"));
  } else if (is_word(kind, "int64") && to_int(text_at(told, "text"), &number)) {
    *made = make_int(number);
  } else if (is_word(kind, "time") && to_int(text_at(told, "ns"), &number)) {
    *made = make_time(number);
  } else {
    return refuse(out, MORTISE_INVALID, "nothing is of this kind, or it is no integer", NULL, "kind", kind);
  }
  return MORTISE_OK;
}

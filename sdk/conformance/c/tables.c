/* Tables and tensors: made, and read where they lie. */
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "values.h"

/* ---- tensors ---- */

typedef struct owned_tensor {
  mortise_tensor tensor;
  atomic_uint owners;
  int64_t shape[MORTISE_MAX_RANK];
  max_align_t data[];
} owned_tensor;

static void retain_tensor(mortise_tensor* tensor) { atomic_fetch_add(&((owned_tensor*)tensor->private_data)->owners, 1); }
static void release_tensor(mortise_tensor* tensor) {
  owned_tensor* owned = tensor->private_data;
  if (atomic_fetch_sub(&owned->owners, 1) == 1) free(owned);
}

static owned_tensor* begin_tensor(answer* to, uint32_t dtype, uint32_t rank, const int64_t* shape, size_t bytes) {
  owned_tensor* owned = calloc(1, sizeof(owned_tensor) + bytes);
  if (owned == NULL) abort();
  atomic_init(&owned->owners, 1);
  if (rank > 0) memcpy(owned->shape, shape, rank * sizeof *shape);
  owned->tensor = (mortise_tensor){sizeof(mortise_tensor), dtype, rank, owned->shape, owned->data, retain_tensor, release_tensor, owned};
  keep_tensor(to, &owned->tensor);
  return owned;
}

mortise_tensor* new_tensor(answer* to, uint32_t dtype, uint32_t rank, const int64_t* shape, const void* data, size_t bytes) {
  owned_tensor* owned = begin_tensor(to, dtype, rank, shape, bytes);
  if (bytes > 0) memcpy(owned->data, data, bytes);
  return &owned->tensor;
}

static void give_tensor(mortise_output* out, mortise_tensor* tensor) {
  out->value = make_null();
  out->value.kind = MORTISE_KIND_TENSOR;
  out->value.as.tensor = tensor;
}

mortise_status tensor_add(const mortise_call* call, mortise_output* out) {
  const mortise_value* given = find(call->input, "tensor");
  const double number = float_at(call->input, "number");
  if (given == NULL || given->kind != MORTISE_KIND_TENSOR) return refuse(out, MORTISE_INVALID, "tensor: expected a tensor", NULL, NULL, words_of(""));
  const mortise_tensor* from = given->as.tensor;
  const size_t bytes = tensor_bytes(from), count = dtype_sizes[from->dtype] ? bytes / dtype_sizes[from->dtype] : 0;
  mortise_tensor* made = new_tensor(answer_of(out), from->dtype, from->rank, from->shape, from->data, bytes);
  void* data = (void*)(uintptr_t)made->data;
  for (size_t i = 0; i < count; ++i) {
    switch (from->dtype) {
      case MORTISE_DTYPE_FP64: ((double*)data)[i] += number; break;
      case MORTISE_DTYPE_FP32: ((float*)data)[i] += (float)number; break;
      case MORTISE_DTYPE_INT64: ((int64_t*)data)[i] += (int64_t)number; break;
      case MORTISE_DTYPE_INT32: ((int32_t*)data)[i] += (int32_t)number; break;
      case MORTISE_DTYPE_UINT8: ((uint8_t*)data)[i] = (uint8_t)(((uint8_t*)data)[i] + (uint8_t)number); break;
      default: return refuse(out, MORTISE_UNSUPPORTED, "nothing is added to tensors of this type", NULL, NULL, words_of(""));
    }
  }
  give_tensor(out, made);
  return MORTISE_OK;
}

/* In memory of the host, which frees it after the answer was released. */
mortise_status allocate(const mortise_call* call, mortise_output* out) {
  const int64_t count = int_at(call->input, "elements");
  mortise_buffer buffer = {NULL, 0};
  const mortise_status status = call->host->allocate(call->context, (uint64_t)count * sizeof(double), &buffer);
  if (status != MORTISE_OK) return refuse(out, status, "no memory for the tensor", NULL, NULL, words_of(""));
  for (int64_t i = 0; i < count; ++i) ((double*)buffer.data)[i] = float_at(call->input, "number");
  owned_tensor* owned = begin_tensor(answer_of(out), MORTISE_DTYPE_FP64, 1, &count, 0);
  owned->tensor.data = buffer.data;
  give_tensor(out, &owned->tensor);
  return MORTISE_OK;
}

/* ---- making a table ---- */

enum { COLUMNS = 6 };

typedef struct owned_table {
  mortise_table table;
  atomic_uint owners;
  struct ArrowSchema schemas[COLUMNS];
  struct ArrowArray arrays[COLUMNS];
  struct ArrowSchema* schema_pointers[COLUMNS];
  struct ArrowArray* array_pointers[COLUMNS];
  const void* buffers[COLUMNS][3];
  const void* no_validity[1];
  int64_t *id, *when;
  double* half;
  int32_t* ends;
  char* names;
  uint8_t *even, *third;
} owned_table;

static void retain_table(mortise_table* table) { atomic_fetch_add(&((owned_table*)table->private_data)->owners, 1); }
static void release_table(mortise_table* table) {
  owned_table* owned = table->private_data;
  if (atomic_fetch_sub(&owned->owners, 1) != 1) return;
  void* all[] = {owned->id, owned->when, owned->half, owned->ends, owned->names, owned->even, owned->third, owned};
  for (size_t i = 0; i < sizeof all / sizeof *all; ++i) free(all[i]);
}
/* What they point to belongs to the leaf. */
static void forget_schema(struct ArrowSchema* schema) { schema->release = NULL; }
static void forget_array(struct ArrowArray* array) { array->release = NULL; }

static void* some(int64_t count, size_t size) {
  void* made = calloc(count > 0 ? (size_t)count : 1, size);
  if (made == NULL) abort();
  return made;
}

static void fill(owned_table* owned, int64_t rows) {
  size_t end = 0;
  owned->id = some(rows, sizeof *owned->id);
  owned->when = some(rows, sizeof *owned->when);
  owned->half = some(rows, sizeof *owned->half);
  owned->ends = some(rows + 1, sizeof *owned->ends);
  owned->names = some(rows, 32);
  owned->even = some(rows / 8 + 1, 1);
  owned->third = some(rows / 8 + 1, 1);
  for (int64_t row = 0; row < rows; ++row) {
    owned->id[row] = row;
    owned->when[row] = row * 1000000000;
    owned->half[row] = (double)row * 0.5;
    end += (size_t)snprintf(owned->names + end, 32, "row %lld", (long long)row);
    owned->ends[row + 1] = (int32_t)end;
    if (row % 2 == 0) owned->even[row / 8] |= (uint8_t)(1U << row % 8);
    if (row % 3 != 0) owned->third[row / 8] |= (uint8_t)(1U << row % 8);
  }
}

static void set_column(owned_table* owned, int column, const char* name, const char* format, int64_t rows, int64_t nulls, const void* validity,
                       const void* first, const void* second) {
  const void** buffers = owned->buffers[column];
  buffers[0] = validity;
  buffers[1] = first;
  buffers[2] = second;
  owned->schemas[column] = (struct ArrowSchema){format, name, NULL, ARROW_FLAG_NULLABLE, 0, NULL, NULL, forget_schema, NULL};
  owned->arrays[column] = (struct ArrowArray){rows, nulls, 0, second != NULL ? 3 : 2, 0, buffers, NULL, NULL, forget_array, NULL};
  owned->schema_pointers[column] = &owned->schemas[column];
  owned->array_pointers[column] = &owned->arrays[column];
}

mortise_status table_make(const mortise_call* call, mortise_output* out) {
  const int64_t rows = int_at(call->input, "rows");
  owned_table* owned = some(1, sizeof *owned);
  fill(owned, rows);
  set_column(owned, 0, "id", "l", rows, 0, NULL, owned->id, NULL);
  set_column(owned, 1, "half", "g", rows, 0, NULL, owned->half, NULL);
  set_column(owned, 2, "name", "u", rows, 0, NULL, owned->ends, owned->names);
  set_column(owned, 3, "even", "b", rows, 0, NULL, owned->even, NULL);
  set_column(owned, 4, "when", "tsn:UTC", rows, 0, NULL, owned->when, NULL);
  set_column(owned, 5, "maybe", "l", rows, (rows + 2) / 3, owned->third, owned->id, NULL);
  atomic_init(&owned->owners, 1);
  owned->table.size = sizeof owned->table;
  owned->table.schema = (struct ArrowSchema){"+s", "", NULL, 0, COLUMNS, owned->schema_pointers, NULL, forget_schema, NULL};
  owned->table.array = (struct ArrowArray){rows, 0, 0, 1, COLUMNS, owned->no_validity, owned->array_pointers, NULL, forget_array, NULL};
  owned->table.retain = retain_table;
  owned->table.release = release_table;
  owned->table.private_data = owned;
  keep_table(answer_of(out), &owned->table);
  out->value = make_null();
  out->value.kind = MORTISE_KIND_TABLE;
  out->value.as.table = &owned->table;
  return MORTISE_OK;
}

/* ---- reading one ---- */

static int find_column(const mortise_call* call, const struct ArrowSchema** schema, const struct ArrowArray** array) {
  const mortise_value* table = find(call->input, "table");
  const mortise_string name = text_at(call->input, "column");
  if (table == NULL || table->kind != MORTISE_KIND_TABLE) return 0;
  for (int64_t i = 0; i < table->as.table->schema.n_children; ++i) {
    *schema = table->as.table->schema.children[i];
    *array = table->as.table->array.children[i];
    if (is_word(name, (*schema)->name)) return 1;
  }
  return 0;
}

static int is_null(const struct ArrowArray* array, int64_t row) {
  const uint8_t* bits = array->buffers[0];
  const int64_t at = row + array->offset;
  return array->null_count != 0 && bits != NULL && (bits[at / 8] >> at % 8 & 1) == 0;
}

static int read_number(char format, const void* data, int64_t at, double* number) {
  switch (format) {
    case 'c': *number = ((const int8_t*)data)[at]; return 1;
    case 'C': *number = ((const uint8_t*)data)[at]; return 1;
    case 's': *number = ((const int16_t*)data)[at]; return 1;
    case 'S': *number = ((const uint16_t*)data)[at]; return 1;
    case 'i': *number = ((const int32_t*)data)[at]; return 1;
    case 'I': *number = ((const uint32_t*)data)[at]; return 1;
    case 'l': *number = (double)((const int64_t*)data)[at]; return 1;
    case 'L': *number = (double)((const uint64_t*)data)[at]; return 1;
    case 'f': *number = (double)((const float*)data)[at]; return 1;
    case 'g': *number = ((const double*)data)[at]; return 1;
    default: return 0;
  }
}

mortise_status table_sum(const mortise_call* call, mortise_output* out) {
  const struct ArrowSchema* schema = NULL;
  const struct ArrowArray* array = NULL;
  double total = 0, number = 0;
  if (!find_column(call, &schema, &array)) return refuse(out, MORTISE_NOT_FOUND, "no such column", NULL, "column", text_at(call->input, "column"));
  const char format = strlen(schema->format) == 1 ? schema->format[0] : '?';
  for (int64_t row = 0; row < array->length; ++row) {
    if (is_null(array, row)) continue;
    if (!read_number(format, array->buffers[1], row + array->offset, &number))
      return refuse(out, MORTISE_UNSUPPORTED, "columns of this format are not summed", NULL, "format", words_of(schema->format));
    total += number;
  }
  answer* to = answer_of(out);
  out->value = make_map(to, 3);
  put_as(&out->value, "rows", make_int(array->length));
  put_as(&out->value, "nulls", make_int(array->null_count));
  put_as(&out->value, "sum", make_float(total));
  return MORTISE_OK;
}

mortise_status table_text(const mortise_call* call, mortise_output* out) {
  const struct ArrowSchema* schema = NULL;
  const struct ArrowArray* array = NULL;
  if (!find_column(call, &schema, &array)) return refuse(out, MORTISE_NOT_FOUND, "no such column", NULL, "column", text_at(call->input, "column"));
  if (strcmp(schema->format, "u") != 0) return refuse(out, MORTISE_UNSUPPORTED, "only columns of format u are joined", NULL, NULL, words_of(""));
  const int32_t* ends = (const int32_t*)array->buffers[1] + array->offset;
  const int64_t rows = array->length;
  char* joined = take(answer_of(out), (size_t)(rows > 0 ? ends[rows] - ends[0] : 0) + 2 * (size_t)rows + 1);
  size_t size = 0;
  for (int64_t row = 0; row < rows; ++row) {
    if (row > 0) joined[size++] = '|';
    if (is_null(array, row)) {
      joined[size++] = '-';
      continue;
    }
    const size_t length = (size_t)(ends[row + 1] - ends[row]);
    if (length > 0) memcpy(joined + size, (const char*)array->buffers[2] + ends[row], length);
    size += length;
  }
  out->value = make_text("");
  out->value.as.string = (mortise_string){joined, size};
  return MORTISE_OK;
}

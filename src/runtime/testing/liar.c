/* Returns values that break one rule each; the input says which. */
#include <mortise/plugin.h>
#include <string.h>

static mortise_status load(const mortise_call* call, void** instance, mortise_output* out) {
  (void)call, (void)instance, (void)out;
  return MORTISE_OK;
}

static void keep(mortise_tensor* leaf) { (void)leaf; }
static void keep_table(mortise_table* leaf) { (void)leaf; }

static mortise_value tower[200]; /* tower[i] is a list that holds tower[i + 1] */
static mortise_value floors[2][200];
static const mortise_value nothing[200];
static mortise_member twins[2] = {{{"a", 1}, {0}}, {{"a", 1}, {0}}};
static const int64_t negative[1] = {-1};
static const int64_t endless[3] = {INT64_MAX, INT64_MAX, 8};
static mortise_tensor tensor;
static mortise_table table_leaf;

static void list_of(mortise_value* value, const mortise_value* items, uint64_t count) {
  value->kind = MORTISE_KIND_LIST;
  value->as.list.items = items;
  value->as.list.count = count;
}

static void text(mortise_value* value, const char* data, uint64_t size) {
  value->kind = MORTISE_KIND_STRING;
  value->as.string.data = data;
  value->as.string.size = size;
}

static void lie(const char* which, mortise_value* value) {
  int i;
  tensor.size = sizeof tensor, tensor.dtype = MORTISE_DTYPE_FP64, tensor.rank = 1, tensor.shape = negative;
  tensor.retain = keep, tensor.release = keep, tensor.data = &tensor;
  table_leaf.size = sizeof table_leaf, table_leaf.schema.format = "+s", table_leaf.retain = keep_table, table_leaf.release = keep_table;
  value->as.tensor = &tensor;
  value->kind = MORTISE_KIND_TENSOR;
  if (!strcmp(which, "kind")) value->kind = 99;
  if (!strcmp(which, "reserved")) text(value, "static text", 11), value->reserved = 1;
  if (!strcmp(which, "null list")) list_of(value, 0, 3);
  if (!strcmp(which, "endless text")) text(value, 0, UINT64_MAX);
  if (!strcmp(which, "no utf8")) text(value, "\xC3\x28", 2);
  if (!strcmp(which, "twins")) value->kind = MORTISE_KIND_MAP, value->as.map.members = twins, value->as.map.count = 2;
  if (!strcmp(which, "endless map")) value->kind = MORTISE_KIND_MAP, value->as.map.members = twins, value->as.map.count = UINT64_MAX;
  if (!strcmp(which, "deep")) {
    for (i = 0; i < 199; ++i) list_of(&tower[i], &tower[i + 1], 1);
    *value = tower[0];
  }
  if (!strcmp(which, "just deep enough")) {
    for (i = 0; i < 127; ++i) list_of(&tower[i], &tower[i + 1], 1);
    memset(&tower[127], 0, sizeof tower[127]);
    *value = tower[0];
  }
  if (!strcmp(which, "wide")) { /* three floors of lists that share what they hold: eight million values in 10 KB */
    for (i = 0; i < 200; ++i) list_of(&floors[0][i], nothing, 200);
    for (i = 0; i < 200; ++i) list_of(&floors[1][i], floors[0], 200);
    list_of(value, floors[1], 200);
  }
  if (!strcmp(which, "no such dtype")) tensor.dtype = 13;
  if (!strcmp(which, "endless tensor")) tensor.shape = endless, tensor.rank = 3;
  if (!strcmp(which, "unaligned")) tensor.rank = 0, tensor.data = (const char*)&tensor + 1;
  if (!strcmp(which, "no release")) tensor.rank = 0, tensor.release = 0;
  if (!strcmp(which, "no tensor")) value->as.tensor = 0;
  if (strstr(which, "table")) value->kind = MORTISE_KIND_TABLE, value->as.table = &table_leaf;
  if (!strcmp(which, "no struct table")) table_leaf.schema.format = "i";
  if (!strcmp(which, "table without columns")) table_leaf.schema.n_children = 2, table_leaf.array.n_children = 2;
  if (!strcmp(which, "negative table")) table_leaf.array.length = -5;
}

static mortise_status invoke(void* instance, const mortise_call* call, mortise_output* out) {
  char which[64] = {0};
  (void)instance;
  memcpy(which, call->input->as.string.data, call->input->as.string.size);
  if (!strcmp(which, "status")) return 77;
  if (!strcmp(which, "error value")) {
    out->value.kind = 99;
    return MORTISE_INVALID;
  }
  if (!strcmp(which, "error text")) {
    text(&out->value, "only words", 10);
    return MORTISE_INVALID;
  }
  lie(which, &out->value);
  return MORTISE_OK;
}

static void cleanup(void* instance) { (void)instance; }

static const mortise_plugin table = {sizeof(mortise_plugin), MORTISE_ABI_MAJOR, MORTISE_ABI_MINOR, load, 0, 0, invoke, 0, cleanup};

const mortise_plugin* mortise_plugin_entry(void) { return &table; }

// Returns a table whose offsets a thread keeps rewriting after it was sent.
#include <mortise/leaf.hpp>
#include <mortise/plugin.hpp>
#include <thread>

namespace {

constexpr std::int64_t rows = 20'000;

// One text column: offsets (rows + 1), then one letter for each row.
struct Column {
  ArrowSchema schema{}, field{};
  ArrowArray array{}, text{};
  ArrowSchema* fields[1] = {&field};
  ArrowArray* columns[1] = {&text};
  const void* none[1] = {nullptr};
  const void* buffers[3] = {nullptr, nullptr, nullptr};
};

mortise::Value table_over(std::int32_t* offsets, char* letters) {
  auto* column = new Column;  // the process ends with its misdeed; nobody frees this
  column->buffers[1] = offsets;
  column->buffers[2] = letters;
  column->field.format = "u";
  column->field.name = "text";
  column->field.release = [](ArrowSchema* self) { self->release = nullptr; };
  column->text.length = rows;
  column->text.n_buffers = 3;
  column->text.buffers = column->buffers;
  column->text.release = [](ArrowArray* self) { self->release = nullptr; };
  column->schema.format = "+s";
  column->schema.name = "";
  column->schema.n_children = 1;
  column->schema.children = column->fields;
  column->schema.release = [](ArrowSchema* self) { self->release = nullptr; };
  column->array.length = rows;
  column->array.n_buffers = 1;
  column->array.buffers = column->none;
  column->array.n_children = 1;
  column->array.children = column->columns;
  column->array.release = [](ArrowArray* self) { self->release = nullptr; };
  return mortise::make_table(std::move(column->schema), std::move(column->array));
}

struct ChangesSharedMemory : mortise::Plugin {
  mortise::Value step(mortise::Step& step) override {
    auto* offsets = reinterpret_cast<std::int32_t*>(step.allocate((rows + 1) * sizeof(std::int32_t)).data());
    auto* letters = reinterpret_cast<char*>(step.allocate(rows).data());
    for (std::int32_t i = 0; i <= rows; ++i) offsets[i] = i;
    std::memset(letters, 'm', rows);
    std::thread([offsets] {
      for (volatile std::int32_t* last = offsets + rows;;) {
        *last = 0x7FFFFFFF;
        *last = rows;
      }
    }).detach();
    return table_over(offsets, letters);
  }
};

}  // namespace

MORTISE_PLUGIN(ChangesSharedMemory)

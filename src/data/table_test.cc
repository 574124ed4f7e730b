#include "data/table.h"

#include <doctest/doctest.h>

#include <array>
#include <cstring>

namespace mortise::data {
namespace {

template <typename T>
Buffer buffer_of(std::initializer_list<T> elements) {
  const std::vector<T> all(elements);
  return copy_of(std::as_bytes(std::span(all)));
}
Buffer buffer_of(std::string_view text) { return copy_of(std::as_bytes(std::span(text.data(), text.size()))); }

Column column(std::string format, std::int64_t length, std::vector<Buffer> buffers, std::int64_t nulls = 0) {
  Column made;
  made.name = "c";
  made.format = std::move(format);
  made.length = length;
  made.null_count = nulls;
  made.buffers = std::move(buffers);
  return made;
}

Column texts() { return column("u", 3, {{}, buffer_of<std::int32_t>({0, 1, 3, 3}), buffer_of("abc")}); }

Column with_child(Column parent, Column child) {
  parent.children.push_back(std::move(child));
  return parent;
}

Column with_dictionary(Column indices, Column dictionary) {
  indices.dictionary = std::make_unique<Column>(std::move(dictionary));
  return indices;
}

std::string refusal(Column bad, std::int64_t rows) {
  try {
    check_column(bad, rows);
  } catch (const Error& error) {
    return error.what();
  }
  return "accepted";
}

Value one_column(Column made) {
  const std::int64_t rows = made.length;
  check_column(made, rows);
  std::vector<Column> columns;
  columns.push_back(std::move(made));
  return make_table(rows, std::move(columns));
}

Value cells(Column made) {
  const Value table = one_column(std::move(made));
  Value list = Value::list();
  const TableView view(table);
  for (std::int64_t row = 0; row < view.rows(); ++row) list.push_back(view.column(0).cell(row));
  return list;
}

TEST_CASE("rows become columns of the kind that holds all their cells") {
  const Value table = table_from_rows(Value::list({
      Value::map({{"i", 1}, {"f", 1}, {"b", true}, {"s", "x"}, {"t", Time{5}}, {"raw", Value::bytes("q")}}),
      Value::map({{"f", 2.5}, {"i", nullptr}, {"b", false}, {"s", "yy"}, {"t", Time{6}}, {"none", nullptr}}),
  }));
  const TableView view(table);
  CHECK(view.rows() == 2);
  CHECK(view.columns() == 7);
  CHECK(view.column("i").format() == "l");
  CHECK(view.column("i").is_null(1));
  CHECK(view.column("f").format() == "g");
  CHECK(view.column("f").values<double>()[0] == 1.0);
  CHECK(view.column("b").format() == "b");
  CHECK(view.column("t").format() == "tsn:UTC");
  CHECK(view.column("raw").cell(0) == Value::bytes("q"));
  CHECK(view.column("raw").is_null(1));
  CHECK(view.column("none").format() == "n");
  CHECK(view.column(0).name() == "i");
  CHECK(view.column(6).name() == "none");
  CHECK(view.row(1) == Value::map({{"i", nullptr},
                                   {"f", 2.5},
                                   {"b", false},
                                   {"s", "yy"},
                                   {"t", Time{6}},
                                   {"raw", nullptr},
                                   {"none", nullptr}}));
}

TEST_CASE("a column of mixed kinds is refused by name and row") {
  try {
    static_cast<void>(
        table_from_rows(Value::list({Value::map({{"a", 1}}), Value::map({{"a", nullptr}}), Value::map({{"a", "x"}})})));
    FAIL("was accepted");
  } catch (const Error& error) {
    CHECK(error.code() == Code::invalid);
    CHECK(error.detail("column") == "a");
    CHECK(error.detail("row") == "2");
    CHECK(error.detail("expected") == "int64");
    CHECK(error.detail("got") == "string");
  }
  CHECK_THROWS_AS(static_cast<void>(table_from_rows(Value::list({Value::map({{"a", Value::list()}})}))), Error);
  CHECK_THROWS_AS(static_cast<void>(table_from_rows(Value::list({1}))), Error);
  CHECK_THROWS_AS(static_cast<void>(table_from_rows(Value::map())), Error);
}

TEST_CASE("no rows make an empty table, empty rows make rows without columns") {
  CHECK(TableView(table_from_rows(Value::list())).rows() == 0);
  const Value table = table_from_rows(Value::list({Value::map(), Value::map()}));
  CHECK(TableView(table).rows() == 2);
  CHECK(TableView(table).to_rows() == Value::list({Value::map(), Value::map()}));
}

TEST_CASE("rows that share no keys are refused before they fill the memory") {
  Value rows = Value::list();
  for (int i = 0; i < 20'000; ++i) rows.push_back(Value::map({{"k" + std::to_string(i), i}}));
  CHECK_THROWS_AS(static_cast<void>(table_from_rows(rows)), Error);
}

TEST_CASE("columns are built from vectors, and a table needs equal lengths and different names") {
  const std::vector<std::int64_t> numbers{1, 2};
  const std::vector<std::string_view> words{"a", ""};
  const std::vector<double> reals{0.5, 1.5};
  const std::vector<Time> times{Time{1}, Time{2}};
  TableBuilder builder;
  const Value table = builder.add("n", numbers).add("w", words).add("r", reals).add("t", times).finish();
  CHECK(TableView(table).column("w").text(0) == "a");
  CHECK(TableView(table).column("w").text(1).empty());
  CHECK(TableView(table).column("t").cell(1) == Value(Time{2}));
  CHECK(table_bytes(table.as_table()) == 16 + 12 + 1 + 16 + 16);
  CHECK_THROWS_AS(static_cast<void>(builder.add("n", numbers).add("n", reals).finish()), Error);
  CHECK_THROWS_AS(static_cast<void>(builder.add("n", numbers).add("r", std::span(reals).first(1)).finish()), Error);
  CHECK_THROWS_AS(static_cast<void>(builder.add("w", std::vector<std::string_view>{"\xFF"}).finish()), Error);
}

TEST_CASE("a table lives as long as one Value holds it, and its buffers with it") {
  Buffer buffer = buffer_of<std::int64_t>({1, 2});
  const std::weak_ptr<const void> watch = buffer.keeper;
  const void* address = buffer.bytes.data();
  Value table = one_column(column("l", 2, {{}, std::move(buffer)}));
  const Value second = table;
  table = Value();
  CHECK(TableView(second).column(0).values<std::int64_t>().data() == address);
  CHECK(!watch.expired());
}

TEST_CASE("a column that is not there is named together with those that are") {
  const Value table = table_from_rows(Value::list({Value::map({{"day", 1}, {"rain", 2}})}));
  try {
    static_cast<void>(TableView(table).column("snow"));
    FAIL("was found");
  } catch (const Error& error) {
    CHECK(error.code() == Code::not_found);
    CHECK(error.hint() == "the table has: day, rain");
  }
  CHECK_THROWS_AS(static_cast<void>(TableView(table).column(2)), Error);
  CHECK_THROWS_AS(static_cast<void>(TableView(table).row(1)), Error);
  CHECK_THROWS_AS(static_cast<void>(TableView(table).column("day").values<double>()), Error);
  CHECK_THROWS_AS(static_cast<void>(TableView(table).column("day").values<std::uint64_t>()), Error);
  CHECK_THROWS_AS(static_cast<void>(TableView(table).column("day").text(0)), Error);
}

TEST_CASE("cells of every format become values") {
  CHECK(cells(column("n", 2, {}, 2)) == Value::list({nullptr, nullptr}));
  CHECK(cells(column("b", 3, {{}, buffer_of<std::uint8_t>({0b101})})) == Value::list({true, false, true}));
  CHECK(cells(column("c", 1, {{}, buffer_of<std::int8_t>({-1})})) == Value::list({-1}));
  CHECK(cells(column("S", 1, {{}, buffer_of<std::uint16_t>({65535})})) == Value::list({65535}));
  CHECK(cells(column("L", 2, {{}, buffer_of<std::uint64_t>({5, ~std::uint64_t{0}})})) ==
        Value::list({5, 18446744073709551616.0}));
  CHECK(cells(column("e", 1, {{}, buffer_of<std::uint16_t>({0x3C00})})) == Value::list({1.0}));
  CHECK(cells(texts()) == Value::list({"a", "bc", ""}));
  CHECK(cells(column("Z", 1, {{}, buffer_of<std::int64_t>({1, 3}), buffer_of("abc")})) ==
        Value::list({Value::bytes("bc")}));
  CHECK(cells(column("w:2", 2, {{}, buffer_of("abcd")})) == Value::list({Value::bytes("ab"), Value::bytes("cd")}));
  CHECK(cells(column("d:10,2", 3, {{}, buffer_of<std::int64_t>({-1234, -1, 5, 0, 0, 0})})) ==
        Value::list({"-12.34", "0.05", "0.00"}));
  CHECK(cells(column("d:10,-2", 1, {{}, buffer_of<std::int64_t>({12, 0})})) == Value::list({"1200"}));
  CHECK(cells(column("tdD", 3, {{}, buffer_of<std::int32_t>({0, 20484, -719529})})) ==
        Value::list({"1970-01-01", "2026-01-31", "-0001-12-31"}));
  CHECK(cells(column("tdm", 1, {{}, buffer_of<std::int64_t>({-1})})) == Value::list({"1969-12-31"}));
  CHECK(cells(column("ttm", 1, {{}, buffer_of<std::int32_t>({45296007})})) == Value::list({"12:34:56.007"}));
  CHECK(cells(column("tss:UTC", 1, {{}, buffer_of<std::int64_t>({-1})})) == Value::list({Time{-1'000'000'000}}));
  CHECK(cells(column("tsm:", 1, {{}, buffer_of<std::int64_t>({-62135596800000})})) ==
        Value::list({"0001-01-01T00:00:00Z"}));
  CHECK(cells(column("tsu:", 1, {{}, buffer_of<std::int64_t>({253402300800000001})})) ==
        Value::list({"10000-01-01T00:00:00.000001Z"}));
  CHECK(cells(column("ttu", 1, {{}, buffer_of<std::int64_t>({INT64_MIN})})).size() ==
        1);  // no time of day, and no overflow
  CHECK(cells(column("tss:", 1, {{}, buffer_of<std::int64_t>({INT64_MIN})})).size() == 1);
  CHECK(cells(column("tDs", 1, {{}, buffer_of<std::int64_t>({90})})) == Value::list({90}));
}

TEST_CASE("nulls, dictionaries, lists and records are read through all their levels") {
  CHECK(cells(column("l", 3, {buffer_of<std::uint8_t>({0b101}), buffer_of<std::int64_t>({1, 2, 3})}, 1)) ==
        Value::list({1, nullptr, 3}));
  const Column words = with_dictionary(
      column("C", 4, {buffer_of<std::uint8_t>({0b1011}), buffer_of<std::uint8_t>({1, 0, 99, 1})}, 1), texts());
  CHECK(cells(with_dictionary(column("C", 4, words.buffers, 1), texts())) == Value::list({"bc", "a", nullptr, "bc"}));
  CHECK(cells(with_child(column("+l", 3, {{}, buffer_of<std::int32_t>({0, 2, 2, 3})}), texts())) ==
        Value::list({Value::list({"a", "bc"}), Value::list(), Value::list({""})}));
  CHECK(cells(with_child(column("+s", 3, {buffer_of<std::uint8_t>({0b011})}, 1), texts())) ==
        Value::list({Value::map({{"c", "a"}}), Value::map({{"c", "bc"}}), nullptr}));
}

TEST_CASE("a sliced Arrow array is described from its slice on") {
  // "xx", "y", null, "zzz", "w" with the first three sliced away, as a child of a table that is sliced by one more.
  const std::int32_t offsets[] = {0, 2, 3, 3, 6, 7};
  const std::uint8_t validity[] = {0b11011};
  const void* buffers[] = {validity, offsets, "xxyzzzw"};
  ArrowArray child{};
  child.length = 4;
  child.offset = 1;
  child.null_count = 1;
  child.n_buffers = 3;
  child.buffers = buffers;
  ArrowSchema child_schema{};
  child_schema.format = "u";
  child_schema.name = "w";
  child_schema.flags = ARROW_FLAG_NULLABLE;
  ArrowArray* children[] = {&child};
  ArrowSchema* child_schemas[] = {&child_schema};
  const void* no_validity[] = {nullptr};
  mortise_table table{};
  table.size = sizeof table;
  table.schema.format = "+s";
  table.schema.n_children = 1;
  table.schema.children = child_schemas;
  table.array.length = 3;
  table.array.offset = 1;
  table.array.n_buffers = 1;
  table.array.buffers = no_validity;
  table.array.n_children = 1;
  table.array.children = children;

  std::vector<Column> columns = table_columns(table);
  REQUIRE(columns.size() == 1);
  CHECK(columns[0].length == 3);
  CHECK(columns[0].null_count == 1);
  check_column(columns[0], 3);
  const Value copied = make_table(3, std::move(columns));
  const Value expected =
      Value::list({Value::map({{"w", nullptr}}), Value::map({{"w", "zzz"}}), Value::map({{"w", "w"}})});
  CHECK(TableView(copied).to_rows() == expected);
  CHECK(TableView(table).to_rows() == expected);

  child.null_count = -1;
  columns = table_columns(table);
  CHECK(columns[0].null_count == 1);
  table.array.length = 4;
  CHECK_THROWS_AS(static_cast<void>(table_columns(table)), Error);
  table.array.length = -1;
  CHECK_THROWS_AS(static_cast<void>(table_columns(table)), Error);
}

TEST_CASE("bitmaps that begin within a byte are shifted to their first bit") {
  for (std::int64_t offset = 0; offset < 20; ++offset) {
    const std::array<std::uint8_t, 4> bits{0b10110010, 0b01011101, 0b11100011, 0b00111010};
    const void* buffers[] = {nullptr, bits.data()};
    ArrowArray child{};
    child.length = 11;
    child.offset = offset;
    child.n_buffers = 2;
    child.buffers = buffers;
    ArrowSchema schema{};
    schema.format = "b";
    schema.name = "b";
    ArrowArray* arrays[] = {&child};
    ArrowSchema* schemas[] = {&schema};
    const void* none[] = {nullptr};
    mortise_table table{};
    table.size = sizeof table;
    table.schema.format = "+s";
    table.schema.n_children = table.array.n_children = 1;
    table.schema.children = schemas;
    table.array = {11, 0, 0, 1, 1, none, arrays, nullptr, nullptr, nullptr};
    const std::vector<Column> columns = table_columns(table);
    for (std::int64_t i = 0; i < 11; ++i) {
      const bool wanted = (bits[static_cast<std::size_t>((offset + i) / 8)] >> ((offset + i) % 8) & 1) != 0;
      const bool got =
          (std::to_integer<unsigned>(columns[0].buffers[1].bytes[static_cast<std::size_t>(i / 8)]) >> (i % 8) & 1) != 0;
      CHECK(wanted == got);
    }
  }
}

TEST_CASE("a column survives the way through a leaf with its names, flags and metadata") {
  Column original = with_dictionary(column("s", 2, {{}, buffer_of<std::int16_t>({2, 0})}), texts());
  original.nullable = false;
  original.ordered = true;
  original.metadata = {{"unit", "mm"}, {"", "empty key"}};
  const Value table = one_column(std::move(original));
  const std::vector<Column> back = table_columns(table.as_table());
  REQUIRE(back.size() == 1);
  CHECK(back[0].name == "c");
  CHECK(!back[0].nullable);
  CHECK(back[0].ordered);
  CHECK(back[0].metadata == std::vector<std::pair<std::string, std::string>>{{"unit", "mm"}, {"", "empty key"}});
  REQUIRE(back[0].dictionary != nullptr);
  CHECK(back[0].dictionary->length == 3);
}

TEST_CASE("every promise of a column is checked before it is believed") {
  CHECK(refusal(texts(), 3) == "accepted");
  CHECK(refusal(texts(), 4).find("3 values in a table of 4 rows") != std::string::npos);
  CHECK(refusal(column("q", 0, {}), 0).find("format 'q'") != std::string::npos);
  CHECK(refusal(column("l", 1, {buffer_of<std::int64_t>({1})}), 1).find("has 2 buffers, got 1") != std::string::npos);
  CHECK(refusal(column("l", 2, {{}, buffer_of<std::int64_t>({1})}), 2).find("needs 16 bytes, got 8") !=
        std::string::npos);
  CHECK(refusal(column("l", -1, {{}, {}}), -1).find("its length is -1") != std::string::npos);
  CHECK(refusal(column("l", INT64_MAX, {{}, {}}), INT64_MAX).find("its length is") != std::string::npos);
  CHECK(refusal(column("b", 9, {{}, buffer_of<std::uint8_t>({1})}), 9).find("needs 2 bytes, got 1") !=
        std::string::npos);
  CHECK(refusal(column("l", 9, {buffer_of<std::uint8_t>({1}), buffer_of<std::int64_t>({0, 0, 0, 0, 0, 0, 0, 0, 0})}, 8),
                9)
            .find("needs 2 bytes, got 1") != std::string::npos);
  CHECK(refusal(column("l", 1, {buffer_of<std::uint8_t>({1}), buffer_of<std::int64_t>({1})}, 1), 1)
            .find("null count is 1") != std::string::npos);
  CHECK(refusal(column("l", 1, {{}, buffer_of<std::int64_t>({1})}, 1), 1).find("null count is 1") != std::string::npos);
  CHECK(refusal(column("n", 2, {}, 1), 2).find("null count is 1") != std::string::npos);
  CHECK(refusal(column("u", 1, {{}, buffer_of<std::int32_t>({0}), {}}), 1).find("needs 8 bytes, got 4") !=
        std::string::npos);
  CHECK(refusal(column("u", 2, {{}, buffer_of<std::int32_t>({0, 2, 1}), buffer_of("ab")}), 2)
            .find("offsets do not rise") != std::string::npos);
  CHECK(
      refusal(column("u", 1, {{}, buffer_of<std::int32_t>({-1, 1}), buffer_of("ab")}), 1).find("offsets do not rise") !=
      std::string::npos);
  CHECK(
      refusal(column("u", 1, {{}, buffer_of<std::int32_t>({0, 3}), buffer_of("ab")}), 1).find("needs 3 bytes, got 2") !=
      std::string::npos);
  CHECK(refusal(column("U", 1, {{}, buffer_of<std::int64_t>({0, INT64_MAX}), buffer_of("ab")}), 1)
            .find("offsets reach") != std::string::npos);
  CHECK(refusal(column("u", 1, {{}, buffer_of<std::int32_t>({0, 1}), buffer_of("\xFF")}), 1).find("not UTF-8") !=
        std::string::npos);
  CHECK(refusal(column("u", 2, {{}, buffer_of<std::int32_t>({0, 1, 2}), buffer_of("\xC3\xA9")}), 2).find("not UTF-8") !=
        std::string::npos);
  CHECK(refusal(column("z", 2, {{}, buffer_of<std::int32_t>({0, 1, 2}), buffer_of("\xC3\xA9")}), 2) == "accepted");
  CHECK(refusal(with_child(column("+s", 2, {{}}), texts()), 2).find("3 values of 2") != std::string::npos);
  CHECK(refusal(with_child(column("+l", 1, {{}, buffer_of<std::int32_t>({0, 4})}), texts()), 1).find("reach 4 of 3") !=
        std::string::npos);
  CHECK(refusal(column("+l", 1, {{}, buffer_of<std::int32_t>({0, 0})}), 1).find("0 children") != std::string::npos);
  CHECK(refusal(with_child(column("l", 1, {{}, buffer_of<std::int64_t>({1})}), texts()), 1).find("1 children") !=
        std::string::npos);
  CHECK(refusal(with_dictionary(column("c", 1, {{}, buffer_of<std::int8_t>({-1})}), texts()), 1)
            .find("outside its dictionary of 3") != std::string::npos);
  CHECK(refusal(with_dictionary(column("L", 1, {{}, buffer_of<std::uint64_t>({3})}), texts()), 1)
            .find("outside its dictionary") != std::string::npos);
  CHECK(refusal(with_dictionary(column("g", 1, {{}, buffer_of<double>({0})}), texts()), 1)
            .find("indices of a dictionary") != std::string::npos);
  for (const char* format : {"", "w:", "w:-1", "w:99999999999", "d:", "d:39,0", "d:5", "d:5,2,256", "t", "tsx:", "tss",
                             "+m", "+w:3", "vu", "w:3x"}) {
    CAPTURE(format);
    CHECK(refusal(column(format, 0, {{}, {}}), 0) != "accepted");
  }
}

TEST_CASE("columns nest 32 levels and not one more") {
  const auto nested = [](std::size_t levels) {
    Column inner = column("n", 1, {}, 1);
    for (std::size_t i = 1; i < levels; ++i) inner = with_child(column("+s", 1, {{}}), std::move(inner));
    return inner;
  };
  CHECK(refusal(nested(32), 1) == "accepted");
  CHECK(refusal(nested(33), 1).find("deeper than 32") != std::string::npos);
}

TEST_CASE("a missing null count is counted") {
  Column made = column("l", 3, {buffer_of<std::uint8_t>({0b010}), buffer_of<std::int64_t>({1, 2, 3})}, -1);
  check_column(made, 3);
  CHECK(made.null_count == 2);
}

}  // namespace
}  // namespace mortise::data

#include "data/wire.h"

#include <doctest/doctest.h>
#include <simdjson.h>

#include <cmath>
#include <cstring>
#include <limits>

#include "data/table.h"
#include "data/tensor.h"

namespace mortise::data {
namespace {

// One arena on the heap, writable by both sides, as a worker's would be.
class OneArena final : public BulkWriter, public BulkReader {
 public:
  bool find(Bytes bytes, ArenaPlace& place) override {
    if (bytes.data() < memory.bytes.data() || bytes.data() >= memory.bytes.data() + memory.bytes.size()) return false;
    place = {1, static_cast<std::uint64_t>(bytes.data() - memory.bytes.data()), bytes.size()};
    return place.offset % 64 == 0;
  }
  ArenaPlace put(Bytes bytes) override {
    const std::uint64_t offset = used;
    used += (bytes.size() + 63) / 64 * 64;
    std::memcpy(memory.bytes.data() + offset, bytes.data(), bytes.size());
    ++puts;
    return {1, offset, bytes.size()};
  }
  Buffer resolve(const ArenaPlace& place) override {
    if (place.arena != 1 || place.offset > memory.bytes.size() || place.size > memory.bytes.size() - place.offset) {
      throw Error(Code::invalid, "outside");
    }
    return {Bytes(memory.bytes).subspan(place.offset, place.size), memory.keeper};
  }

  Block memory = allocate_block(8u << 20);
  std::uint64_t used = 0;
  int puts = 0;
};

Value decode(std::string_view json, std::span<const Bytes> segments = {}, BulkReader* bulk = nullptr,
             DecodeOptions options = {}, std::uint64_t* copied = nullptr) {
  simdjson::dom::parser parser;
  REQUIRE(parser.allocate(std::max<std::size_t>(json.size(), 64), max_wire_json_depth) == simdjson::SUCCESS);
  const simdjson::padded_string padded(json);
  WireDecoder decoder(options);
  decoder.begin(segments, bulk);
  simdjson::dom::element root;
  const auto failure = parser.parse(padded).get(root);
  if (failure != simdjson::SUCCESS) {
    throw Error(Code::invalid, std::string("not JSON: ") + simdjson::error_message(failure));
  }
  Value value = decoder.decode(root);
  if (copied != nullptr) *copied = decoder.copied();
  return value;
}

std::string encoded(const Value& value, BulkWriter* bulk = nullptr) {
  WireEncoder encoder;
  encoder.begin(bulk);
  encoder.append(value);
  return encoder.text();
}

Value round_trip(const Value& value, OneArena* arena = nullptr, DecodeOptions options = {}) {
  WireEncoder encoder;
  encoder.begin(arena);
  encoder.append(value);
  return decode(encoder.text(), encoder.segments(), arena, options);
}

std::string refusal(std::string_view json, std::span<const Bytes> segments = {}, BulkReader* bulk = nullptr,
                    DecodeOptions options = {}) {
  try {
    static_cast<void>(decode(json, segments, bulk, options));
  } catch (const Error& error) {
    return error.what();
  }
  return "accepted";
}

Bytes bytes_of(std::string_view text) { return std::as_bytes(std::span(text.data(), text.size())); }

TEST_CASE("values are written as the protocol's table says") {
  CHECK(encoded(nullptr) == "null");
  CHECK(encoded(std::numeric_limits<std::int64_t>::max()) == "9223372036854775807");
  CHECK(encoded(1.0) == "1.0");
  CHECK(encoded(-0.0) == "-0.0");
  CHECK(encoded(std::nan("")) == R"({"$float64":"NaN"})");
  CHECK(encoded(-std::numeric_limits<double>::infinity()) == R"({"$float64":"-Infinity"})");
  CHECK(encoded(Time{0}) == R"({"$time":"1970-01-01T00:00:00Z"})");
  CHECK(encoded(Value::bytes("abc")) == R"({"$bytes":{"segment":0}})");
  CHECK(encoded(Value::map({{"a", 1}})) == R"({"a":1})");
  CHECK(encoded(Value::map({{"a", 1}, {"$b", 2}})) == R"({"$map":[["a",1],["$b",2]]})");
  CHECK(encoded(make_tensor(Dtype::fp32, {1, 2}, std::span<const float>(std::vector<float>{1, 2}))) ==
        R"({"$tensor":{"dtype":"FP32","shape":[1,2],"data":{"segment":0}}})");
  CHECK(
      encoded(table_from_rows(Value::list({Value::map({{"a", 1}})}))) ==
      R"({"$table":{"rows":1,"columns":[{"name":"a","format":"l","length":1,"null_count":0,"buffers":[null,{"segment":0}]}]}})");
}

TEST_CASE("every kind of value comes back as it was, with its edges") {
  const double infinity = std::numeric_limits<double>::infinity();
  const Value all = Value::map({
      {"null", nullptr},
      {"bools", Value::list({true, false})},
      {"ints",
       Value::list({0, -1, std::numeric_limits<std::int64_t>::min(), std::numeric_limits<std::int64_t>::max()})},
      {"floats", Value::list({0.0, -0.0, 1.0, 0.1, 5e-324, 1.7976931348623157e308, std::nan(""), infinity, -infinity})},
      {"strings", Value::list({"", "a\"\\/\n\x01", "\xC3\xA9\xF0\x9F\x98\x80", std::string(5000, 'x'),
                               std::string_view("\0", 1)})},
      {"bytes", Value::list({Value::bytes(""), Value::bytes(std::string_view("\0\xFF", 2))})},
      {"times", Value::list({Time{0}, Time{std::numeric_limits<std::int64_t>::min()},
                             Time{std::numeric_limits<std::int64_t>::max()}})},
      {"lists", Value::list({Value::list(), Value::list({Value::list({1})})})},
      {"maps", Value::map({{"", 1}, {"$int64", "x"}, {"z", Value::map()}})},
  });
  const Value back = round_trip(all);
  CHECK(back == all);
  CHECK(std::signbit(back.at("floats")[1].as_float64()));
  CHECK(back.members()[8].value().members()[1].key() == "$int64");
}

TEST_CASE("a value nests 128 levels and not one more, in whatever form its levels are written") {
  const auto nested = [](int levels, auto wrap) {
    Value value = 1;
    for (int i = 1; i < levels; ++i) value = wrap(value);
    return value;
  };
  const auto in_list = [](const Value& inner) { return Value::list({inner}); };
  const auto in_tagged = [](const Value& inner) { return Value::map({{"$x", inner}}); };
  CHECK(round_trip(nested(128, in_list)) == nested(128, in_list));
  CHECK(round_trip(nested(128, in_tagged)) == nested(128, in_tagged));
  CHECK_THROWS_AS(static_cast<void>(encoded(nested(129, in_list))), Error);
  CHECK(refusal(std::string(128, '[') + "1" + std::string(128, ']')).find("deeper than 128") != std::string::npos);
  CHECK(refusal(std::string(128, '[') + std::string(128, ']')) == "accepted");
  CHECK(refusal(std::string(129, '[') + std::string(129, ']')).find("deeper than 128") != std::string::npos);
}

TEST_CASE("a message holds so many values and not one more") {
  CHECK(refusal("[1,2]", {}, nullptr, {.values = 3}) == "accepted");
  CHECK(refusal("[1,2,3]", {}, nullptr, {.values = 3}).find("more than 3 values") != std::string::npos);
}

TEST_CASE("the other spellings of the protocol are read") {
  CHECK(decode(R"({"$int64":"-9223372036854775808"})") == Value(std::numeric_limits<std::int64_t>::min()));
  CHECK(decode(R"({"$bytes":"AP8="})") == Value::bytes(std::string_view("\0\xFF", 2)));
  CHECK(decode(R"({"$time":"2026-01-31T13:34:56.5+01:00"})") == Value(Time{1'769'862'896'500'000'000}));
  CHECK(decode("1E2").is(Kind::float64));
  CHECK(decode(R"({"$map":[]})") == Value::map());
}

TEST_CASE("what breaks the rules of values is refused in words") {
  const std::string huge = "9223372036854775808";
  CHECK(refusal(huge) == "the number 9223372036854775808 does not fit int64");
  CHECK(refusal(R"({"$int64":"9223372036854775808"})").find("$int64 is") != std::string::npos);
  CHECK(refusal(R"({"$int64":"1 "})").find("$int64 is") != std::string::npos);
  CHECK(refusal(R"({"$float64":"nan"})").find("expected NaN") != std::string::npos);
  CHECK(refusal(R"({"$time":"yesterday"})").find("not an RFC 3339 time") != std::string::npos);
  CHECK(refusal(R"({"$time":"1600-01-01T00:00:00Z"})").find("not an RFC 3339 time") != std::string::npos);
  CHECK(refusal(R"({"$bytes":"AP8"})").find("base64") != std::string::npos);
  CHECK(refusal(R"({"$thing":1})") == "unknown tag '$thing'");
  CHECK(refusal(R"({"$int64":"1","x":2})").find("more than that one key") != std::string::npos);
  CHECK(refusal(R"({"a":1,"$b":2})").find("not written as $map") != std::string::npos);
  CHECK(refusal(R"({"a":1,"a":2})").find("'a' stands twice") != std::string::npos);
  CHECK(refusal(R"({"$map":[["a",1],["a",2]]})").find("'a' stands twice") != std::string::npos);
  CHECK(refusal(R"({"$map":[["a"]]})").find("1 parts") != std::string::npos);
  CHECK(refusal(R"({"$map":[[1,2]]})").find("not a string") != std::string::npos);
  CHECK(refusal(R"({"$map":{}})").find("not a list") != std::string::npos);
  CHECK(refusal(R"({"$bytes":{"segment":0}})").find("segment 0 of a message with 0") != std::string::npos);
  CHECK(refusal(R"({"$bytes":{"segment":-1}})").find("negative") != std::string::npos);
  CHECK(refusal(R"({"$bytes":{"arena":1,"offset":0,"size":1}})").find("no shared memory") != std::string::npos);
  CHECK_THROWS_AS(static_cast<void>(encoded(Value("\xFF"))), Error);
}

TEST_CASE("tensors are checked against their data") {
  const std::string data(24, 'x');
  const Bytes segments[] = {bytes_of(data)};
  const auto tensor = [](std::string_view dtype, std::string_view shape) {
    return R"({"$tensor":{"dtype":")" + std::string(dtype) + R"(","shape":)" + std::string(shape) +
           R"(,"data":{"segment":0}}})";
  };
  CHECK(refusal(tensor("FP64", "[3]"), segments) == "accepted");
  CHECK(refusal(tensor("FP64", "[1,3,1]"), segments) == "accepted");
  CHECK(refusal(tensor("FP64", "[4]"), segments).find("has 32 bytes, got 24") != std::string::npos);
  CHECK(refusal(tensor("FP64", "[-3]"), segments).find("negative") != std::string::npos);
  CHECK(refusal(tensor("FP64", "[1.5]"), segments).find("not an integer") != std::string::npos);
  CHECK(refusal(tensor("FP64", "[4611686018427387904,4611686018427387904]"), segments).find("beyond 2^62") !=
        std::string::npos);
  CHECK(refusal(tensor("FP99", "[3]"), segments).find("unknown dtype") != std::string::npos);
  CHECK(refusal(tensor("UINT8", "[24" + std::string(31 * 2, ' ') + "]"), segments) == "accepted");
  CHECK(refusal(R"({"$tensor":{"dtype":"FP64","shape":[0]}})").find("no 'data'") != std::string::npos);
  const Value back = decode(tensor("FP64", "[3]"), segments);
  CHECK(back.as_tensor().data != data.data());  // a segment is only there while its frame is
}

TEST_CASE("tables are checked as they come, and nothing of them is believed") {
  const std::string eight(8, '\0');
  const Bytes segments[] = {bytes_of(eight)};
  const auto table = [](std::string_view rows, std::string_view columns) {
    return R"({"$table":{"rows":)" + std::string(rows) + R"(,"columns":[)" + std::string(columns) + "]}}";
  };
  const std::string good = R"({"name":"a","format":"l","length":1,"null_count":0,"buffers":[null,{"segment":0}]})";
  CHECK(refusal(table("1", good), segments) == "accepted");
  CHECK(refusal(table("0", ""), segments) == "accepted");
  CHECK(refusal(table("2", good), segments).find("1 values in a table of 2 rows") != std::string::npos);
  CHECK(refusal(table("-1", ""), segments).find("-1 rows") != std::string::npos);
  CHECK(refusal(table("1", good + "," + good), segments).find("two columns have the name 'a'") != std::string::npos);
  CHECK(refusal(table("1", R"({"name":"a"})"), segments).find("no 'format'") != std::string::npos);
  CHECK(refusal(table("1", R"({"name":"a\u0000b","format":"n","length":1,"null_count":1,"buffers":[]})"), segments)
            .find("contains a zero") != std::string::npos);
  CHECK(refusal(table("2", R"({"name":"a","format":"l","length":2,"null_count":0,"buffers":[null,{"segment":0}]})"),
                segments)
            .find("needs 16 bytes") != std::string::npos);
  CHECK(
      refusal(
          table(
              "1",
              R"({"name":"a","format":"u","length":1,"null_count":0,"buffers":[null,{"segment":0},null],"nullable":1})"),
          segments)
          .find("true or false") != std::string::npos);
  CHECK(refusal(table("16777217", ""), segments).find("no memory backs") != std::string::npos);
  CHECK(refusal(table("16777216", R"({"name":"a","format":"n","length":16777216,"null_count":16777216,"buffers":[]})"),
                segments) == "accepted");
  std::string deep = R"({"name":"a","format":"n","length":1,"null_count":1,"buffers":[]})";
  for (int i = 0; i < 32; ++i) {
    deep = R"({"name":"a","format":"+s","length":1,"null_count":0,"buffers":[null],"children":[)" + deep + "]}";
  }
  CHECK(refusal(table("1", deep), segments).find("deeper than 32") != std::string::npos);
}

TEST_CASE("long pieces go to shared memory once, short ones stay with the frame") {
  OneArena arena;
  std::vector<double> many(20'000, 1.5);
  const Value tensor = make_tensor(Dtype::fp64, {20'000}, std::span<const double>(many));
  const Value value = Value::map({{"long", tensor}, {"short", Value::bytes("abc")}});
  WireEncoder encoder;
  encoder.begin(&arena);
  encoder.append(value);
  CHECK(arena.puts == 1);
  CHECK(encoder.segments().size() == 1);
  CHECK(
      encoder.text() ==
      R"({"long":{"$tensor":{"dtype":"FP64","shape":[20000],"data":{"arena":1,"offset":0,"size":160000}}},"short":{"$bytes":{"segment":0}}})");
  std::uint64_t copied = 0;
  const Value back = decode(encoder.text(), encoder.segments(), &arena, {.sender = Sender::cannot_write}, &copied);
  CHECK(back.at("long").as_tensor().data == arena.memory.bytes.data());
  CHECK(copied == 0);

  // What lies in shared memory already is named, not copied, however short.
  encoder.begin(&arena);
  encoder.append(back.at("long"));
  CHECK(arena.puts == 1);
  CHECK(encoder.segments().empty());
}

TEST_CASE("memory that its sender can still write is copied before it is checked") {
  OneArena arena;
  const Value table = table_from_rows(Value::list({Value::map({{"w", std::string(100'000, 'x')}})}));
  WireEncoder encoder;
  encoder.begin(&arena);
  encoder.append(table);
  std::uint64_t copied = 0;
  const Value back = decode(encoder.text(), encoder.segments(), &arena, {.sender = Sender::can_write}, &copied);
  CHECK(copied == 100'000);
  std::memset(arena.memory.bytes.data(), 0xFF, 100'000);
  CHECK(TableView(back).column("w").text(0) == std::string(100'000, 'x'));
}

TEST_CASE("places outside shared memory, or adding up to too much, are refused") {
  OneArena arena;
  const auto place = [](std::string_view where) { return R"({"$bytes":{)" + std::string(where) + "}}"; };
  CHECK(refusal(place(R"("arena":1,"offset":0,"size":64)"), {}, &arena) == "accepted");
  CHECK(refusal(place(R"("arena":0,"offset":0,"size":64)"), {}, &arena).find("no arena 0") != std::string::npos);
  CHECK(refusal(place(R"("arena":4294967297,"offset":0,"size":64)"), {}, &arena).find("no arena") != std::string::npos);
  CHECK(refusal(place(R"("arena":1,"offset":8,"size":64)"), {}, &arena).find("multiple of 64") != std::string::npos);
  CHECK(refusal(place(R"("arena":1,"offset":0,"size":9223372036854775807)"), {}, &arena) != "accepted");
  CHECK(refusal(place(R"("arena":1,"offset":9223372036854775744,"size":64)"), {}, &arena) == "outside");
  const std::string twice =
      "[" + place(R"("arena":1,"offset":0,"size":64)") + "," + place(R"("arena":1,"offset":0,"size":64)") + "]";
  CHECK(refusal(twice, {}, &arena, {.bulk_bytes = 128}) == "accepted");
  CHECK(refusal(twice, {}, &arena, {.bulk_bytes = 127}).find("more than 127 bytes") != std::string::npos);
}

TEST_CASE("tables of every layout come back with the same rows") {
  OneArena arena;
  Value rows = Value::list();
  for (int i = 0; i < 1000; ++i) {
    rows.push_back(Value::map({{"i", i % 7 == 0 ? Value() : Value(i)},
                               {"f", i * 0.5},
                               {"b", i % 3 == 0},
                               {"s", std::string(static_cast<std::size_t>(i % 5), 'q')},
                               {"t", Time{i}},
                               {"x", Value::bytes("z")},
                               {"n", nullptr}}));
  }
  const Value table = table_from_rows(rows);
  CHECK(TableView(round_trip(table)).to_rows() == rows);
  CHECK(TableView(round_trip(table, &arena)).to_rows() == rows);
  CHECK(TableView(round_trip(table, &arena, {.sender = Sender::cannot_write})).to_rows() == rows);
}

TEST_CASE("without shared memory a message carries 64 MiB of pieces and not one byte more") {
  std::vector<std::byte> memory(max_segments_bytes / 2);
  const Value half = make_tensor(Dtype::uint8, {static_cast<std::int64_t>(memory.size())}, Buffer{memory, nullptr});
  CHECK(encoded(Value::list({half, half})).size() > 0);
  CHECK_THROWS_AS(static_cast<void>(encoded(Value::list({half, half, Value::bytes("x")}))), Error);
}

}  // namespace
}  // namespace mortise::data

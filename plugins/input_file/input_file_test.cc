#include "input_file/input_file.h"

#include <doctest/doctest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "lib/fake_host.h"
#include "lib/testing.h"

using namespace mortise;
using namespace mortise::plugins;
using namespace mortise::plugins::testing;
namespace fs = std::filesystem;

namespace {

Batch csv(const std::string& text, FileSpec spec = {}) {
  return table_of_csv({[&] { return text_of_bytes("t.csv", text, spec.source); }}, spec).table;
}

Batch json(const std::string& text, FileSpec spec = {}) {
  spec.format = FileSpec::Format::json;
  return table_of_json(check_file_text("t.json", text), spec).table;
}

Error csv_error(const std::string& text, const FileSpec& spec = {}) {
  return error_of([&] { (void)csv(text, spec); });
}

std::string types_of(const Batch& batch) {
  std::string out;
  for (const auto& field : batch->schema()->fields()) out += field->name() + ":" + field->type()->ToString() + " ";
  return out;
}

struct Folder {
  fs::path path;
  Folder() {
    std::string pattern = (fs::temp_directory_path() / "input_file_test.XXXXXX").string();
    path = ::mkdtemp(pattern.data());
  }
  ~Folder() { fs::remove_all(path); }
  fs::path file(const std::string& name, const std::string& content) const {
    std::ofstream(path / name) << content;
    return path / name;
  }
};

}  // namespace

TEST_CASE("columns get their types from all of their rows") {
  const Batch batch =
      csv("id,when,day,x,on,name,zip\n"
          "1,2012-01-01T10:00,2012-01-01,1.5,true,a,007\n"
          "2,2012-01-01 11:30:15.25,2012-02-29,2,false,b,10\n");
  CHECK(types_of(batch) == "id:int64 when:timestamp[ms] day:date32[day] x:double on:bool name:string zip:string ");
  CHECK(text_of(batch, "zip") == R"(["007","10"])");
  CHECK(text_of(batch, "when") == R"(["2012-01-01T10:00:00Z","2012-01-01T11:30:15.25Z"])");
}

TEST_CASE("a surprise in the last of many rows widens the column and loses nothing") {
  std::string text = "a,b\n";
  for (int i = 0; i < 50'000; ++i) text += std::to_string(i) + ",0\n";
  const Batch real = csv(text + "0.5,0\n");
  CHECK(type_of(real, "a") == "double");
  CHECK(cell_number(*column(*real, "a"), 49'999) == 49'999.0);
  const Batch words = csv(text + "many,00\n");
  CHECK(cell_text(*column(*words, "a"), 123) == "123");
  CHECK(cell_text(*column(*words, "b"), 50'000) == "00");
  CHECK(words->num_rows() == 50'001);
}

TEST_CASE("missing values are null in columns of numbers and stay what they are in texts") {
  const Batch batch = csv("n,t,q\n1,NA,\"\"\nNA,x,\n,,\"b\"\n");
  CHECK(text_of(batch, "n") == "[1,null,null]");
  CHECK(text_of(batch, "t") == R"(["NA","x",null])");
  CHECK(text_of(batch, "q") == R"(["",null,"b"])");
  FileSpec spec;
  spec.null_values = {"-", "x"};
  const Batch own = csv("n,t,u\n1,NA,a\n-,x,-\n", spec);
  CHECK(text_of(own, "n") == "[1,null]");
  CHECK(text_of(own, "t") == R"(["NA",null])");
  CHECK(text_of(csv("a,b\n,1\n,2\n"), "a") == "[null,null]");
}

TEST_CASE("a record with the wrong number of fields names file, line, expected and got") {
  const Error error = csv_error("a,b\n1,2\n\"x\ny\",3\n4,5,6\n");
  CHECK(std::string(error.what()) == "t.csv line 5: expected 2 fields, got 3");
  CHECK(error.detail("file") == "t.csv");
  CHECK(error.detail("line") == "5");
  CHECK(error.detail("expected") == "2 fields");
  CHECK(error.detail("got") == "3 fields");
}

TEST_CASE("text that is not UTF-8 is refused with the line of the first bad byte") {
  const Error latin = csv_error("a\nb\ncaf\xe9\n");
  CHECK(std::string(latin.what()) == "t.csv line 3: the file is not UTF-8: byte 0xE9 begins no character");
  CHECK(latin.detail("line") == "3");
  CHECK(csv_error(std::string("a\nb\0c\n", 6)).detail("line") == "2");
  CHECK(csv_error("\xed\xa0\x80").detail("line") == "1");
  CHECK(csv_error("a\n\xf4\x90\x80\x80").detail("line") == "2");
  CHECK(text_of(csv("\xef\xbb\xbf"
                    "n\xc3\xa4me\n\xf0\x9f\x98\x80\n"),
                "n\xc3\xa4me") == "[\"\xf0\x9f\x98\x80\"]");
}

TEST_CASE("a byte order mark is no part of the first name") {
  CHECK(column_names(*csv("\xef\xbb\xbf"
                          "a,b\n1,2\n")) == std::vector<std::string>{"a", "b"});
  CHECK(text_of(json("\xef\xbb\xbf[{\"a\":1}]"), "a") == "[1]");
}

TEST_CASE("an empty file is an error, a header alone is a table without rows") {
  CHECK(std::string(csv_error("").what()) == "t.csv line 1: the file is empty");
  CHECK(csv_error("\n\n").code() == Code::invalid);
  const Batch none = csv("a,b\n");
  CHECK(none->num_rows() == 0);
  CHECK(none->num_columns() == 2);
}

TEST_CASE("a field of fifty megabytes is read") {
  std::string huge;
  huge.resize(50'000'000, 'x');
  const Batch batch = csv("a,b\n1,\"" + huge + "\"\n");
  CHECK(cell_text(*column(*batch, "b"), 0) == huge);
}

TEST_CASE("names come from the header, from the config, or are numbered") {
  CHECK(column_names(*csv("a,,c\n1,2,3\n")) == std::vector<std::string>{"a", "column_2", "c"});
  FileSpec bare;
  bare.header = FileSpec::Header::none;
  CHECK(column_names(*csv("1,2\n", bare)) == std::vector<std::string>{"column_1", "column_2"});
  FileSpec named;
  named.names = {"x", "y"};
  CHECK(text_of(csv("a,a\n1,2\n", named), "y") == "[2]");
  const Error doubled = csv_error("a,b,a\n1,2,3\n");
  CHECK(doubled.detail("got") == "a");
  CHECK(doubled.hint() == "give other names with `names: [...]`");
  named.names = {"x"};
  CHECK(csv_error("a,b\n1,2\n", named).detail("expected") == "1");
}

TEST_CASE("wanted columns come in the wanted order, and unknown ones are refused with what was meant") {
  FileSpec spec;
  spec.columns = {"c", "a"};
  CHECK(column_names(*csv("a,b,c\n1,2,3\n", spec)) == std::vector<std::string>{"c", "a"});
  spec.columns = {"temp_mx"};
  CHECK(csv_error("temp_max,b\n1,2\n", spec).hint() == "did you mean 'temp_max'?");
  FileSpec typed;
  typed.types["z"] = ColumnType::text;
  CHECK(csv_error("a,b\n1,2\n", typed).detail("column") == "z");
}

TEST_CASE("a type that the config wants is used, or the value that does not fit is named") {
  FileSpec spec;
  spec.types = {{"zip", ColumnType::integer}, {"n", ColumnType::text}, {"x", ColumnType::real}};
  const Batch batch = csv("zip,n,x\n007,1,1\n,2,2\n", spec);
  CHECK(text_of(batch, "zip") == "[7,null]");
  CHECK(text_of(batch, "n") == R"(["1","2"])");
  CHECK(text_of(batch, "x") == "[1.0,2.0]");
  const Error wrong = csv_error("zip,n,x\n1,1,1\n12a,1,1\n", spec);
  CHECK(std::string(wrong.what()) == "t.csv line 3: column 'zip': expected int64, got '12a'");
  CHECK(wrong.detail("column") == "zip");
}

TEST_CASE("limit, skip, delimiter and quote do what they say") {
  FileSpec spec;
  spec.limit = 2;
  CHECK(csv("a\n1\n2\nx\n", spec)->num_rows() == 2);
  CHECK(type_of(csv("a\n1\n2\nx\n", spec), "a") == "int64");
  FileSpec skipping;
  skipping.skip = 2;
  CHECK(text_of(csv("made by hand\n\na;b\n1;2\n", skipping), "b") == "[2]");
  skipping.skip = 9;
  CHECK(csv_error("a\n1\n", skipping).code() == Code::invalid);
  FileSpec bars;
  bars.delimiter = '|';
  bars.quote = '\'';
  CHECK(text_of(csv("a|b\n'1|2'|3\n", bars), "a") == R"(["1|2"])");
}

TEST_CASE("in a file of one column a blank line is a missing value") {
  CHECK(text_of(csv("a\n1\n\n2\n"), "a") == "[1,null,2]");
}

TEST_CASE("decimals beyond float64 are read and noted") {
  const auto read =
      table_of_csv({[] { return text_of_bytes("t.csv", "a\n0.1234567890123456789\n1\n", {}); }}, FileSpec{});
  CHECK(read.notes.size() == 1);
}

TEST_CASE("JSON rows are found in every usual place") {
  CHECK(text_of(json(R"([{"a":1,"b":"x"},{"a":2.5}])"), "a") == "[1.0,2.5]");
  CHECK(text_of(json(R"({"rows":[{"a":1}],"count":1})"), "a") == "[1]");
  CHECK(text_of(json(R"({"a":[1,2],"b":[3,4]})"), "b") == "[3,4]");
  FileSpec spec;
  spec.rows_key = "items";
  CHECK(text_of(json(R"({"items":[{"a":1}],"rows":5})", spec), "a") == "[1]");
  spec.columns = {"b"};
  spec.limit = 1;
  CHECK(text_of(json(R"([{"a":1,"b":2},{"a":1,"b":3}])", spec), "b") == "[2]");
  CHECK(error_of([] { (void)json(R"({"data":[{"a":1}],"n":1})"); }).hint() ==
        "name the key that holds the rows: `rows: KEY`");
  CHECK(error_of([] { (void)json(R"([1,2])"); }).code() == Code::invalid);
}

TEST_CASE("JSON dates become dates, and wanted types are made") {
  CHECK(type_of(json(R"([{"d":"2012-01-01"},{"d":"2012-01-02"}])"), "d") == "date32[day]");
  FileSpec spec;
  spec.types["n"] = ColumnType::integer;
  CHECK(text_of(json(R"([{"n":"007"},{"n":5}])", spec), "n") == "[7,5]");
  CHECK(error_of([&] { (void)json(R"([{"n":"x"}])", spec); }).detail("row") == "1");
}

TEST_CASE("one JSON object per line is read, and a broken line is named") {
  FileSpec spec;
  spec.format = FileSpec::Format::jsonl;
  const auto read = [&](const std::string& text) {
    return table_of_json(check_file_text("t.jsonl", text), spec).table;
  };
  CHECK(text_of(read("{\"a\":1}\r\n\n{\"a\":2}"), "a") == "[1,2]");
  CHECK(error_of([&] { (void)read("{\"a\":1}\n{\"a\":}\n"); }).detail("line") == "2");
}

TEST_CASE("a file that is not there is named by its absolute path") {
  const Folder folder;
  const Error missing = error_of([&] { (void)read_file_text((folder.path / "x/../no.csv").string()); });
  CHECK(missing.code() == Code::not_found);
  CHECK(std::string(missing.what()) == "no such file: " + (folder.path / "no.csv").string());
  CHECK(error_of([&] { (void)read_file_text(folder.path.string()); }).code() == Code::invalid);
  CHECK(error_of([&] { (void)read_file_text("/dev/zero"); }).code() == Code::invalid);
  const Error relative = error_of([] { (void)read_file_text("surely/not/here.csv"); });
  CHECK(std::string(relative.detail("file")).front() == '/');
}

TEST_CASE("the configuration is checked key by key") {
  const auto error = [](std::initializer_list<std::pair<std::string_view, Value>> config) {
    return error_of([&] { (void)read_file_spec(Value::map(config)); });
  };
  CHECK(error({}).what() == std::string("path is required"));
  CHECK(error({{"path", "a.bin"}}).detail("key") == "format");
  CHECK(error({{"path", "a.csv"}, {"delimiter", "ab"}}).detail("key") == "delimiter");
  CHECK(error({{"path", "a.csv"}, {"delimiter", "'"}, {"quote", "'"}}).code() == Code::invalid);
  CHECK(error({{"path", "a.csv"}, {"types", Value::map({{"a", "decimal"}})}}).detail("key") == "types.a");
  CHECK(error({{"path", "a.csv"}, {"limit", -1}}).detail("key") == "limit");
  CHECK(error({{"path", "a.csv"}, {"seperator", ";"}}).code() == Code::invalid);
  CHECK(error({{"path", "a.csv"}, {"encoding", "utf-61"}}).detail("key") == "encoding");
  CHECK(error({{"path", "a.csv"}, {"layouts", Value::map({{"d", "%d.%m"}})}}).detail("key") == "layouts.d");
  CHECK(error({{"path", "a.csv"}, {"header", "maybe"}}).detail("key") == "header");
  CHECK(read_file_spec(Value::map({{"path", "data/*.csv.gz"}})).format == FileSpec::Format::csv);
  CHECK(read_file_spec(Value::map({{"path", "a.TSV"}, {"delimiter", "tab"}})).delimiter == '\t');
  CHECK(read_file_spec(Value::map({{"path", "a.txt"}, {"format", "json"}})).format == FileSpec::Format::json);
}

TEST_CASE(
    "all files that fit a pattern are one table, in the order of their names, whatever the order of their columns") {
  const Folder folder;
  folder.file("b.csv", "y,x\n3,2.5\n");
  folder.file("a.csv", "x,y\n1,2\n");
  FileSpec spec;
  spec.path = (folder.path / "*.csv").string();
  const Batch batch = read_table_file(spec).table;
  CHECK(text_of(batch, "x") == "[1.0,2.5]");
  CHECK(text_of(batch, "y") == "[2,3]");
  folder.file("c.csv", "x,z\n1,2\n");
  CHECK(error_of([&] { (void)read_table_file(spec); }).detail("column") == "y");
  spec.path = (folder.path / "*.tsv").string();
  CHECK(error_of([&] { (void)read_table_file(spec); }).code() == Code::not_found);
}

TEST_CASE("types are those of all rows, however small the blocks and however many the threads") {
  std::string text = "i,late,d,t,e\n";
  for (int i = 0; i < 5'000; ++i) {
    text += std::to_string(i) + "," + (i == 4'990 ? "x" : std::to_string(i)) + ",2012-01-0" +
            std::to_string(1 + i % 9) + ",\"t " + std::to_string(i % 7) + "\n\"," + (i > 4'000 ? "0.5" : "") + "\n";
  }
  FileSpec spec;
  const Batch whole = csv(text, spec);
  CHECK(types_of(whole) == "i:int64 late:string d:date32[day] t:string e:double ");
  for (const std::size_t block : {100U, 1'000U, 50'000U}) {
    for (const unsigned threads : {1U, 3U}) {
      spec.block = block;
      spec.threads = threads;
      CHECK(csv(text, spec)->Equals(*whole));
    }
  }
  // Into a sink too, which is opened again when the types turn out different.
  spec.block = 1'000;
  int opened = 0;
  const OpenSink open = [&](const std::shared_ptr<arrow::Schema>& schema) {
    ++opened;
    return memory_sink(schema);
  };
  auto streamed = stream_csv({[&] { return text_of_bytes("t.csv", text, {}); }}, spec, open);
  CHECK(read_table(streamed.sink->finish(), "t")->Equals(*whole));
  CHECK(opened == 2);
}

TEST_CASE("numbers that turn out to be texts are as they were written, whatever came before") {
  const std::pair<std::string, std::string> cases[] = {
      {"7", "7"}, {" 7", " 7"}, {"7\t", "7\t"}, {"-9223372036854775808", "-9223372036854775808"}, {"\"0\"", "0"}};
  for (const auto& [written, expected] : cases) {
    for (const bool missing : {false, true}) {
      std::string text = "a,b\n";
      for (int i = 0; i < 3'000; ++i) text += (i == 900 ? written : i == 901 && missing ? "" : std::to_string(i)) + ",1\n";
      text += "many,1\n";
      FileSpec spec;
      const Batch whole = csv(text, spec);
      CHECK(types_of(whole) == "a:string b:int64 ");
      const auto& texts = static_cast<const arrow::StringArray&>(*whole->GetColumnByName("a"));
      CHECK(texts.GetString(900) == expected);
      CHECK(texts.IsNull(901) == missing);
      CHECK(texts.GetString(2'999) == "2999");
      CHECK(texts.GetString(3'000) == "many");
      spec.block = 500;
      CHECK(csv(text, spec)->Equals(*whole));
    }
  }
}

TEST_CASE("a packed file is read like any other, and a broken or a bursting one is named") {
  const Folder folder;
  // "a\n1\n" by gzip, with a fixed time.
  const std::string packed(
      "\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\xff\x4b\xe4\x32\xe4\x02\x00\x00\x24\xc1\x89\x04\x00\x00\x00", 24);
  FileSpec spec;
  spec.path = folder.file("a.csv.gz", packed).string();
  const Error cut = error_of([&] {
    FileSpec half = spec;
    half.path = folder.file("h.csv.gz", packed.substr(0, 14)).string();
    (void)read_table_file(half);
  });
  CHECK(cut.detail("key") == "compression");
  CHECK(text_of(read_table_file(spec).table, "a") == "[1]");
  spec.source.max_bytes = 3;
  CHECK(error_of([&] { (void)read_table_file(spec); }).detail("key") == "max_bytes");
}

TEST_CASE("the plugin reads a file and reports its rows, and stops when cancelled") {
  const Folder folder;
  FakeHost host;
  const Value config = Value::map({{"path", folder.file("w.csv", "a\n1\n2\n").string()}});
  const Value result = host.step(config, "", "weather");
  CHECK(result.at("rows").as_int64() == 2);
  CHECK(text_of(read_table(result.at("outputs").at("weather"), "x"), "a") == "[1,2]");
  host.cancelled = true;
  CHECK(error_of([&] { host.step(config, "", "weather"); }).code() == Code::cancelled);
}

// libFuzzer: any bytes as CSV, as JSON and as JSON lines. They must become a valid table or throw Error; CSV in one block, in many
// small ones and by the slow reader must be the same; and rejecting bad rows must leave only bad files to errors.
#include <arrow/record_batch.h>

#include <cstdlib>

#include "input_file/csv_shape.h"
#include "input_file/input_file.h"

using namespace mortise;
using namespace mortise::plugins;

namespace {

FileTable csv(const std::string& bytes, FileSpec spec, std::size_t block) {
  spec.block = block;
  const SourceOptions options = spec.source;
  return table_of_csv({[&] { return text_of_bytes("fuzz", bytes, options); }}, spec);
}

void fuzz_csv(const std::string& bytes, const FileSpec& spec) {
  Batch whole;
  try {
    whole = csv(bytes, spec, std::size_t{1} << 20).table;
  } catch (const Error&) {
  }
  if (whole && !whole->ValidateFull().ok()) std::abort();
  if (!whole || spec.on_error == FileSpec::OnError::reject) return;  // there the first block decides about types
  // Where the shape is seen from less of the file it may be another; so the small blocks are told.
  FileSpec told = spec;
  const FileText text = check_file_text("fuzz", bytes, spec.source);
  const CsvShape shape = read_shape(text.bytes, true, "fuzz", 1, spec);
  told.delimiter = shape.dialect.delimiter;
  told.quote = shape.dialect.quote;
  told.header = shape.has_header ? FileSpec::Header::first_line : FileSpec::Header::none;
  try {
    if (!csv(bytes, told, 64).table->Equals(*whole)) std::abort();
  } catch (const Error&) {
    if (text.bytes.size() < 64) std::abort();  // a header may not fit
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  FileSpec spec;
  spec.threads = 1;
  if ((data[0] & 4) != 0) spec.header = FileSpec::Header::none;
  if ((data[0] & 8) != 0) spec.on_error = FileSpec::OnError::reject;
  try {
    if (data[0] % 3 == 0) {
      fuzz_csv(bytes, spec);
      return 0;
    }
    spec.format = data[0] % 3 == 1 ? FileSpec::Format::json : FileSpec::Format::jsonl;
    if (!table_of_json(check_file_text("fuzz", bytes), spec).table->ValidateFull().ok()) std::abort();
  } catch (const Error&) {
  }
  return 0;
}

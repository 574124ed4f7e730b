// libFuzzer: any bytes as CSV, as JSON and as JSON lines. They must become a valid table or throw Error.
#include <arrow/record_batch.h>

#include <cstdlib>

#include "input_file/input_file.h"

using namespace mortise;
using namespace mortise::plugins;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  FileSpec spec;
  spec.format = static_cast<FileSpec::Format>(data[0] % 3);
  if ((data[0] & 4) != 0) spec.header = FileSpec::Header::none;
  try {
    const FileText file = check_file_text("fuzz", {reinterpret_cast<const char*>(data) + 1, size - 1});
    const FileTable read = spec.format == FileSpec::Format::csv ? table_of_csv(file, spec) : table_of_json(file, spec);
    if (!read.table->ValidateFull().ok()) std::abort();
  } catch (const Error&) {
  }
  return 0;
}

// The face of package_archive; what it does is in archive.h.
#include "mortise/plugin.hpp"
#include "package_archive/archive.h"

namespace {

namespace archive = mortise::package_archive;
using mortise::Value;

std::uint64_t limit(const Value& limits, const char* key, std::uint64_t otherwise) {
  const Value* value = limits.find(key);
  if (value == nullptr || value->is_null()) return otherwise;
  const std::int64_t wanted = value->as_int64();
  if (wanted <= 0) throw mortise::Error(mortise::Code::invalid, std::string("limits.") + key + ": expected more than 0, got " + std::to_string(wanted));
  return static_cast<std::uint64_t>(wanted);
}

archive::Limits limits_of(const Value& input) {
  archive::Limits limits;
  const Value* given = input.find("limits");
  if (given == nullptr) return limits;
  limits.bytes = limit(*given, "bytes", limits.bytes);
  limits.file_bytes = limit(*given, "file_bytes", limits.file_bytes);
  limits.files = limit(*given, "files", limits.files);
  return limits;
}

Value unpack(const Value& input) {
  Value files = Value::list();
  for (const archive::File& file : archive::unpack(input.at("archive").as_bytes(), limits_of(input))) {
    files.push_back(Value::map({{"path", file.path}, {"bytes", Value::bytes(*file.content)}, {"executable", file.executable}}));
  }
  return Value::map({{"files", std::move(files)}});
}

Value pack(const Value& input) {
  std::vector<archive::File> files;
  for (const Value& file : input.at("files").items()) {
    const Value* executable = file.find("executable");
    files.push_back({std::string(file.at("path").as_string()), std::make_shared<const std::string>(file.at("bytes").as_bytes()),
                     executable != nullptr && executable->as_bool()});
  }
  return Value::map({{"archive", Value::bytes(archive::pack(files))}});
}

struct PackageArchive : mortise::Plugin {
  Value call(mortise::Call& call) override {
    if (call.method() == "unpack") return unpack(call.input());
    if (call.method() == "pack") return pack(call.input());
    throw mortise::Error(mortise::Code::unsupported, "there is no method '" + std::string(call.method()) + "'", "unpack, pack");
  }
};

}  // namespace

MORTISE_PLUGIN(PackageArchive)

#include "dialects/core/inspector.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <utility>

#include "data/value_json.h"
#include "os/file.h"
#include "os/paths.h"
#include "runtime/runtime.h"
#include "store/sha256.h"

namespace mortise::dialects {
namespace {

constexpr std::uint64_t max_kept = std::uint64_t{16} << 20U;

// What the answer was found out from: every file with its digest.
Value digests_of(const Value& files) {
  Value digests = Value::map();
  for (const Value& file : files.items()) {
    const std::string path(file.as_string());
    digests.set(path, store::sha256_of_file(path));
  }
  return digests;
}

bool still_true(const Value& digests) {
  return std::all_of(digests.members().begin(), digests.members().end(), [](const Member& member) {
    return store::sha256_of_file(std::string(member.key())) == member.value().as_string();
  });
}

Error wrong_answer(const plugin::Descriptor& reader) {
  return Error(Code::invalid, "the adapter '" + reader.adapter.name + "' did not describe " + reader.entry,
               "it answers {plugins: list, files: list of paths}")
      .with("file", os::join(reader.folder, reader.entry));
}

}  // namespace

Inspector::Inspector(runtime::Runtime& runtime, std::string folder, const Log& log)
    : runtime_(runtime), folder_(std::move(folder)), log_(log) {}

std::string Inspector::kept_path(const plugin::Descriptor& reader) const {
  std::string key = reader.dialect + '\n' + reader.adapter.name + '\n' + os::join(reader.folder, reader.entry);
  for (const std::string& path : reader.adapter.paths) key += '\n' + path;
  return os::join(folder_, store::sha256_of(key) + ".json");
}

// A kept answer that cannot be read, or is about files that changed, is none.
std::optional<Value> Inspector::kept(const std::string& path) const {
  try {
    if (!std::filesystem::exists(path)) return std::nullopt;
    const Value kept = data::parse_json(os::read_file(path, max_kept));
    if (!still_true(kept.at("files"))) return std::nullopt;
    return kept.at("plugins");
  } catch (const Error&) {
    return std::nullopt;
  }
}

void Inspector::keep(const std::string& path, const Value& answer) const {
  try {
    const Value kept = Value::map({{"files", digests_of(answer.at("files"))}, {"plugins", answer.at("plugins")}});
    os::make_directories(folder_);
    os::write_file(path, data::to_json(kept));
  } catch (const Error& error) {  // it will be asked again
    log_.failure("what was found out about a plugin could not be kept", error, {{"file", path}});
  }
}

Value Inspector::ask(const plugin::Descriptor& reader) {
  runtime::Call call;
  call.operation = runtime::Operation::call;
  call.method = "describe";
  call.deadline = runtime::Clock::now() + (reader.language == "go" ? patience_with_builders : patience);
  return runtime_.examine(reader, std::move(call)).take();
}

Value Inspector::describe(const plugin::Descriptor& reader) {
  const std::string path = kept_path(reader);
  if (auto known = kept(path)) return std::move(*known);
  const Value answer = ask(reader);
  const Value *plugins = answer.find("plugins"), *files = answer.find("files");
  if (plugins == nullptr || files == nullptr || !plugins->is(Kind::list) || !files->is(Kind::list)) {
    throw wrong_answer(reader);
  }
  if (files->size() != 0) keep(path, answer);
  return *plugins;
}

// In pieces: room for the most there may be would cost more than most files.
std::string beginning_of(const std::string& path, std::size_t most) {
  constexpr std::size_t piece = std::size_t{64} << 10U;
  std::ifstream in(path, std::ios::binary);
  std::string text;
  while (in && text.size() < most) {
    const std::size_t old = text.size();
    text.resize(old + std::min(piece, most - old));
    in.read(text.data() + old, static_cast<std::streamsize>(text.size() - old));
    text.resize(old + static_cast<std::size_t>(std::max<std::streamsize>(in.gcount(), 0)));
  }
  return text;
}

bool has_manifest(const plugin::Shelf& shelf) noexcept {
  return std::find(shelf.files.begin(), shelf.files.end(), "manifest.json") != shelf.files.end();
}

bool may_derive_from(std::string_view python, std::string_view base) noexcept {
  return python.find("class ") != std::string_view::npos && python.find(base) != std::string_view::npos;
}

}  // namespace mortise::dialects

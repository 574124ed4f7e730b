// Files that clients upload for their pipelines. Bodies go to the disk as they come; nothing holds a whole file in memory.
#include <charconv>

#include "base/clock.h"
#include "base/error.h"
#include "http/api.h"
#include "http/file_shelf.h"
#include "http/openapi.h"

namespace mortise::http {
namespace {

using namespace schema;

Value shown(const FileShelf::Entry& entry) {
  Value value = Value::map({{"name", entry.name},
                            {"size", entry.size},
                            {"complete", entry.complete},
                            {"modified", to_rfc3339(entry.modified)}});
  if (entry.complete) {
    value.set("path", entry.path);
    value.set("sha256", entry.sha256);
  }
  return value;
}

Response with_offset(Response response, std::uint64_t offset, bool complete) {
  response.headers.emplace_back("Upload-Offset", std::to_string(offset));
  response.headers.emplace_back("Upload-Complete", complete ? "?1" : "?0");
  return response;
}

std::uint64_t offset_of(const Request& request) {
  const std::string_view text = request.header("upload-offset");
  std::uint64_t offset = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), offset);
  if (text.empty() || failure != std::errc{} || end != text.data() + text.size()) {
    throw Error(Code::invalid, "the request needs a header Upload-Offset with the number of bytes that are there",
                "HEAD of the same path says it")
        .with("key", "Upload-Offset")
        .with("got", std::string(text.substr(0, 100)));
  }
  return offset;
}

// Writes what comes; the file is complete at the end, or only so much of it is.
class Sink final : public BodySink {
 public:
  enum class End { complete, part };
  Sink(std::unique_ptr<FileShelf::Part> part, End end, std::string sha256)
      : part_(std::move(part)), end_(end), sha256_(std::move(sha256)) {}

  void write(std::string_view piece) override { part_->write(piece); }
  Response finish() override {
    if (end_ == End::part) {
      part_->sync();
      return with_offset(Response::json(Value::map({{"complete", false}, {"size", part_->size()}}), 202), part_->size(),
                         false);
    }
    const FileShelf::Entry entry = part_->finish(sha256_);
    return with_offset(Response::json(shown(entry), 201), entry.size, true);
  }

 private:
  std::unique_ptr<FileShelf::Part> part_;
  const End end_;
  const std::string sha256_;
};

std::string digest_of(const Request& request) { return std::string(request.parameter("sha256").value_or("")); }

Value file_schema() {
  return object({{"name", string()},
                 {"size", integer("bytes; of a part, how many are there")},
                 {"complete", boolean()},
                 {"modified", time()},
                 {"path", string("where plugins of this host find it")},
                 {"sha256", string()}},
                {"name", "size", "complete"});
}

}  // namespace

void add_file_routes(Router& router, const Api& api) {
  const Parameter name{"name", "1 to 200 bytes, no '/', not beginning with '.'", string()};
  const Parameter digest{"sha256", "what the digest of the whole file must be, in hexadecimal", string()};
  router.add({.pattern = "/api/v1/files",
              .id = "listFiles",
              .tag = "files",
              .summary = "The files that were uploaded",
              .response = list(file_schema()),
              .handler = answering([&api](const Request&) {
                Value all = Value::list();
                for (const auto& entry : api.files.list()) all.push_back(shown(entry));
                return Response::json(all);
              })});
  router.add({.pattern = "/api/v1/files/{name}",
              .id = "getFile",
              .tag = "files",
              .summary = "One file: its size and digest; of a part, where to go on (Upload-Offset)",
              .parameters = {name},
              .response = file_schema(),
              .errors = {Code::not_found},
              .handler = answering([&api](const Request& request) {
                const auto entry = api.files.get(std::string(request.variable("name")));
                return with_offset(Response::json(shown(entry)), entry.size, entry.complete);
              })});
  router.add({.method = Method::put,
              .pattern = "/api/v1/files/{name}",
              .id = "uploadFile",
              .tag = "files",
              .summary = "Upload a whole file; the body is the file, up to server.max_upload",
              .parameters = {name, digest},
              .request = string("the bytes of the file"),
              .response = file_schema(),
              .success = 201,
              .errors = {Code::conflict},
              .receiver = [&api](const Request& request) -> std::unique_ptr<BodySink> {
                return std::make_unique<Sink>(api.files.open(std::string(request.variable("name")), std::nullopt),
                                              Sink::End::complete, digest_of(request));
              }});
  router.add({.method = Method::patch,
              .pattern = "/api/v1/files/{name}",
              .id = "continueUpload",
              .tag = "files",
              .summary = "Upload a file piece by piece: Upload-Offset says where this one begins, Upload-Complete: ?1 "
                         "that it is the last",
              .parameters = {name, digest},
              .request = string("some bytes of the file"),
              .response = file_schema(),
              .success = 202,
              .errors = {Code::conflict},
              .receiver = [&api](const Request& request) -> std::unique_ptr<BodySink> {
                const auto end = request.header("upload-complete") == "?1" ? Sink::End::complete : Sink::End::part;
                return std::make_unique<Sink>(api.files.open(std::string(request.variable("name")), offset_of(request)),
                                              end, digest_of(request));
              }});
  router.add({.method = Method::del,
              .pattern = "/api/v1/files/{name}",
              .id = "removeFile",
              .tag = "files",
              .summary = "Remove a file, or a part of one",
              .parameters = {name},
              .response = object({{"removed", string()}}, {"removed"}),
              .errors = {Code::not_found, Code::busy},
              .handler = answering([&api](const Request& request) {
                const std::string file(request.variable("name"));
                api.files.remove(file);
                return Response::json(Value::map({{"removed", file}}));
              })});
}

}  // namespace mortise::http

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>

#include "base/error.h"
#include "cli/json.h"
#include "cli/owner.h"
#include "cli/terminal.h"
#include "cli/uri_text.h"
#include "cli/verbs.h"
#include "os/fd.h"

namespace mortise::cli {
namespace {

constexpr std::size_t piece_size = 8U << 20U;

// A file on its way, piece by piece, from where the server has it to its end.
class Upload {
 public:
  Upload(const Client& client, const std::string& path, const std::string& name)
      : client_(client),
        target_("/api/v1/files/" + path_segment(name)),
        path_(path),
        file_(::open(path.c_str(), O_RDONLY | O_CLOEXEC)) {
    struct stat info {};
    if (file_.get() < 0 || ::fstat(file_.get(), &info) != 0 || !S_ISREG(info.st_mode)) {
      throw Error(Code::not_found,
                  "cannot read the file '" + path + "'" + (errno != 0 ? std::string(": ") + std::strerror(errno) : ""))
          .with("file", path);
    }
    size_ = static_cast<std::uint64_t>(info.st_size);
  }

  Value run() {
    std::uint64_t offset = begun();
    for (;;) {
      std::string piece = read(offset);
      offset += piece.size();
      const bool last = offset >= size_ || piece.empty();
      Value answer =
          client_
              .ask({.method = "PATCH",
                    .target = target_,
                    .body = std::move(piece),
                    .headers = {{"Upload-Offset", std::to_string(sent_)}, {"Upload-Complete", last ? "?1" : "?0"}}})
              .value();
      sent_ = offset;
      if (last) return answer;
    }
  }

 private:
  // A part that is longer than the file is of another one; a complete file is replaced.
  std::uint64_t begun() {
    try {
      const Value there = client_.get(target_);
      const auto size = static_cast<std::uint64_t>(integer_in(there, "size"));
      if (!flag_in(there, "complete") && size <= size_) sent_ = size;
    } catch (const Error& error) {
      if (error.code() != Code::not_found) throw;
    }
    return sent_;
  }

  std::string read(std::uint64_t offset) const {
    std::string piece(piece_size, '\0');
    const ssize_t got = ::pread(file_.get(), piece.data(), piece.size(), static_cast<off_t>(offset));
    if (got < 0)
      throw Error(Code::internal, "cannot read the file '" + path_ + "': " + std::strerror(errno)).with("file", path_);
    piece.resize(static_cast<std::size_t>(got));
    return piece;
  }

  const Client& client_;
  const std::string target_, path_;
  os::Fd file_;
  std::uint64_t size_ = 0, sent_ = 0;
};

}  // namespace

int list_files(const Tools& tools) {
  const Owner owner = Owner::reach(tools.maker, tools.options, &tools.signals);
  const Value files = owner.client().get("/api/v1/files");
  if (tools.arguments.json) return print(json_text(files)), EXIT_SUCCESS;
  std::vector<std::vector<std::string>> rows{{"NAME", "BYTES", "STATE", "MODIFIED", "PATH"}};
  for (const Value& file : files.items()) {
    rows.push_back({text_in(file, "name"), count_text(integer_in(file, "size")),
                    flag_in(file, "complete") ? "complete" : "a part", text_in(file, "modified").substr(0, 19) + "Z",
                    text_in(file, "path")});
  }
  print(rows.size() > 1 ? table(rows) : "no files; `mortise files upload FILE` brings one\n");
  return EXIT_SUCCESS;
}

int upload_file(const Tools& tools) {
  const Arguments& arguments = tools.arguments;
  const std::string name =
      arguments.file_name.empty() ? std::filesystem::path(arguments.file).filename().string() : arguments.file_name;
  const Owner owner = Owner::reach(tools.maker, tools.options, &tools.signals);
  const Value file = Upload(owner.client(), arguments.file, name).run();
  print(arguments.json ? json_text(file) : text_in(file, "path") + "\n");
  return EXIT_SUCCESS;
}

int remove_file(const Tools& tools) {
  const Owner owner = Owner::reach(tools.maker, tools.options, &tools.signals);
  const Value answer =
      owner.client().ask({.method = "DELETE", .target = "/api/v1/files/" + path_segment(tools.arguments.file)}).value();
  print(tools.arguments.json ? json_text(answer) : "removed " + text_in(answer, "removed") + "\n");
  return EXIT_SUCCESS;
}

}  // namespace mortise::cli

#include "jobs/core/checkpoints.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstring>
#include <filesystem>

#include "data/buffer.h"
#include "jobs/core/kept_value.h"
#include "os/fd.h"
#include "os/file.h"
#include "os/paths.h"
#include "store/database.h"

namespace mortise::jobs {
namespace {

constexpr std::size_t piece_size = 1U << 20U;  // of a file: each piece is sealed by itself

std::string purpose_of(const std::string& run, std::uint32_t step) { return run + "/" + std::to_string(step); }

// The last piece says so: a file cut between two pieces does not open either.
std::string purpose_of(const std::string& run, std::uint32_t step, std::uint64_t piece, bool last) {
  return purpose_of(run, step) + "/" + std::to_string(piece) + (last ? "/last" : "");
}

void write_all(const os::Fd& file, std::string_view bytes, const std::string& path) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(file.get(), bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) throw os::system_error("cannot write", path);
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
}

void read_all(const os::Fd& file, std::string& bytes, const std::string& path) {
  for (std::size_t done = 0; done < bytes.size();) {
    const ssize_t got = ::read(file.get(), bytes.data() + done, bytes.size() - done);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) throw os::system_error("cannot read", path);
    if (got == 0) throw Error(Code::invalid, "'" + path + "' is cut").with("file", path);
    done += static_cast<std::size_t>(got);
  }
}

data::Buffer aligned_copy(std::string_view bytes) {
  return data::copy_of({reinterpret_cast<const std::byte*>(bytes.data()), bytes.size()});
}

// Cuts what flows in into pieces of one size and writes each, sealed.
class SealedFile {
 public:
  SealedFile(const Vault& vault, const os::Fd& file, const std::string& path, const std::string& run,
             std::uint32_t step)
      : vault_(vault), file_(file), path_(path), run_(run), step_(step) {}

  void add(std::string_view bytes) {
    while (!bytes.empty()) {
      if (piece_.size() == piece_size) flush(false);
      const std::size_t take = std::min(bytes.size(), piece_size - piece_.size());
      piece_ += bytes.substr(0, take);
      bytes.remove_prefix(take);
    }
  }
  void finish() { flush(true); }

 private:
  void flush(bool last) {
    write_all(file_, vault_.seal(piece_, purpose_of(run_, step_, number_++, last)), path_);
    piece_.clear();
  }

  const Vault& vault_;
  const os::Fd& file_;
  const std::string& path_;
  const std::string& run_;
  const std::uint32_t step_;
  std::string piece_;
  std::uint64_t number_ = 0;
};

}  // namespace

std::string Checkpoints::seal_plan(const std::string& run, const Value& plan) const {
  std::string bytes;
  write_kept_value(plan, [&](std::string_view piece) { bytes += piece; });
  return vault_.seal(bytes, run + "/plan");
}

store::OutputRow Checkpoints::keep(const std::string& run, std::uint32_t step, const Value& outputs) const {
  store::OutputRow row;
  row.position = step;
  if (!outputs.is(Kind::map) || outputs.size() == 0) return row;
  bool large = false;
  std::string bytes;
  write_kept_value(outputs, [&](std::string_view piece) {
    row.bytes += piece.size();
    large = large || row.bytes > small;
    if (!large) bytes += piece;
  });
  if (large) {
    write_file(run, step, outputs, row);
  } else {
    row.content = vault_.seal(bytes, purpose_of(run, step));
  }
  return row;
}

// A new name for every writing: a file that a row names is never touched.
void Checkpoints::write_file(const std::string& run, std::uint32_t step, const Value& outputs,
                             store::OutputRow& row) const {
  os::make_directories(folder_of(run));
  for (int number = 0;; ++number) {
    row.file = std::to_string(step) + (number == 0 ? "" : "-" + std::to_string(number)) + ".out";
    const std::string path = os::join(folder_of(run), row.file);
    const os::Fd file(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
    if (!file && errno == EEXIST) continue;
    if (!file) throw os::system_error("cannot make", path);
    try {
      SealedFile sealed(vault_, file, path, run, step);
      write_kept_value(outputs, [&](std::string_view piece) { sealed.add(piece); });
      sealed.finish();
      if (::fdatasync(file.get()) != 0) throw os::system_error("cannot bring to the disk", path);
      os::sync_directory(folder_of(run));
    } catch (...) {
      ::unlink(path.c_str());
      throw;
    }
    return;
  }
}

Value Checkpoints::plan(const std::string& run) const {
  const auto sealed =
      database_.read([&](store::Connection& connection) { return store::CheckpointStore(connection).plan(run); });
  if (!sealed) {
    throw Error(Code::not_found, "what run '" + run + "' was asked to do is not kept",
                "it was forgotten, or recorded by an earlier version; run the pipeline anew")
        .with("run", run);
  }
  return read_kept_value(aligned_copy(vault_.open(*sealed, run + "/plan")));
}

Value Checkpoints::outputs(const std::string& run, std::uint32_t step) const {
  const auto row = database_.read(
      [&](store::Connection& connection) { return store::CheckpointStore(connection).output(run, step); });
  if (!row) {
    throw Error(Code::not_found,
                "the outputs of step " + std::to_string(step + 1) + " of run '" + run + "' are not kept any more",
                "rerun the run from that step or an earlier one")
        .with("run", run);
  }
  if (!row->file.empty()) return read_file(run, *row);
  if (row->bytes == 0) return Value::map();
  return read_kept_value(aligned_copy(vault_.open(row->content, purpose_of(run, step))));
}

Value Checkpoints::read_file(const std::string& run, const store::OutputRow& row) const {
  const std::string path = os::join(folder_of(run), row.file);
  const os::Fd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file) throw os::system_error("cannot open", path);
  const std::uint64_t pieces = (row.bytes + piece_size - 1) / piece_size;
  struct stat state {};
  const bool whole = ::fstat(file.get(), &state) == 0 &&
                     static_cast<std::uint64_t>(state.st_size) == row.bytes + pieces * Vault::overhead;
  if (!whole) throw Error(Code::invalid, "'" + path + "' is cut or was changed").with("file", path);
  data::Block block = data::allocate_block(row.bytes);
  std::uint64_t done = 0;
  for (std::uint64_t number = 0; number < pieces; ++number) {
    const std::uint64_t size = std::min<std::uint64_t>(piece_size, row.bytes - done);
    std::string sealed(size + Vault::overhead, '\0');
    read_all(file, sealed, path);
    const std::string plain = vault_.open(sealed, purpose_of(run, row.position, number, number + 1 == pieces));
    std::memcpy(block.bytes.data() + done, plain.data(), plain.size());
    done += size;
  }
  return read_kept_value(std::move(block).freeze());
}

void Checkpoints::erase_outputs(const std::string& run) const {
  database_
      .write(store::Durability::normal,
             [run](store::Connection& connection) { store::CheckpointStore(connection).erase_outputs(run); })
      .get();
  erase_folder(run);
}

void Checkpoints::erase_folder(const std::string& run) const noexcept {
  std::error_code failure;  // a folder that cannot be removed now is tried again by the next sweep
  std::filesystem::remove_all(folder_of(run), failure);
}

std::string Checkpoints::folder_of(const std::string& run) const { return os::join(folder_, run); }

}  // namespace mortise::jobs

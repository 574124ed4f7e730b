#include "jobs/monitors/record_files.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <filesystem>

#include "data/value_json.h"
#include "os/fd.h"
#include "os/file.h"
#include "os/paths.h"

namespace mortise::jobs {
namespace {

constexpr std::array<std::string_view, 3> formats{"jsonl", "yaml", "md"};
constexpr std::uint64_t largest_page = std::uint64_t{64} << 20U;
constexpr std::string_view segments_head =
    "## Segments\n\n| Start | End | Duration (s) | Labels | Resets | Events |\n| --- | --- | --- | --- | --- | --- |\n";
constexpr std::string_view events_head =
    "## Standalone Events\n\n| Time | Label | Event | Data |\n| --- | --- | --- | --- |\n";

bool is_segment(const Value& record) { return record.at("type").as_string() == "segment"; }

std::string day_of(const Value& record) {
  return std::string(record.at(is_segment(record) ? "end" : "timestamp").as_string().substr(0, 10));
}

// One document; each member's value in the flow style, which is JSON.
std::string yaml_of(const Value& record) {
  std::string text;
  for (const Member& member : record.members())
    text.append(member.key()).append(": ").append(data::to_json(member.value())).append("\n");
  return text + "---\n";
}

// Text inside one cell of a table.
std::string cell(const Value& value) {
  std::string text = value.is(Kind::string) ? std::string(value.as_string()) : data::to_json(value);
  for (std::size_t at = 0; (at = text.find_first_of("|\n\r", at)) != std::string::npos; at += 2)
    text.replace(at, 1, text[at] == '|' ? "\\|" : "  ");
  return text;
}

std::string row_of(const Value& record) {
  std::string row = "|";
  const auto add = [&](const std::string& text) { row += " " + text + " |"; };
  if (!is_segment(record)) {
    for (const char* key : {"timestamp", "label", "event", "data"}) add(cell(record.at(key)));
    return row + "\n";
  }
  std::string labels;
  for (const Value& label : record.at("labels").items())
    labels.append(labels.empty() ? "" : ", ").append(label.as_string());
  for (const char* key : {"start", "end", "duration_s"}) add(cell(record.at(key)));
  add(cell(labels));
  add(cell(record.at("resets_count")));
  add(std::to_string(record.at("events").size()));
  return row + "\n";
}

}  // namespace

std::string_view name_of(RecordFormat format) noexcept { return formats.at(static_cast<std::size_t>(format)); }

std::optional<RecordFormat> record_format_named(std::string_view word) noexcept {
  for (std::size_t i = 0; i < formats.size(); ++i) {
    if (formats[i] == word) return static_cast<RecordFormat>(i);
  }
  return std::nullopt;
}

RecordFiles::RecordFiles(Layout layout) : layout_(std::move(layout)) { os::make_directories(layout_.folder, 0700); }

void RecordFiles::append(const std::string& path, const std::string& text) const {
  const os::Fd file(::open(path.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600));
  if (!file) throw os::system_error("cannot open '" + path + "'", path);
  for (std::size_t done = 0; done < text.size();) {
    const ssize_t wrote = ::write(file.get(), text.data() + done, text.size() - done);
    if (wrote < 0 && errno == EINTR) continue;
    if (wrote <= 0) throw os::system_error("cannot write to '" + path + "'", path);
    done += static_cast<std::size_t>(wrote);
  }
}

// The rows that stand there already are kept as they are.
void RecordFiles::rewrite(const std::string& path, const std::string& day, const Value& record) const {
  std::string segments, events;
  if (std::filesystem::exists(path)) {
    const std::string page = os::read_file(path, largest_page);
    const std::size_t first = page.find(segments_head), second = page.find(events_head);
    if (first != std::string::npos && second != std::string::npos && first < second) {
      segments = page.substr(first + segments_head.size(), second - first - segments_head.size());
      while (segments.ends_with("\n\n")) segments.pop_back();
      events = page.substr(second + events_head.size());
    }
  }
  if (segments == "\n") segments.clear();
  (is_segment(record) ? segments : events) += row_of(record);
  os::write_file(path, "# " + layout_.title + " - " + day + "\n\n" + std::string(segments_head) + segments + "\n" +
                           std::string(events_head) + events);
}

void RecordFiles::record(const Value& record) {
  const std::string day = day_of(record);
  const std::string path = os::join(layout_.folder, day + "." + layout_.word + "." + std::string(name_of(layout_.format)));
  switch (layout_.format) {
    case RecordFormat::jsonl: return append(path, data::to_json(record) + "\n");
    case RecordFormat::yaml: return append(path, yaml_of(record));
    case RecordFormat::md: return rewrite(path, day, record);
  }
}

}  // namespace mortise::jobs

#include "cli/progress.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <vector>

#include "base/utf8.h"
#include "cli/json.h"
#include "cli/terminal.h"
#include "data/value_json.h"

namespace mortise::cli {
namespace {

using Clock = std::chrono::steady_clock;
constexpr int out = STDERR_FILENO;

std::string toned_outcome(const std::string& outcome) {
  if (outcome == "succeeded") return toned(Tone::good, "✓", out);
  if (outcome == "failed") return toned(Tone::bad, "✗", out);
  if (outcome == "cancelled") return toned(Tone::warn, "⊘", out);
  return toned(Tone::faint, "-", out);
}

std::string facts_of(const Value& data) {
  std::string text;
  const auto add = [&](const std::string& fact) { text.append(text.empty() ? "" : ", ").append(fact); };
  if (const Value* rows = data.find("rows"); rows != nullptr && rows->is(Kind::int64)) add(rows_text(rows->as_int64()));
  if (data.has("elapsed_ms")) add(duration_text(number_in(data, "elapsed_ms") / 1000));
  if (integer_in(data, "attempts") > 1) add(std::to_string(integer_in(data, "attempts")) + " attempts");
  if (integer_in(data, "worker_pid") > 0) add("pid " + std::to_string(integer_in(data, "worker_pid")));
  return text;
}

// " rows=12 columns=[...]", as the log writes them.
std::string fields_text(const Value& fields) {
  std::string text;
  for (const Member& field : fields.members()) {
    const bool plain = field.value().is(Kind::string);
    text.append(" ").append(harmless(field.key())).append("=");
    text += harmless(plain ? std::string(field.value().as_string()) : data::to_json(field.value()));
  }
  return text;
}

std::size_t screen_width() {
  winsize size{};
  return ::ioctl(out, TIOCGWINSZ, &size) == 0 && size.ws_col > 20 ? size.ws_col : 80;
}

}  // namespace

// What is known of the run, and how it is drawn.
class Progress::Picture {
 public:
  Picture(Style style, Detail detail) : style_(style), detail_(detail) {}

  void on_event(std::string_view type, const Value& data) {
    if (style_ == Style::none) return;
    if (type == "run.started") begin(data);
    if (type == "step.started") step_started(data);
    if (type == "step.progress") step_progress(data);
    if (type == "step.log") log(data);
    if (type == "step.retrying") retrying(data);
    if (type == "step.context" && detail_ == Detail::trace)
      line(title(data) + " context: " + data::to_json(map_in(data, "context")));
    if (type == "step.finished") step_finished(data);
    if (type == "missed")
      line(toned(Tone::warn, "(" + count_text(integer_in(data, "count")) + " events were missed)", out));
    draw();
  }

  void line(const std::string& text) {
    if (style_ == Style::none) return;
    erase();
    complain(text + "\n");
    draw();
  }

  void draw() {
    if (style_ != Style::live) return;
    erase();
    std::string text;
    for (const Step& step : steps_) {
      if (!step.running) continue;
      text += moving_line(step) + "\n";
      ++drawn_;
    }
    complain(text);
  }

  void erase() {
    if (drawn_ > 0) complain("\033[" + std::to_string(drawn_) + "F\033[J");
    drawn_ = 0;
  }

 private:
  struct Step {
    std::string name, plugin, note;
    double fraction = -1;
    bool running = false;
    Clock::time_point began;
  };

  void begin(const Value& data) {
    steps_.clear();
    for (const Value& step : list_in(data, "steps").items())
      steps_.push_back({text_in(step, "name"), text_in(step, "plugin"), {}, -1, false, {}});
    line(toned(Tone::strong, harmless(text_in(data, "name")), out) + ": " + std::to_string(steps_.size()) +
         (steps_.size() == 1 ? " step" : " steps"));
  }

  Step* step_of(const Value& data) {
    const auto index = static_cast<std::size_t>(integer_in(data, "step", -1));
    return index < steps_.size() ? &steps_[index] : nullptr;
  }

  [[nodiscard]] std::string title(const Value& data) const {
    const std::string number = std::to_string(integer_in(data, "step") + 1) + "/" + std::to_string(steps_.size());
    return "[" + number + "] " + harmless(text_in(data, "name")) + " (" + harmless(text_in(data, "plugin")) + ")";
  }

  void step_started(const Value& data) {
    if (Step* step = step_of(data)) {
      step->running = true;
      step->began = Clock::now();
      step->note.clear();
      step->fraction = -1;
    }
    const std::int64_t attempt = integer_in(data, "attempt", 1);
    if (style_ == Style::lines)
      line(title(data) + (attempt > 1 ? " started, attempt " + std::to_string(attempt) : " started"));
  }

  void step_progress(const Value& data) {
    Step* step = step_of(data);
    if (step == nullptr) return;
    step->fraction = number_in(data, "fraction", -1);
    step->note = text_in(data, "note");
  }

  void log(const Value& data) {
    const std::string level = text_in(data, "level");
    if (level == "debug" && detail_ != Detail::trace) return;
    const Tone tone = level == "error" ? Tone::bad : level == "warning" ? Tone::warn : Tone::faint;
    line("      " + toned(tone, level + ":", out) + " [" + harmless(text_in(data, "name")) + "] " +
         harmless(text_in(data, "message")) + fields_text(map_in(data, "fields")));
  }

  void retrying(const Value& data) {
    if (Step* step = step_of(data)) step->running = false;
    line(title(data) + " attempt " + std::to_string(integer_in(data, "attempt")) + " failed: " +
         harmless(text_in(data, "error")) + "; again in " + duration_text(number_in(data, "delay_ms") / 1000));
  }

  void step_finished(const Value& data) {
    if (Step* step = step_of(data)) step->running = false;
    const std::string outcome = text_in(data, "outcome"), facts = facts_of(data), error = text_in(data, "error");
    line(toned_outcome(outcome) + " " + title(data) + " " + outcome + (facts.empty() ? "" : ": " + facts) +
         (error.empty() ? "" : "\n      " + harmless(error)));
  }

  [[nodiscard]] std::string moving_line(const Step& step) const {
    constexpr std::array<const char*, 10> wheel{"⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏"};
    const auto since = Clock::now() - step.began;
    const auto turn = static_cast<std::size_t>(since / std::chrono::milliseconds(100)) % wheel.size();
    std::string text = std::string(wheel[turn]) + " " + harmless(step.name) + " (" + harmless(step.plugin) + ") " +
                       duration_text(std::chrono::duration<double>(since).count());
    if (step.fraction >= 0) text += " " + std::to_string(static_cast<int>(std::min(step.fraction, 1.0) * 100)) + " %";
    if (!step.note.empty()) text += " " + harmless(step.note);
    std::replace(text.begin(), text.end(), '\n', ' ');
    return std::string(utf8_prefix(text, screen_width() - 1));
  }

  const Style style_;
  const Detail detail_;
  std::vector<Step> steps_;
  std::size_t drawn_ = 0;  // lines that are redrawn
};

Progress::Progress(Style style, Detail detail) : picture_(std::make_unique<Picture>(style, detail)) {}
Progress::~Progress() = default;
void Progress::on_event(std::string_view type, const Value& data) { picture_->on_event(type, data); }
void Progress::tick() { picture_->draw(); }
void Progress::note(std::string_view text) { picture_->line(std::string(text)); }
void Progress::finish() { picture_->erase(); }

Progress::Style Progress::style_for(bool quiet) noexcept {
  if (quiet) return Style::none;
  return is_terminal(out) ? Style::live : Style::lines;
}

}  // namespace mortise::cli

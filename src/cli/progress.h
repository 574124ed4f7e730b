// Progress of one run on standard error, from its events: lines that change in place on a terminal, one line per event
// elsewhere.
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <string_view>

#include "mortise/value.hpp"

namespace mortise::cli {

class Progress {
 public:
  enum class Style { none, lines, live };
  enum class Detail { normal, trace };

  Progress(Style style, Detail detail);
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;
  ~Progress();

  void on_event(std::string_view type, const Value& data);
  void tick();                       // redraws what moves
  void note(std::string_view text);  // one line between the others
  void finish();                     // leaves the last picture standing

  // None when nobody looks, live on a terminal, else lines.
  [[nodiscard]] static Style style_for(bool quiet) noexcept;

 private:
  class Picture;
  std::unique_ptr<Picture> picture_;
};

}  // namespace mortise::cli

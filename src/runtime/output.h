// Output: what a worker prints, taken from its two pipes line by line, whether somebody waits for it or not.
//
// A worker can never block on printing and never make the host grow: the pipes are always drained, lines are cut at 64 KiB,
// and of each call the first MiB is kept, the rest counted and said once. Bytes that are not UTF-8 become U+FFFD.
//
// Between begin() and end() lines belong to a call and wait in take(); otherwise they go to the log. The last lines of
// standard error are kept to explain a death. Thread-safe.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <functional>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "base/log.h"
#include "os/fd.h"
#include "runtime/reactor.h"

namespace mortise::runtime {

struct OutputLimits {
  std::size_t line = 64U << 10;
  std::size_t call = 1U << 20;
  std::size_t last_lines = 20;       // of standard error
  std::size_t last_bytes = 4U << 10;  // of them together
};

class Output {
 public:
  enum class Stream : std::uint8_t { out, err };
  struct Line {
    Stream stream;
    std::string text;
  };

  // The reading ends of the pipes. `news` is called (on the reactor's thread) when lines of a call wait.
  Output(Reactor& reactor, Log log, os::Fd out, os::Fd err, std::function<void()> news, OutputLimits limits = {});
  ~Output();

  void begin();
  // Reads what is in the pipes now and returns the lines that wait for the call.
  [[nodiscard]] std::vector<Line> collect();
  // Only what was read already.
  [[nodiscard]] std::vector<Line> take();
  // The same as collect(), also of an unfinished line, and how many bytes were dropped since begin().
  struct Rest {
    std::vector<Line> lines;
    std::uint64_t dropped = 0;
  };
  [[nodiscard]] Rest end();
  // The last lines of standard error, joined.
  [[nodiscard]] std::string last_words();

 private:
  struct Pipe {
    os::Fd end;
    Stream stream = Stream::out;
    bool ended = false;
    std::string part;  // of the line that has not ended
  };
  void readable();
  void drain(Pipe& pipe, std::size_t most);
  void drain_both(std::size_t most);
  void split(Pipe& pipe, std::string_view bytes);
  void finish_line(Pipe& pipe);
  void renew_allowance();
  void remember(const std::string& text);

  Reactor& reactor_;
  const Log log_;
  const std::function<void()> news_;
  const OutputLimits limits_;
  std::mutex mutex_;
  std::array<Pipe, 2> pipes_;
  os::Fd either_;          // readable when one of them is; asking it is cheaper than asking both
  Reactor::Id watch_ = 0;
  bool in_call_ = false;
  std::vector<Line> lines_;
  std::size_t kept_ = 0;          // bytes since begin(), or since the last call ended
  std::uint64_t dropped_ = 0;
  Clock::time_point allowance_since_{};
  std::deque<std::string> last_;
  std::size_t last_size_ = 0;
};

[[nodiscard]] std::string_view name_of(Output::Stream stream) noexcept;  // "stdout"

}  // namespace mortise::runtime

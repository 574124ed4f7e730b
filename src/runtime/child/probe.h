// Probe: a plugin for the tests of the worker library.
#pragma once

#include <array>
#include <atomic>
#include <cstring>
#include <mortise/plugin.hpp>
#include <thread>

#include "data/tensor.h"

namespace mortise::runtime::child {

// Does what the tests ask of it, one method each.
struct Probe : Plugin {
  explicit Probe(const Value& config) {
    if (config.has("fail")) throw Error(Code::invalid, "bad config");
    ++alive;
  }
  ~Probe() override { --alive; }

  void initialize(mortise::Call&) override { ++initialized; }

  Value call(mortise::Call& call) override {
    const std::string_view method = call.method();
    const Value& input = call.input();
    if (method == "echo") return input;
    if (method == "ask") return answer_or_word(call.context(input.as_string()));
    if (method == "service") return call.service("models", "find", input);
    if (method == "keep") {
      kept = input;
      return {};
    }
    if (method == "kept") return kept_sum();
    if (method == "fill") return filled(call, input.as_int64());
    if (method == "make") {
      return data::make_tensor(
          data::Dtype::uint8, {input.as_int64()},
          data::copy_of(std::vector<std::byte>(static_cast<std::size_t>(input.as_int64()), std::byte{7})));
    }
    if (method == "bad_result") return Value("\xFF");
    if (method == "fail") {
      throw Error(Code::busy, "no room", "come back").because(Error(Code::denied, "the key is gone"));
    }
    if (method == "wait") {
      while (!call.cancelled()) std::this_thread::yield();
      call.stop_if_cancelled();
    }
    if (method == "talk") {
      call.info("hello", {{"n", 1}});
      call.progress(0.5, "half");
      call.progress(-1);
      call.log(Level::error, "odd \xFF", {{"bad", "\xFF"}});
    }
    if (method == "threads") talk_from_threads(call);
    return {};
  }

  static Value answer_or_word(const std::optional<Value>& value) { return value ? *value : Value("absent"); }

  [[nodiscard]] Value kept_sum() const {
    std::int64_t sum = 0;
    for (const std::byte byte : data::tensor_bytes(kept.as_tensor())) sum += std::to_integer<int>(byte);
    return sum;
  }

  static Value filled(mortise::Call& call, std::int64_t size) {
    const std::span<std::byte> memory = call.allocate(static_cast<std::size_t>(size));
    std::memset(memory.data(), 9, memory.size());
    return data::make_tensor(data::Dtype::uint8, {size}, data::Buffer{memory, nullptr});
  }

  static void talk_from_threads(mortise::Call& call) {
    std::array<std::thread, 4> threads;
    for (std::thread& thread : threads) {
      thread = std::thread([&call] {
        for (int i = 0; i < 50; ++i) {
          call.info("from a thread");
          static_cast<void>(call.cancelled());
          static_cast<void>(call.context("k"));
        }
      });
    }
    for (std::thread& thread : threads) thread.join();
  }

  Value kept;
  static inline std::atomic<int> alive = 0;
  static inline std::atomic<int> initialized = 0;
};

inline const mortise_plugin* const probe = &detail::Entry<Probe>::table;

}  // namespace mortise::runtime::child

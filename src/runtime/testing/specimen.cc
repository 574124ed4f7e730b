// Answers each method of `call` in one way, and tells its lifecycle in the log. Its configuration may say which hook fails
// ({"fail": "start"}) or is deaf ({"deaf": "initialize", "gate": address}), and which file its cleanup leaves ({"marker":
// path}). Being deaf lasts until somebody opens the gate, an atomic<bool> of the test.
#include <atomic>
#include <chrono>
#include <fstream>
#include <mortise/leaf.hpp>
#include <mortise/plugin.hpp>
#include <stdexcept>
#include <thread>

namespace {

using mortise::Call;
using mortise::Value;

void sleep_a_moment() { std::this_thread::sleep_for(std::chrono::milliseconds(1)); }

Value be_deaf(const Value& gate) {
  const auto* open = reinterpret_cast<const std::atomic<bool>*>(static_cast<std::uintptr_t>(gate.as_int64()));
  while (!open->load()) sleep_a_moment();
  return "heard";
}

class Specimen : public mortise::Plugin {
 public:
  explicit Specimen(const Value& config) : config_(config) { hook("load", nullptr); }

  ~Specimen() override {
    if (const Value* marker = config_.find("marker")) std::ofstream(std::string(marker->as_string())) << "cleaned up";
  }

  void initialize(Call& call) override { hook("initialize", &call); }
  void start(Call& call) override { hook("start", &call); }
  void stop(Call& call) override { hook("stop", &call); }

  Value step(mortise::Step& step) override {
    step.put("extra", step.config("factor"));
    return Value::list({step.input_value(), step.name()});
  }
  Value validate(Value config, Call&) override {
    config["checked"] = true;
    return config;
  }

  Value call(Call& call) override {
    const std::string_view method = call.method();
    const Value& input = call.input();
    if (method == "echo") return input;
    if (method == "wait") return wait(call);
    if (method == "deaf") return be_deaf(input);
    if (method == "tell") return tell(call);
    if (method == "flood") return flood(call);
    if (method == "context") return call.context(input.as_string()).value_or(Value("absent"));
    if (method == "service") return call.service("Greeter", "greet", input);
    if (method == "tensor") return tensor(call);
    if (method == "greed") return static_cast<std::int64_t>(call.allocate(std::size_t{1} << 60).size());
    if (method == "count") return ++count_;
    return fail(call);
  }

 private:
  void hook(std::string_view name, Call* call) {
    const Value* fails = config_.find("fail");
    if (fails != nullptr && *fails == Value(name)) throw std::runtime_error("broken " + std::string(name));
    const Value* deaf = config_.find("deaf");
    if (deaf != nullptr && *deaf == Value(name)) be_deaf(config_.at("gate"));
    if (call != nullptr) call->info(name);
  }

  static Value wait(Call& call) {
    while (!call.cancelled()) sleep_a_moment();
    call.stop_if_cancelled();
    return {};
  }

  static Value tell(Call& call) {
    call.warning("warned", {{"rows", 12}});
    call.debug("no \xFF fields");
    call.progress(0.5, "half");
    call.progress(7);
    return call.deadline().has_value();
  }

  static Value flood(Call& call) {
    for (int i = 0; i < 12'000; ++i) call.info("record");
    for (int i = 1; i <= 1'000; ++i) call.progress(i / 1000.0, "part");
    return {};
  }

  static Value tensor(Call& call) {
    auto memory = call.allocate(3 * sizeof(double));
    auto* numbers = reinterpret_cast<double*>(memory.data());
    for (int i = 0; i < 3; ++i) numbers[i] = i + 0.5;
    return mortise::make_tensor(MORTISE_DTYPE_FP64, {3}, numbers, nullptr);
  }

  [[noreturn]] static Value fail(Call& call) {
    if (call.method() == "fail_error") {
      throw mortise::Error(mortise::Code::invalid, "bad input", "send a better one")
          .with("key", "x")
          .because(mortise::Error(mortise::Code::not_found, "no x"));
    }
    if (call.method() == "fail_std") throw std::runtime_error("api_key is required");
    if (call.method() == "fail_nested") {
      try {
        throw std::out_of_range("inner");
      } catch (...) {
        std::throw_with_nested(std::runtime_error("outer"));
      }
    }
    if (call.method() == "fail_int") throw 5;
    throw mortise::Error(mortise::Code::unsupported, "no such method");
  }

  const Value config_;
  std::int64_t count_ = 0;
};

}  // namespace

MORTISE_PLUGIN(Specimen)

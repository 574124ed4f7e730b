#include <algorithm>

#include "data/json_spot.h"
#include "runtime/wire/compact.h"
#include "runtime/wire/header.h"
#include "runtime/wire/message.h"

namespace mortise::runtime {
namespace {

constexpr std::size_t max_segments = 1u << 20;

// A value that breaks the rules of values is for the one who sent it to hear about.
template <typename Read>
void value_or_refusal(std::optional<Error>& refused, const Read& read) {
  try {
    read();
  } catch (const Error& error) {
    refused = error;
  }
}

void read_outcome(const Header& from, Value& value, std::optional<Error>& error, std::optional<Error>& refused) {
  const std::string_view status = from.text("status");
  if (status == "ok") {
    value_or_refusal(refused, [&] { value = from.value("value"); });
    return;
  }
  const auto code = code_named(status);
  if (!code) broken("unknown status '" + std::string(status) + "'");
  dom::element part;
  error = from.find("error", part) && part.is_object() ? read_error(from.inner("error"), *code)
                                                       : Error(*code, "it failed and did not say why");
}

// ---- from the host ----

Message read_hello(const Header& from) {
  message::Hello hello;
  hello.protocol = static_cast<std::int64_t>(from.positive("protocol"));
  hello.host = from.text("host");
  const Header plugin = from.inner("plugin");
  hello.plugin_id = plugin.text("id");
  hello.plugin_path = plugin.text("path");
  hello.plugin_entry = plugin.text("entry");
  hello.plugin_name = plugin.text("name");
  hello.plugin_version = plugin.text("version");
  hello.adapter = plugin.text("adapter");
  hello.object = plugin.text("object");
  hello.limits = from.map("limits");
  return hello;
}

Message read_lifecycle(const Header& from) {
  message::Lifecycle lifecycle;
  lifecycle.id = from.positive("id");
  const std::string_view word = from.text("verb");
  for (const Verb verb : {Verb::load, Verb::initialize, Verb::start, Verb::stop, Verb::cleanup}) {
    if (name_of(verb) != word) continue;
    lifecycle.verb = verb;
    lifecycle.timeout_ms = from.timeout();
    value_or_refusal(lifecycle.refused, [&] { lifecycle.config = from.map("config"); });
    return lifecycle;
  }
  broken("unknown verb '" + std::string(word) + "'");
}

Message read_call(const Header& from) {
  message::Call call;
  call.id = from.positive("id");
  call.method = from.text("method");
  call.timeout_ms = from.timeout();
  call.operation = operation_of_word(from.text("op"));
  if (call.operation == 0) {
    call.refused = Error(Code::unsupported, "unknown operation '" + std::string(from.text("op")) + "'");
  } else {
    value_or_refusal(call.refused, [&] { call.input = from.value("input"); });
  }
  return call;
}

Message read_cancel(const Header& from) { return message::Cancel{from.positive("id")}; }

Message read_reply(const Header& from) {
  message::Reply reply;
  reply.id = from.positive("id");
  read_outcome(from, reply.value, reply.error, reply.error);
  return reply;
}

Message read_arena(const Header& from) {
  const std::string_view access = from.text("access");
  if (access != "read" && access != "write") broken("unknown access '" + std::string(access) + "'");
  return message::Arena{from.arena(), from.positive("size"),
                        access == "read" ? message::Access::read : message::Access::write};
}

Message read_drop(const Header& from) { return message::Drop{from.arena()}; }

Message read_ring_offer(const Header& from) { return message::RingOffer{from.positive("capacity")}; }

Message read_bye(const Header&) { return message::Bye{}; }

// ---- from the worker ----

bool has_feature(const Header& from, std::string_view wanted) {
  dom::element found;
  dom::array features;
  if (!from.find("features", found)) return false;
  if (found.get(features) != simdjson::SUCCESS) broken("'features' is not a list");
  for (const dom::element one : features) {
    std::string_view word;
    if (one.get(word) == simdjson::SUCCESS && word == wanted) return true;
  }
  return false;
}

bool flag(const Header& from, std::string_view key) {
  dom::element found;
  bool value = false;
  return from.find(key, found) && found.get(value) == simdjson::SUCCESS && value;
}

Message read_ring_answer(const Header& from) {
  message::RingAnswer answer;
  answer.taken = flag(from, "taken");
  answer.futex = flag(from, "futex");
  answer.why = from.text("why");
  return answer;
}

Message read_ready(const Header& from) {
  message::Ready ready;
  ready.protocol = static_cast<std::int64_t>(from.positive("protocol"));
  ready.sdk = from.text("sdk");
  ready.language = from.text("language");
  ready.pid = static_cast<std::int64_t>(from.count("pid"));
  ready.ring = has_feature(from, "ring");
  ready.compact = has_feature(from, "compact");
  return ready;
}

Message read_result(const Header& from) {
  message::Result result;
  result.id = from.positive("id");
  result.copied = from.count("copied");
  read_outcome(from, result.value, result.error, result.refused);
  return result;
}

Message read_log(const Header& from) {
  message::Log log;
  log.id = from.count("id");
  log.level = log_level_of_word(from.text("level"));
  if (log.level == 0) broken("unknown level '" + std::string(from.text("level")) + "'");
  log.text = from.text("message");
  std::optional<Error> refused;
  value_or_refusal(refused, [&] { log.fields = from.map("fields"); });
  if (refused) log.fields = Value::map({{"fields_refused", refused->what()}});
  return log;
}

Message read_progress(const Header& from) {
  message::Progress progress;
  progress.id = from.positive("id");
  progress.note = from.text("note");
  dom::element fraction;
  double number = 0;
  if (from.find("fraction", fraction) && !fraction.is_null()) {
    if (fraction.get(number) != simdjson::SUCCESS) broken("'fraction' is not a number");
    progress.fraction = std::clamp(number, 0.0, 1.0);
  }
  return progress;
}

Message read_request(const Header& from) {
  using What = message::Request::What;
  message::Request request;
  request.id = from.positive("id");
  request.call = from.positive("call");
  const std::string_view what = from.text("what");
  if (what == "context") {
    request.what = What::context;
    request.key = from.text("key");
  } else if (what == "service") {
    request.what = What::service;
    request.service = from.text("service");
    request.method = from.text("method");
    value_or_refusal(request.refused, [&] { request.input = from.value("input"); });
  } else if (what == "arena") {
    request.what = What::arena;
    request.size = from.positive("size");
  } else {
    broken("unknown request '" + std::string(what) + "'");
  }
  return request;
}

struct Type {
  std::string_view word;
  From from;
  Message (*read)(const Header&);
};

constexpr Type types[] = {
    {"call", From::host, read_call},
    {"result", From::worker, read_result},
    {"progress", From::worker, read_progress},
    {"log", From::worker, read_log},
    {"request", From::worker, read_request},
    {"reply", From::host, read_reply},
    {"lifecycle", From::host, read_lifecycle},
    {"cancel", From::host, read_cancel},
    {"arena", From::host, read_arena},
    {"drop", From::host, read_drop},
    {"hello", From::host, read_hello},
    {"ready", From::worker, read_ready},
    {"bye", From::host, read_bye},
    {"ring", From::host, read_ring_offer},
    {"ring", From::worker, read_ring_answer},
};

// An unreadable number somewhere in the values of the message: its receiver answers that.
Error wild_number() { return {Code::invalid, "a number is beyond int64 or float64"}; }

void refuse_numbers(Message& message) {
  const Error error = wild_number();
  std::visit(
      [&](auto& one) {
        if constexpr (requires { one.refused; }) {
          one.refused = error;
        } else if constexpr (std::is_same_v<std::decay_t<decltype(one)>, message::Reply>) {
          one.error = error;
        } else {
          throw Error(Code::invalid, std::string("broken message: ") + error.what());
        }
      },
      message);
}

}  // namespace

struct MessageReader::State {
  State(From from_whom, const data::DecodeOptions& options) : from(from_whom), decoder(options) {}

  Message read(const Frame& frame, data::BulkReader* bulk);
  Message read_short(const Frame& frame, data::BulkReader* bulk);
  // Parses, and hands the text's root to `use`. True: a number in it is beyond int64 or float64, and stands as 0.
  template <typename Use>
  bool parse(std::string_view text, const Use& use);
  void prepare_parser(std::size_t size);
  Message interpret(const dom::element& root, const Frame& frame, data::BulkReader* bulk);
  void split_segments(const Header& header, std::span<const std::byte> all);

  From from;
  data::WireDecoder decoder;
  std::unique_ptr<dom::parser> parser;
  std::vector<data::Bytes> segments;
};

// The parser keeps the memory that usual messages need, and not what one large message needed.
void MessageReader::State::prepare_parser(std::size_t size) {
  constexpr std::size_t usual = 16u << 10;
  constexpr std::size_t kept = 1u << 20;
  if (parser != nullptr && parser->capacity() >= size && (parser->capacity() <= kept || size > kept)) return;
  parser = std::make_unique<dom::parser>();
  if (parser->allocate(std::max(size, usual), data::max_wire_json_depth) != simdjson::SUCCESS) {
    parser.reset();
    throw Error(Code::busy, "no memory to read a message of " + std::to_string(size) + " bytes");
  }
}

template <typename Use>
bool MessageReader::State::parse(std::string_view text, const Use& use) {
  prepare_parser(text.size());
  dom::element root;
  auto failure = parser->parse(text.data(), text.size(), false).get(root);
  if (failure == simdjson::SUCCESS) {
    use(root);
    return false;
  }
  std::string copy(text);
  if (failure == simdjson::NUMBER_ERROR && data::blank_wild_numbers(copy)) {
    failure = parser->parse(copy.data(), copy.size(), true).get(root);
    if (failure == simdjson::SUCCESS) {
      use(root);
      return true;
    }
  }
  if (const auto spot = data::find_json_error(copy, data::max_wire_json_depth)) {
    throw data::json_error("broken message", copy, *spot);
  }
  broken(simdjson::error_message(failure));
}

Message MessageReader::State::read(const Frame& frame, data::BulkReader* bulk) {
  if (is_compact(frame.header)) return read_short(frame, bulk);
  std::optional<Message> message;
  const std::string_view text(reinterpret_cast<const char*>(frame.header.data()), frame.header.size());
  const bool wild = parse(text, [&](const dom::element& root) { message = interpret(root, frame, bulk); });
  if (wild) refuse_numbers(*message);
  return *std::move(message);
}

Message MessageReader::State::read_short(const Frame& frame, data::BulkReader* bulk) {
  const CompactHeader header = read_compact(frame, from, segments);
  decoder.begin(segments, bulk);
  Value value;
  std::optional<Error> refused;
  if (header.form == CompactForm::text) {
    value = header.value;
  } else {
    const bool wild = parse(header.value, [&](const dom::element& root) {
      value_or_refusal(refused, [&] { value = decoder.decode(root); });
    });
    if (wild) refused = wild_number();
  }
  if (from == From::worker) return message::Result{header.id, std::move(value), {}, header.number, std::move(refused), true};
  const auto timeout = static_cast<std::int64_t>(std::min(header.number, longest_timeout_ms));
  if (operation_word(header.operation).empty()) {
    refused = Error(Code::unsupported, "unknown operation " + std::to_string(header.operation));
  }
  return message::Call{header.id, header.operation, std::string(header.method), std::move(value), timeout, std::move(refused), true};
}

Message MessageReader::State::interpret(const dom::element& root, const Frame& frame, data::BulkReader* bulk) {
  dom::object object;
  if (root.get(object) != simdjson::SUCCESS) broken("the header is not an object");
  const Header header(object, decoder);
  split_segments(header, frame.segments);
  decoder.begin(segments, bulk);
  const std::string_view word = header.text("t");
  for (const Type& type : types) {
    if (type.word == word && type.from == from) return type.read(header);
  }
  broken("unknown type '" + std::string(word) + "'");
}

void MessageReader::State::split_segments(const Header& header, std::span<const std::byte> all) {
  segments.clear();
  dom::element found;
  if (header.find("segments", found)) {
    dom::array sizes;
    if (found.get(sizes) != simdjson::SUCCESS) broken("'segments' is not a list");
    for (const dom::element item : sizes) {
      if (segments.size() >= max_segments) broken("more than " + std::to_string(max_segments) + " segments");
      std::uint64_t size = 0;
      if (!item.is<std::uint64_t>() || item.get(size) != simdjson::SUCCESS || size > all.size()) {
        broken("the sizes of the segments do not add up");
      }
      segments.push_back(all.first(size));
      all = all.subspan(size);
    }
  }
  if (!all.empty()) broken("the sizes of the segments do not add up");
}

MessageReader::MessageReader(From from, data::DecodeOptions options) : state_(std::make_unique<State>(from, options)) {}
MessageReader::MessageReader(MessageReader&&) noexcept = default;
MessageReader& MessageReader::operator=(MessageReader&&) noexcept = default;
MessageReader::~MessageReader() = default;

Message MessageReader::read(const Frame& frame, data::BulkReader* bulk) { return state_->read(frame, bulk); }

std::uint64_t MessageReader::copied() const noexcept { return state_->decoder.copied(); }

}  // namespace mortise::runtime

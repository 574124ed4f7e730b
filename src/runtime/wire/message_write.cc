#include <algorithm>
#include <cmath>

#include "base/json_text.h"
#include "base/utf8.h"
#include "data/text.h"
#include "runtime/wire/compact.h"
#include "runtime/wire/message.h"

namespace mortise::runtime {
namespace {

// Writes the members of one JSON object. Texts that people wrote (errors, logs) may be any bytes and are repaired; the
// others are refused unless they are UTF-8.
class Fields {
 public:
  explicit Fields(data::WireEncoder& encoder) : encoder_(encoder), out_(encoder.text()) {}

  void key(std::string_view name) {
    out_.append(first_ ? "\"" : ",\"").append(name).append("\":");
    first_ = false;
  }
  void text(std::string_view name, std::string_view text) {
    key(name);
    data::put_string(out_, text);
  }
  void repaired(std::string_view name, std::string_view text) {
    key(name);
    if (data::is_utf8(text)) {
      data::put_string(out_, text);
    } else {
      append_json_string(out_, text);
    }
  }
  void number(std::string_view name, std::int64_t number) {
    key(name);
    data::put_number(out_, number);
  }
  void flag(std::string_view name, bool flag) {
    key(name);
    raw(flag ? "true" : "false");
  }
  void raw(std::string_view json) { out_.append(json); }
  void number(std::string_view name, std::uint64_t number) { this->number(name, static_cast<std::int64_t>(number)); }
  void value(std::string_view name, const Value& value) {
    key(name);
    encoder_.append(value);
  }
  template <typename Write>
  void object(std::string_view name, const Write& write) {
    key(name);
    out_ += '{';
    Fields inner(encoder_);
    write(inner);
    out_ += '}';
  }

  // {"message", "hint", "details", "cause"}
  void error(const Error& error, std::uint32_t depth = 1) {
    repaired("message", utf8_prefix(error.what(), max_error_text));
    if (!error.hint().empty()) repaired("hint", utf8_prefix(error.hint(), max_error_text));
    if (!error.details().empty()) object("details", [&](Fields& inner) { inner.details(error.details()); });
    if (error.cause() == nullptr || depth >= max_cause_depth) return;
    object("cause", [&](Fields& inner) {
      inner.text("code", name_of(error.cause()->code()));
      inner.error(*error.cause(), depth + 1);
    });
  }

  void outcome(const Value& value, const std::optional<Error>& failed) {
    if (!failed) {
      text("status", "ok");
      this->value("value", value);
    } else {
      text("status", name_of(failed->code()));
      object("error", [&](Fields& inner) { inner.error(*failed); });
    }
  }

 private:
  void details(const Error::Details& details) {
    const auto end = details.begin() + static_cast<std::ptrdiff_t>(std::min(details.size(), max_error_details));
    for (auto one = details.begin(); one != end; ++one) {
      const auto same = [&](const auto& other) { return other.first == one->first; };
      if (data::is_utf8(one->first) && std::none_of(details.begin(), one, same)) {
        repaired(one->first, utf8_prefix(one->second, max_error_text));
      }
    }
  }

  data::WireEncoder& encoder_;
  std::string& out_;
  bool first_ = true;
};

void write(Fields& to, const message::Hello& hello) {
  to.number("protocol", hello.protocol);
  to.text("host", hello.host);
  to.object("plugin", [&](Fields& plugin) {
    plugin.text("id", hello.plugin_id);
    plugin.text("path", hello.plugin_path);
    plugin.text("entry", hello.plugin_entry);
    plugin.text("name", hello.plugin_name);
    plugin.text("version", hello.plugin_version);
    if (!hello.adapter.empty()) plugin.text("adapter", hello.adapter);
    if (!hello.object.empty()) plugin.text("object", hello.object);
  });
  to.value("limits", hello.limits);
}

void write(Fields& to, const message::Lifecycle& lifecycle) {
  to.number("id", lifecycle.id);
  to.text("verb", name_of(lifecycle.verb));
  if (lifecycle.verb == Verb::load) to.value("config", lifecycle.config);
  to.number("timeout_ms", lifecycle.timeout_ms);
}

void write(Fields& to, const message::Call& call) {
  to.number("id", call.id);
  to.text("op", operation_word(call.operation));
  if (call.operation == MORTISE_OP_CALL) to.text("method", call.method);
  to.number("timeout_ms", call.timeout_ms);
  to.value("input", call.input);
}

void write(Fields& to, const message::Cancel& cancel) { to.number("id", cancel.id); }

void write(Fields& to, const message::Reply& reply) {
  to.number("id", reply.id);
  to.outcome(reply.value, reply.error);
}

void write(Fields& to, const message::Arena& arena) {
  to.number("arena", std::uint64_t{arena.arena});
  to.number("size", arena.size);
  to.text("access", arena.access == message::Access::read ? "read" : "write");
}

void write(Fields& to, const message::Drop& drop) { to.number("arena", std::uint64_t{drop.arena}); }

void write(Fields& to, const message::RingOffer& offer) { to.number("capacity", offer.capacity); }

void write(Fields& to, const message::RingAnswer& answer) {
  to.flag("taken", answer.taken);
  to.flag("futex", answer.futex);
  if (!answer.taken) to.repaired("why", answer.why);
}

void write(Fields&, const message::Bye&) {}

void write(Fields& to, const message::Ready& ready) {
  to.number("protocol", ready.protocol);
  to.text("sdk", ready.sdk);
  to.text("language", ready.language);
  to.number("pid", ready.pid);
  if (!ready.ring && !ready.compact) return;
  to.key("features");
  to.raw(ready.ring && ready.compact ? R"(["ring","compact"])" : ready.ring ? R"(["ring"])" : R"(["compact"])");
}

void write(Fields& to, const message::Result& result) {
  to.number("id", result.id);
  to.outcome(result.value, result.error);
  to.number("copied", result.copied);
}

void write(Fields& to, const message::Log& log) {
  to.number("id", log.id);
  to.text("level", log_level_word(log.level));
  to.repaired("message", log.text);
  to.value("fields", log.fields);
}

void write(Fields& to, const message::Progress& progress) {
  to.number("id", progress.id);
  to.value("fraction", progress.fraction >= 0 ? Value(std::min(progress.fraction, 1.0)) : Value());
  to.repaired("note", progress.note);
}

void write(Fields& to, const message::Request& request) {
  using What = message::Request::What;
  to.number("id", request.id);
  to.number("call", request.call);
  switch (request.what) {
    case What::context:
      to.text("what", "context");
      to.text("key", request.key);
      return;
    case What::service:
      to.text("what", "service");
      to.text("service", request.service);
      to.text("method", request.method);
      to.value("input", request.input);
      return;
    case What::arena:
      to.text("what", "arena");
      to.number("size", request.size);
      return;
  }
}

}  // namespace

void MessageWriter::write_json(const Message& message) {
  std::string& text = encoder_.text();
  text += '{';
  Fields fields(encoder_);
  fields.text("t", name_of(message));
  std::visit([&](const auto& one) { runtime::write(fields, one); }, message);
  if (!encoder_.segments().empty()) {
    fields.key("segments");
    char separator = '[';
    for (const data::Bytes& segment : encoder_.segments()) {
      text += separator;
      data::put_number(text, static_cast<std::int64_t>(segment.size()));
      separator = ',';
    }
    text += ']';
  }
  text += '}';
}

OutgoingFrame MessageWriter::write(const Message& message, data::BulkWriter* bulk) {
  encoder_.begin(bulk);
  std::string& text = encoder_.text();
  text.append(frame_prefix_size, '\0');
  if (!write_compact(encoder_, message)) write_json(message);

  const std::size_t header_size = text.size() - frame_prefix_size;
  if (header_size > max_header_size) {
    throw Error(Code::invalid, "a message of " + std::to_string(header_size) + " bytes of JSON; the limit is 16777216",
                "send long data as a table, a tensor or bytes");
  }
  FramePrefix prefix;
  prefix.header_size = static_cast<std::uint32_t>(header_size);
  prefix.segments_size = static_cast<std::uint32_t>(encoder_.segments_size());
  const bool brings_memory =
      std::holds_alternative<message::Arena>(message) || std::holds_alternative<message::RingOffer>(message);
  prefix.descriptors = brings_memory ? 1 : 0;
  const auto head = std::as_writable_bytes(std::span(text));
  write_prefix(prefix, head.first<frame_prefix_size>());
  return {head, encoder_.segments(), prefix.frame_size()};
}

}  // namespace mortise::runtime

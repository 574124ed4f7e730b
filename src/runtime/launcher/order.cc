#include "runtime/launcher/order.h"

#include <cstring>

namespace mortise::runtime::launcher {
namespace {

enum class Tag : std::uint32_t { order = 0x4d4f5231, prepare = 0x4d505231, lend = 0x4d4c4431, started = 0x4d535431, refused = 0x4d524631, died = 0x4d444931 };

using sandbox::Reader;
using sandbox::Writer;

void check_program(const std::vector<std::string>& arguments) {
  if (arguments.empty() || arguments.front().empty() || arguments.front().front() != '/') {
    throw Error(Code::invalid, "an order must name its program by an absolute path");
  }
}

void write(Writer& out, const ZygoteWords& words) {
  out.texts(words.arguments);
  out.texts(words.environment);
  out.number(words.after);
}

ZygoteWords read_words(Reader& in) {
  ZygoteWords words;
  words.arguments = in.texts();
  words.environment = in.texts();
  words.after = in.number<std::uint32_t>();
  check_program(words.arguments);
  return words;
}

void write(Writer& out, const std::optional<ZygoteWords>& words) {
  out.number(static_cast<std::uint8_t>(words.has_value()));
  if (words) write(out, *words);
}

std::optional<ZygoteWords> read_words_if_any(Reader& in) {
  return in.choice<std::uint8_t>(1) != 0 ? std::optional(read_words(in)) : std::nullopt;
}

Lend read_lend(Reader& in) {
  Lend lend;
  (void)in.number<std::uint64_t>();
  lend.group = in.number<std::uint64_t>();
  lend.words = read_words_if_any(in);
  return lend;
}

Order read_order(Reader& in) {
  Order order;
  order.id = in.number<std::uint64_t>();
  order.arguments = in.texts();
  order.environment = in.texts();
  order.folder = in.text();
  order.policy = sandbox::read_policy(in);
  order.why_no_zygote = in.text();
  order.group = in.number<std::uint64_t>();
  order.zygote = read_words_if_any(in);
  check_program(order.arguments);
  return order;
}

}  // namespace

std::vector<std::byte> encode(const Prepare& prepare) {
  Writer out;
  out.number(Tag::prepare);
  out.number(std::uint64_t{0});  // where an order has its id
  write(out, prepare.words);
  return out.take();
}

std::vector<std::byte> encode(const Order& order) {
  Writer out;
  out.number(Tag::order);
  out.number(order.id);
  out.texts(order.arguments);
  out.texts(order.environment);
  out.text(order.folder);
  sandbox::write(out, order.policy);
  out.text(order.why_no_zygote);
  out.number(order.group);
  write(out, order.zygote);
  return out.take();
}

std::vector<std::byte> encode(const Lend& lend) {
  Writer out;
  out.number(Tag::lend);
  out.number(std::uint64_t{0});  // where an order has its id
  out.number(lend.group);
  write(out, lend.words);
  return out.take();
}

Request decode_request(std::span<const std::byte> packet) {
  Reader in(packet);
  Request request;
  switch (in.number<Tag>()) {
    case Tag::order: request = read_order(in); break;
    case Tag::prepare:
      (void)in.number<std::uint64_t>();
      request = Prepare{read_words(in)};
      break;
    case Tag::lend: request = read_lend(in); break;
    default: throw Error(Code::invalid, "a packet is not an order");
  }
  in.end();
  return request;
}

std::uint64_t order_id(std::span<const std::byte> packet) noexcept {
  std::uint64_t id = 0;
  if (packet.size() >= sizeof(Tag) + sizeof id) std::memcpy(&id, packet.data() + sizeof(Tag), sizeof id);
  return id;
}

std::vector<std::byte> encode(const Report& report) {
  Writer out;
  if (const auto* started = std::get_if<Started>(&report)) {
    out.number(Tag::started);
    out.number(started->id);
    out.number(started->pid);
    out.text(started->cold.substr(0, 1024));
  } else if (const auto* refused = std::get_if<Refused>(&report)) {
    out.number(Tag::refused);
    out.number(refused->id);
    out.number(refused->error);
    out.text(refused->what.substr(0, 1024));
  } else {
    const Died& died = std::get<Died>(report);
    out.number(Tag::died);
    out.number(died.pid);
    out.number(died.wait_status);
    out.number(died.user_microseconds);
    out.number(died.system_microseconds);
    out.number(died.peak_resident);
  }
  return out.take();
}

Report decode_report(std::span<const std::byte> packet) {
  Reader in(packet);
  Report report;
  switch (in.number<Tag>()) {
    case Tag::started: {
      Started started;
      started.id = in.number<std::uint64_t>();
      started.pid = in.number<std::int32_t>();
      started.cold = in.text();
      report = started;
      break;
    }
    case Tag::refused: {
      Refused refused;
      refused.id = in.number<std::uint64_t>();
      refused.error = in.number<std::int32_t>();
      refused.what = in.text();
      report = refused;
      break;
    }
    case Tag::died: {
      Died died;
      died.pid = in.number<std::int32_t>();
      died.wait_status = in.number<std::int32_t>();
      died.user_microseconds = in.number<std::uint64_t>();
      died.system_microseconds = in.number<std::uint64_t>();
      died.peak_resident = in.number<std::uint64_t>();
      report = died;
      break;
    }
    default: throw Error(Code::invalid, "a packet is not a report");
  }
  in.end();
  return report;
}

}  // namespace mortise::runtime::launcher

#include "runtime/launcher/order.h"

#include <cstring>

namespace mortise::runtime::launcher {
namespace {

enum class Tag : std::uint32_t { order = 0x4d4f5231, started = 0x4d535431, refused = 0x4d524631, died = 0x4d444931 };

using sandbox::Reader;
using sandbox::Writer;

void check(const Order& order) {
  if (order.arguments.empty() || order.arguments.front().empty() || order.arguments.front().front() != '/') {
    throw Error(Code::invalid, "an order must name its program by an absolute path");
  }
}

}  // namespace

std::vector<std::byte> encode(const Order& order) {
  Writer out;
  out.number(Tag::order);
  out.number(order.id);
  out.texts(order.arguments);
  out.texts(order.environment);
  out.text(order.folder);
  write(out, order.policy);
  return out.take();
}

Order decode_order(std::span<const std::byte> packet) {
  Reader in(packet);
  if (in.number<Tag>() != Tag::order) throw Error(Code::invalid, "a packet is not an order");
  Order order;
  order.id = in.number<std::uint64_t>();
  order.arguments = in.texts();
  order.environment = in.texts();
  order.folder = in.text();
  order.policy = sandbox::read_policy(in);
  in.end();
  check(order);
  return order;
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

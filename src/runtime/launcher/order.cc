#include "runtime/launcher/order.h"

#include <algorithm>
#include <cstring>
#include <type_traits>

namespace mortise::runtime::launcher {
namespace {

enum class Tag : std::uint32_t { order = 0x4d4f5231, started = 0x4d535431, refused = 0x4d524631, died = 0x4d444931 };

class Writer {
 public:
  template <typename T>
  void number(T value) {
    static_assert(std::is_arithmetic_v<T> || std::is_enum_v<T>);
    const auto* bytes = reinterpret_cast<const std::byte*>(&value);
    bytes_.insert(bytes_.end(), bytes, bytes + sizeof value);
  }
  void text(const std::string& value) {
    number(static_cast<std::uint32_t>(value.size()));
    const auto* bytes = reinterpret_cast<const std::byte*>(value.data());
    bytes_.insert(bytes_.end(), bytes, bytes + value.size());
  }
  void texts(const std::vector<std::string>& values) {
    number(static_cast<std::uint32_t>(values.size()));
    for (const std::string& value : values) text(value);
  }
  std::vector<std::byte> take() {
    if (bytes_.size() > max_packet) {
      throw Error(Code::invalid, "arguments and environment of a worker take " + std::to_string(bytes_.size()) + " of " +
                                     std::to_string(max_packet) + " bytes",
                  "let it see fewer environment variables");
    }
    return std::move(bytes_);
  }

 private:
  std::vector<std::byte> bytes_;
};

class Reader {
 public:
  explicit Reader(std::span<const std::byte> bytes) : bytes_(bytes) {}

  template <typename T>
  T number() {
    T value{};
    need(sizeof value);
    std::memcpy(&value, bytes_.data(), sizeof value);
    bytes_ = bytes_.subspan(sizeof value);
    return value;
  }
  std::string text() {
    const auto size = number<std::uint32_t>();
    need(size);
    std::string value(reinterpret_cast<const char*>(bytes_.data()), size);
    bytes_ = bytes_.subspan(size);
    if (value.find('\0') != std::string::npos) throw Error(Code::invalid, "a text of an order has a zero byte");
    return value;
  }
  std::vector<std::string> texts() {
    const auto count = number<std::uint32_t>();
    if (count > max_strings) {
      throw Error(Code::invalid, "an order has " + std::to_string(count) + " texts, " + std::to_string(max_strings) + " are the most");
    }
    std::vector<std::string> values;
    for (std::uint32_t i = 0; i < count; ++i) values.push_back(text());
    return values;
  }
  void end() const {
    if (!bytes_.empty()) throw Error(Code::invalid, std::to_string(bytes_.size()) + " bytes too many in a packet");
  }

 private:
  void need(std::size_t size) const {
    if (size > bytes_.size()) {
      throw Error(Code::invalid, "a packet ends early: " + std::to_string(size) + " bytes wanted, " + std::to_string(bytes_.size()) + " there");
    }
  }
  std::span<const std::byte> bytes_;
};

void check(const Order& order) {
  if (order.arguments.empty() || order.arguments.front().empty() || order.arguments.front().front() != '/') {
    throw Error(Code::invalid, "an order must name its program by an absolute path");
  }
  if (order.open_files < 8) throw Error(Code::invalid, "a worker needs at least 8 open files, the order allows " + std::to_string(order.open_files));
  if (order.processes != 0 && !order.user) throw Error(Code::invalid, "a limit of processes needs a user of its own");
}

}  // namespace

std::vector<std::byte> encode(const Order& order) {
  Writer out;
  out.number(Tag::order);
  out.number(order.id);
  out.texts(order.arguments);
  out.texts(order.environment);
  out.text(order.folder);
  out.number(order.open_files);
  out.number(order.file_size);
  out.number(order.processes);
  out.number(static_cast<std::uint32_t>(order.user.has_value()));
  out.number(order.user.value_or(User{}).uid);
  out.number(order.user.value_or(User{}).gid);
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
  order.open_files = in.number<std::uint32_t>();
  order.file_size = in.number<std::uint64_t>();
  order.processes = in.number<std::uint32_t>();
  const bool has_user = in.number<std::uint32_t>() != 0;
  User user;
  user.uid = in.number<std::uint32_t>();
  user.gid = in.number<std::uint32_t>();
  if (has_user) order.user = user;
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

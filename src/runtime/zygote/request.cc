#include "runtime/zygote/request.h"

namespace mortise::runtime::zygote {

using sandbox::Reader;
using sandbox::Writer;

Letter letter_of(std::span<const std::byte> packet) { return Reader(packet).choice(Letter::birth); }

std::vector<std::byte> write_entrance(std::size_t doors) {
  Writer out;
  out.number(Letter::enter);
  out.number(static_cast<std::uint32_t>(doors));
  return out.take();
}

void read_entrance(std::span<const std::byte> packet, std::size_t doors) {
  Reader in(packet);
  (void)in.choice(Letter::birth);
  const auto told = in.number<std::uint32_t>();
  in.end();
  if (told != doors) throw Error(Code::invalid, "a group has " + std::to_string(told) + " doors, and " + std::to_string(doors) + " came");
}

std::vector<std::byte> write_birth(const BirthPlace& place, const sandbox::Plan& plan, std::span<const int> own, std::vector<int>& descriptors) {
  descriptors.assign(own.begin(), own.end());
  Writer out;
  out.number(Letter::birth);
  out.number(static_cast<std::uint32_t>(own.size()));
  out.texts(place.arguments);
  out.texts(place.environment);
  out.text(place.folder);
  out.text(place.mark);
  out.number(static_cast<std::uint8_t>(place.has_network));
  sandbox::write(out, plan, descriptors);
  return out.take();
}

ReceivedBirth read_birth(std::span<const std::byte> packet, const std::vector<int>& descriptors) {
  Reader in(packet);
  ReceivedBirth birth;
  (void)in.choice(Letter::birth);
  const auto own = in.number<std::uint32_t>();
  if (own < 3 || own > descriptors.size()) throw Error(Code::invalid, "a birth has " + std::to_string(own) + " of " + std::to_string(descriptors.size()) + " descriptors");
  birth.own.assign(descriptors.begin(), descriptors.begin() + own);
  birth.place.arguments = in.texts();
  birth.place.environment = in.texts();
  birth.place.folder = in.text();
  birth.place.mark = in.text();
  birth.place.has_network = in.choice<std::uint8_t>(1) != 0;
  birth.plan = sandbox::read_plan(in, descriptors);
  in.end();
  if (birth.place.has_network && own < 4) throw Error(Code::invalid, "a birth has a network and no way out");
  return birth;
}

}  // namespace mortise::runtime::zygote

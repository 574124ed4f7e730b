#include "runtime/zygote/request.h"

namespace mortise::runtime::zygote {

using sandbox::Reader;
using sandbox::Writer;

std::vector<std::byte> write_birth(const BirthPlace& place, const sandbox::Plan& plan, std::span<const int> own, std::vector<int>& descriptors) {
  descriptors.assign(own.begin(), own.end());
  Writer out;
  out.number(static_cast<std::uint32_t>(own.size()));
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
  const auto own = in.number<std::uint32_t>();
  if (own < 3 || own > descriptors.size()) throw Error(Code::invalid, "a birth has " + std::to_string(own) + " of " + std::to_string(descriptors.size()) + " descriptors");
  birth.own.assign(descriptors.begin(), descriptors.begin() + own);
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

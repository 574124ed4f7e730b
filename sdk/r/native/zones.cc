#include "zones.h"

#include <cctype>

namespace mortise::r {

std::string zone_in_r(std::string_view arrow) {
  const bool offset = arrow.size() == 6 && (arrow[0] == '+' || arrow[0] == '-') && arrow[3] == ':';
  if (arrow.empty() || arrow == "Z") return "UTC";
  if (!offset) return std::string(arrow);
  if (arrow.substr(4) != "00" || std::isdigit(arrow[1]) == 0 || std::isdigit(arrow[2]) == 0) return "UTC";
  const int hours = (arrow[1] - '0') * 10 + (arrow[2] - '0');
  if (hours == 0 || hours > 12) return "UTC";
  return std::string("Etc/GMT") + (arrow[0] == '+' ? '-' : '+') + std::to_string(hours);
}

}  // namespace mortise::r

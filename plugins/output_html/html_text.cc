#include "output_html/html_text.h"

namespace mortise::plugins {
namespace {

// "26 °C" and "43 %" stay in one line.
std::string joined_units(std::string text) {
  for (const std::string_view unit : {" \u00b0", " %"}) {
    for (std::size_t at = text.find(unit); at != std::string::npos; at = text.find(unit, at + 1)) {
      if (at > 0 && text[at - 1] >= '0' && text[at - 1] <= '9') text.replace(at, 1, "\u00a0");
    }
  }
  return text;
}

}  // namespace

std::string escaped(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (const char c : text) {
    switch (c) {
      case '&': out += "&amp;"; break;
      case '<': out += "&lt;"; break;
      case '>': out += "&gt;"; break;
      case '"': out += "&quot;"; break;
      case '\'': out += "&#39;"; break;
      default:
        if (static_cast<unsigned char>(c) < 0x20 && c != '\n' && c != '\t') {
          out += "\xef\xbf\xbd";  // a control character has no place in a page
        } else {
          out += c;
        }
    }
  }
  return out;
}

std::string element(const std::string& name, const std::string& attributes, const std::string& content) {
  return "<" + name + (attributes.empty() ? "" : " " + attributes) + ">" + content + "</" + name + ">";
}

std::string paragraphs(const std::string& text) {
  std::string out;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find("\n\n", at), text.size());
    const std::string part = text.substr(at, end - at);
    if (part.find_first_not_of(" \n\t") != std::string::npos) out += element("p", "", escaped(joined_units(part)));
    at = end + 2;
  }
  return out;
}

}  // namespace mortise::plugins

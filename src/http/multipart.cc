#include "http/multipart.h"

#include <algorithm>

#include "base/error.h"

namespace mortise::http {
namespace {

constexpr std::size_t most_parts = 64;
constexpr std::size_t longest_headers = 8'192;
constexpr std::size_t longest_boundary = 70;  // RFC 2046

Error broken(const std::string& what) {
  return Error(Code::invalid, "the form is broken: " + what, "send multipart/form-data, as `curl -F file=@package.tar.gz` does").with("key", "body");
}

std::string lower(std::string_view text) {
  std::string made(text);
  for (char& c : made) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  return made;
}

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t' || text.back() == '\r')) text.remove_suffix(1);
  return text;
}

// The value of `name=value` or `name="va\"lue"` among the parameters behind the first ';'.
std::string parameter(std::string_view header, std::string_view name) {
  for (std::size_t at = header.find(';'); at != std::string_view::npos && at < header.size();) {
    std::size_t equals = header.find_first_of("=;", ++at);
    if (equals == std::string_view::npos) break;
    if (header[equals] == ';') {
      at = equals;
      continue;
    }
    const std::string key = lower(trimmed(header.substr(at, equals - at)));
    std::string value;
    at = equals + 1;
    if (at < header.size() && header[at] == '"') {
      for (++at; at < header.size() && header[at] != '"'; ++at) {
        if (header[at] == '\\' && at + 1 < header.size() && (header[at + 1] == '"' || header[at + 1] == '\\')) ++at;
        value += header[at];
      }
      at = header.find(';', at);
    } else {
      const std::size_t end = std::min(header.find(';', at), header.size());
      value = trimmed(header.substr(at, end - at));
      at = end == header.size() ? std::string_view::npos : end;
    }
    if (key == name) return value;
  }
  return {};
}

std::string boundary_of(std::string_view content_type) {
  std::string boundary = parameter(content_type, "boundary");
  if (boundary.empty() || boundary.size() > longest_boundary) throw broken("its Content-Type names no usable boundary");
  return boundary;
}

void read_header(std::string_view line, FormPart& part) {
  const std::size_t colon = line.find(':');
  if (colon == std::string_view::npos) throw broken("a part has a header without a colon");
  const std::string name = lower(trimmed(line.substr(0, colon)));
  const std::string_view value = trimmed(line.substr(colon + 1));
  if (name == "content-disposition") {
    if (!lower(value).starts_with("form-data")) throw broken("a part is no form-data");
    part.name = parameter(value, "name");
    part.file_name = parameter(value, "filename");
  } else if (name == "content-type") {
    part.content_type = value;
    if (is_multipart(value)) throw broken("a part is multipart itself");
  } else if (name == "content-transfer-encoding" && lower(value) != "binary" && lower(value) != "8bit" && lower(value) != "7bit") {
    throw broken("a part is encoded as " + std::string(value.substr(0, 40)));
  }
}

// The headers of a part and the empty line behind them are taken off.
FormPart part_of(std::string_view text) {
  FormPart part;
  std::size_t read = 0;
  while (true) {
    const std::size_t end = text.find("\r\n");
    read += end;
    if (end == std::string_view::npos || read > longest_headers) throw broken("a part's headers do not end");
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(end + 2);
    if (line.empty()) break;
    read_header(line, part);
  }
  if (part.name.empty()) throw broken("a part has no name");
  part.content = text;
  return part;
}

}  // namespace

bool is_multipart(std::string_view content_type) noexcept {
  constexpr std::string_view wanted = "multipart/";
  if (content_type.size() < wanted.size()) return false;
  return std::equal(wanted.begin(), wanted.end(), content_type.begin(), [](char a, char b) { return a == (b >= 'A' && b <= 'Z' ? b - 'A' + 'a' : b); });
}

std::vector<FormPart> parse_multipart(std::string_view content_type, std::string_view body) {
  const std::string mark = "--" + boundary_of(content_type);
  std::size_t at = body.starts_with(mark) ? 0 : body.find("\r\n" + mark);
  if (at == std::string_view::npos) throw broken("the boundary is not in the body");
  if (at != 0) at += 2;
  std::vector<FormPart> parts;
  while (true) {
    at += mark.size();
    if (body.substr(at).starts_with("--")) return parts;
    const std::size_t line_end = body.find("\r\n", at);
    if (line_end == std::string_view::npos || !trimmed(body.substr(at, line_end - at)).empty()) throw broken("a boundary's line goes on");
    const std::size_t begin = line_end + 2;
    // An empty part's end is the line end that its boundary's line has.
    const std::size_t end = body.find("\r\n" + mark, begin);
    if (end == std::string_view::npos) throw broken("it ends in the middle of a part");
    if (parts.size() == most_parts) throw broken("it has more than " + std::to_string(most_parts) + " parts");
    parts.push_back(part_of(body.substr(begin, end - begin)));
    at = end + 2;
  }
}

FormPart form_file(const Request& request, std::string_view name) {
  const std::string_view type = request.header("content-type");
  if (is_multipart(type)) {
    for (FormPart& part : parse_multipart(type, request.body)) {
      if (part.name == name) return std::move(part);
    }
  }
  throw Error(Code::invalid, "field required", "send the package as the field '" + std::string(name) + "' of multipart/form-data, as `curl -F " + std::string(name) + "=@package.tar.gz` does")
      .with("lacking", std::string(name));
}

std::string form_text(const Request& request, std::string_view name) {
  const std::string_view type = request.header("content-type");
  if (!is_multipart(type)) return {};
  for (const FormPart& part : parse_multipart(type, request.body)) {
    if (part.name == name) return std::string(part.content);
  }
  return {};
}

}  // namespace mortise::http

#include "dialects/omniscope/projects.h"

#include "base/error.h"
#include "http/body.h"
#include "os/paths.h"
#include "scaffold/project.h"

namespace mortise::dialects::omniscope {
namespace {

std::vector<std::string> texts_in(const Value& body, const char* key, const char* otherwise) {
  const Value* all = body.find(key);
  if (all == nullptr || all->is_null()) return {otherwise};
  const Error wrong = Error(Code::invalid, std::string(key) + " is no list of texts").with("key", key);
  if (!all->is(Kind::list)) throw wrong;
  std::vector<std::string> texts;
  for (const Value& each : all->items()) {
    if (!each.is(Kind::string)) throw wrong;
    texts.emplace_back(each.as_string());
  }
  return texts;
}

std::string text_or(const Value& body, const char* key, const char* otherwise) {
  std::string text = http::text_of(body, key);
  return text.empty() ? otherwise : text;
}

}  // namespace

Value create_project(const Surroundings& host, const http::Request& request) {
  const Value body = http::object_of(request);
  scaffold::Request wanted;
  wanted.wanted = {"omniscope", text_or(body, "language", "python"), ""};
  wanted.name = http::required_text(body, "name");
  wanted.present = host.folder;
  wanted.author = http::text_of(body, "author");
  wanted.description = http::text_of(body, "description");
  wanted.category = text_or(body, "category", "analysis");
  wanted.tags = texts_in(body, "tags", "custom");
  wanted.extension_points = texts_in(body, "extension_points", "analysis");
  // The templates lie beside what the dialects need, in a source tree and in an installation.
  const scaffold::Project made = scaffold::make_project(os::join(os::parent_of(host.shims), "templates"), wanted);
  Value files = Value::list();
  for (const std::string& file : made.files) files.push_back(file);
  return Value::map({{"message", "Plugin project created successfully"},
                     {"name", made.name},
                     {"plugin_path", made.folder},
                     {"files", files}});
}

}  // namespace mortise::dialects::omniscope

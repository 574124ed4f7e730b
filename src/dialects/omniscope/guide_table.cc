#include "dialects/omniscope/guide_table.h"

#include "data/value_json.h"

namespace mortise::dialects::omniscope {
namespace {

using http::Response;

// Details that are whole documents have keys of their own.
struct Document {
  const char *detail, *key;
  int status;  // 0: that of the error's code
};
constexpr Document documents[] = {{"scan", "security_scan", 400}, {"dependencies", "dependency_resolution", 400}, {"change", "change", 0}};

}  // namespace

Response guide_error(const Error& error) {
  Value body = Value::map();
  const std::string_view lacking = error.detail("lacking");
  if (!lacking.empty()) {
    body.set("detail", Value::list({Value::map({{"loc", Value::list({"body", lacking})}, {"msg", error.what()}, {"type", "value_error.missing"}})}));
    return Response::json(body, 422);
  }
  body.set("detail", error.describe());
  Value told = http::error_body(error);
  int status = meaning(error.code()).http_status;
  for (const Document& document : documents) {
    const std::string_view text = error.detail(document.detail);
    if (text.empty()) continue;
    body.set(document.key, data::parse_json(text));
    told["details"].erase(document.detail);
    if (document.status != 0) status = document.status;
  }
  for (const char* key : {"code", "hint", "details"}) body.set(key, told.at(key));
  return Response::json(body, status);
}

}  // namespace mortise::dialects::omniscope

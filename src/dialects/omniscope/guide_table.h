// The guide's own way of answering: {"detail": ...}, as clients of FastAPI know it, on every one of its routes.
#pragma once

#include "base/error.h"
#include "http/router.h"

namespace mortise::dialects::omniscope {

// {"detail": text, "code", "hint", "details"}; a body that lacks something is answered as its validator does: 422 and a list of places.
// A refused package brings its `security_scan`, one that lacks something its `dependency_resolution`, an update its `change`.
[[nodiscard]] http::Response guide_error(const Error& error);

// Adds routes that answer so.
class GuideTable {
 public:
  explicit GuideTable(http::Router& router) : router_(router) {}
  GuideTable& add(http::Route route) {
    route.tag = "analysis plugins";
    route.error_body = guide_error;
    router_.add(std::move(route));
    return *this;
  }

 private:
  http::Router& router_;
};

}  // namespace mortise::dialects::omniscope

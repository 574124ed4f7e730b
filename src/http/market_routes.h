// The routes of marketplaces, one file each. Internal to this folder.
#pragma once

#include <string>

#include "http/api.h"
#include "market/listing.h"
#include "mortise/value.hpp"

namespace mortise::http {

void add_market_routes(Router& router, const Api& api);         // market_routes.cc: search, look, rate, review
void add_market_keeper_routes(Router& router, const Api& api);  // market_keeper_routes.cc: publish, decide, sign, export
void add_market_source_routes(Router& router, const Api& api);  // market_source_routes.cc: the marketplaces of others
void add_market_file_routes(Router& router, const Api& api);    // market_file_routes.cc: the static files

// Who rates or reviews: the token, the operator; or who the body of a request without a token says (`user_id`), else "anonymous".
[[nodiscard]] std::string opinion_of(const Request& request, std::string_view user_id);

// A member of a body. Error{invalid} that names the key.
[[nodiscard]] std::string text_member(const Value& body, const char* key);              // empty when absent
[[nodiscard]] std::optional<bool> flag_member(const Value& body, const char* key);
[[nodiscard]] std::int64_t stars_member(const Value& body);  // of `rating`
// "downloads", "rating", "recent".
[[nodiscard]] market::Query::Sort sort_named(std::string_view word);

}  // namespace mortise::http

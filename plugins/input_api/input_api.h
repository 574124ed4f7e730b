// Input.api: what an HTTP interface answers, page by page, as rows.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "input_api/http_client.h"
#include "input_file/input_file.h"
#include "mortise/value.hpp"

namespace mortise::plugins {

struct ApiSpec {
  enum class Format { detect, json, csv, text, binary };
  enum class Paging { none, page, offset, cursor, link };

  HttpRequest request;
  Format format = Format::detect;
  std::string
      rows;  // where in a JSON answer the rows are: "data.items"; empty: the answer, or its `rows`, `data`, `items`, `results`
  bool fail_on_status = true;
  FileSpec csv;

  int attempts = 3;
  double backoff = 0.5;      // seconds before the second attempt; doubled for each one after it
  double longest_wait = 60;  // whatever Retry-After says

  Paging paging = Paging::none;
  std::string page_param, size_param, cursor_path;
  std::int64_t start = 1, size = 0, max_pages = 1'000;
  std::int64_t limit = -1;  // rows
};

// Throws Error{invalid} with the key.
[[nodiscard]] ApiSpec read_api_spec(const Value& config);

struct ApiHost {
  std::function<bool()> cancelled;
  std::function<void(const std::string& message, std::int64_t attempt, double wait)> retrying;
};

// {status_code, headers, url, data, rows?, row_count?, columns?, column_count?, pages}
[[nodiscard]] Value call_api(const ApiSpec& spec, const ApiHost& host);

}  // namespace mortise::plugins

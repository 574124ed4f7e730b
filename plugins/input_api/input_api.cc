#include "input_api/input_api.h"

#include <arrow/record_batch.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <thread>
#include <utility>

#include "input_file/json_reader.h"
#include "lib/json_text.h"
#include "lib/options.h"
#include "lib/rows.h"
#include "lib/table.h"

namespace mortise::plugins {
namespace {

std::string text_of(const Value& value, const std::string& key) {
  switch (value.kind()) {
    case Kind::string: return std::string(value.as_string());
    case Kind::boolean:
    case Kind::int64:
    case Kind::float64: return json_text(value);
    default: throw wrong_option(key, "a text or a number", value);
  }
}

void read_pairs(const Options& options, std::string_view key, std::vector<std::pair<std::string, std::string>>& pairs) {
  const Options map = options.map(key);
  if (map.value().is_null()) return;
  for (const Member& member : map.value().members()) {
    const std::string path = map.path(member.key());
    if (member.value().is_null()) continue;
    if (member.value().is(Kind::list)) {
      for (const Value& item : member.value().items()) pairs.emplace_back(member.key(), text_of(item, path));
    } else {
      pairs.emplace_back(member.key(), text_of(member.value(), path));
    }
    const bool broken = pairs.back().second.find_first_of("\r\n") != std::string::npos && key == "headers";
    if (broken) throw wrong_option(path, "a text of one line", member.value());
  }
}

double seconds(const Options& options, std::string_view key, double otherwise) {
  const Value* value = options.find(key);
  if (value == nullptr) return otherwise;
  const double given = value->is(Kind::int64)     ? static_cast<double>(value->as_int64())
                       : value->is(Kind::float64) ? value->as_float64()
                                                  : -1;
  if (!(given > 0 && given <= 86'400)) throw wrong_option(options.path(key), "seconds, more than 0", *value);
  return given;
}

bool has_header(const HttpRequest& request, std::string_view wanted) {
  return std::any_of(request.headers.begin(), request.headers.end(), [&](const auto& header) {
    return std::equal(header.first.begin(), header.first.end(), wanted.begin(), wanted.end(),
                      [](char a, char b) { return std::tolower(static_cast<unsigned char>(a)) == b; });
  });
}

void read_body(const Options& options, HttpRequest& request) {
  const Value* data = options.find("data");
  if (data == nullptr) return;
  request.has_body = true;
  if (data->is(Kind::string)) {
    request.body = data->as_string();
    return;
  }
  request.body = json_text(*data);
  if (!has_header(request, "content-type")) request.headers.emplace_back("Content-Type", "application/json");
}

void read_paging(const Options& options, ApiSpec& spec) {
  const Options paging = options.map("paging");
  if (paging.value().is_null()) return;
  paging.only({"by", "param", "size_param", "size", "start", "cursor", "max_pages"});
  const std::string by = paging.required_text("by");
  (void)paging.choice("by", {"page", "offset", "cursor", "link"});
  spec.paging = by == "page"     ? ApiSpec::Paging::page
                : by == "offset" ? ApiSpec::Paging::offset
                : by == "cursor" ? ApiSpec::Paging::cursor
                                 : ApiSpec::Paging::link;
  spec.page_param = paging.text("param", by == "link" ? "" : by);
  spec.size_param = paging.text("size_param", "");
  spec.size = paging.integer("size", 1).value_or(0);
  spec.start = paging.integer("start", 0).value_or(by == "page" ? 1 : 0);
  spec.max_pages = paging.integer("max_pages", 1, 1'000'000).value_or(1'000);
  spec.cursor_path = paging.text("cursor", "");
  if (by == "cursor" && spec.cursor_path.empty()) {
    throw Error(Code::invalid, "paging.cursor is required",
                "where the next cursor stands in the answer: meta.next_cursor")
        .with("key", "paging.cursor");
  }
}

// "a.b.0" in a JSON value; null when there is none.
const Value* find_path(const Value& value, std::string_view path) {
  const Value* at = &value;
  while (!path.empty()) {
    const std::string_view part = path.substr(0, path.find('.'));
    path.remove_prefix(std::min(path.size(), part.size() + 1));
    if (at->is(Kind::list)) {
      std::size_t index = 0;
      const auto [end, error] = std::from_chars(part.data(), part.data() + part.size(), index);
      if (error != std::errc() || end != part.data() + part.size() || index >= at->size()) return nullptr;
      at = &(*at)[index];
    } else {
      at = at->find(part);
      if (at == nullptr) return nullptr;
    }
  }
  return at;
}

// The list of rows in a JSON answer, or null.
const Value* rows_in(const Value& answer, const ApiSpec& spec) {
  if (!spec.rows.empty()) {
    const Value* rows = find_path(answer, spec.rows);
    if (rows != nullptr && rows->is(Kind::list)) return rows;
    throw Error(Code::invalid, "rows: the answer has no list at '" + spec.rows + "'",
                "the answer is " + describe(answer) + "; name the place of the rows in it")
        .with("key", "rows")
        .with("got", describe(answer));
  }
  if (answer.is(Kind::list)) return &answer;
  for (const char* key : {"rows", "data", "items", "results"}) {
    const Value* rows = answer.find(key);
    if (rows != nullptr && rows->is(Kind::list)) return rows;
  }
  return nullptr;
}

bool are_rows(const Value& list) {
  return std::all_of(list.items().begin(), list.items().end(), [](const Value& row) { return row.is(Kind::map); });
}

class Api {
 public:
  Api(const ApiSpec& spec, const ApiHost& host) : spec_(spec), host_(host), client_(host.cancelled) {}

  Value call() {
    HttpRequest request = spec_.request;
    begin_paging(request);
    HttpResponse last;
    Value data;
    while (true) {
      last = with_retry(request);
      ++pages_;
      data = read(last);
      const std::size_t count = gather(data);
      if (!next_page(request, last, data, count)) break;
    }
    return finish(last, std::move(data));
  }

 private:
  // ---- one request

  static bool may_pass(long status) { return status == 429 || status == 408 || (status >= 500 && status != 501); }

  HttpResponse with_retry(const HttpRequest& request) {
    for (int attempt = 1;; ++attempt) {
      double wait = spec_.backoff;
      for (int i = 1; i < attempt; ++i) wait *= 2;
      std::string why;
      try {
        HttpResponse response = client_.send(request);
        if (!may_pass(response.status) || attempt >= spec_.attempts) return checked(std::move(response), request);
        why = "status " + std::to_string(response.status);
        double asked = 0;
        const std::string after = response.header("retry-after");
        const auto [end, error] = std::from_chars(after.data(), after.data() + after.size(), asked);
        if (error == std::errc() && end == after.data() + after.size()) wait = std::max(wait, asked);
      } catch (const Error& error) {
        const bool passes = error.code() == Code::busy || error.code() == Code::timeout;
        if (!passes || attempt >= spec_.attempts) throw;
        why = error.what();
      }
      pause(std::min(wait, spec_.longest_wait), why, attempt);
    }
  }

  void pause(double wait, const std::string& why, int attempt) {
    if (host_.retrying) host_.retrying(why, attempt, wait);
    const auto until = std::chrono::steady_clock::now() + std::chrono::duration<double>(wait);
    while (std::chrono::steady_clock::now() < until) {
      if (host_.cancelled()) throw Error(Code::cancelled, "cancelled");
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
  }

  HttpResponse checked(HttpResponse response, const HttpRequest& request) const {
    if (response.status < 400 || !spec_.fail_on_status) return response;
    const long status = response.status;
    const Code code = status == 401 || status == 403   ? Code::denied
                      : status == 404 || status == 410 ? Code::not_found
                      : status == 409                  ? Code::conflict
                      : may_pass(status)               ? Code::busy
                                                       : Code::invalid;
    std::string body = response.body.substr(0, 500);
    if (find_bad_byte(body)) body = "(bytes)";
    throw Error(code,
                request.method + " " + shown_url(request.url) + " answered " + std::to_string(status) + ": " + body,
                code == Code::denied ? "does the request carry its token? See `headers`"
                                     : "`fail_on_status: false` takes any answer")
        .with("status", std::to_string(status));
  }

  // ---- its answer

  [[nodiscard]] ApiSpec::Format format_of(const HttpResponse& response) const {
    if (spec_.format != ApiSpec::Format::detect) return spec_.format;
    const std::string type = response.header("content-type");
    const auto has = [&](std::string_view word) { return type.find(word) != std::string::npos; };
    if (has("json")) return ApiSpec::Format::json;
    if (has("csv") || has("tab-separated")) return ApiSpec::Format::csv;
    if (has("text/") || has("xml") || has("javascript")) return ApiSpec::Format::text;
    const std::size_t first = response.body.find_first_not_of(" \r\n\t");
    const bool json = first != std::string::npos && (response.body[first] == '{' || response.body[first] == '[');
    return json                           ? ApiSpec::Format::json
           : find_bad_byte(response.body) ? ApiSpec::Format::binary
                                          : ApiSpec::Format::text;
  }

  Value read(const HttpResponse& response) {
    const std::string where = shown_url(response.url);
    if (response.body.empty()) return {};
    switch (format_of(response)) {
      case ApiSpec::Format::json: {
        const FileText text = check_file_text(where, response.body);
        return read_json(text.bytes, where);
      }
      case ApiSpec::Format::csv: {
        const SourceOptions options = spec_.csv.source;
        tables_.push_back(
            table_of_csv({[&] { return text_of_bytes(where, response.body, options); }}, spec_.csv).table);
        return {};
      }
      case ApiSpec::Format::binary: return Value::bytes(response.body);
      default: return Value(check_file_text(where, response.body).bytes);
    }
  }

  // The rows of this page; how many there are.
  std::size_t gather(const Value& data) {
    if (!tables_.empty()) return static_cast<std::size_t>(tables_.back()->num_rows());
    const Value* rows = rows_in(data, spec_);
    if (rows == nullptr || !are_rows(*rows)) return rows == nullptr ? 0 : rows->size();
    has_rows_ = true;
    if (spec_.paging != ApiSpec::Paging::none) {
      for (const Value& row : rows->items()) rows_.push_back(row);
    } else {
      rows_ = *rows;
    }
    return rows->size();
  }

  // ---- pages

  void begin_paging(HttpRequest& request) const {
    const bool counted = spec_.paging == ApiSpec::Paging::page || spec_.paging == ApiSpec::Paging::offset;
    if (counted) request.params.emplace_back(spec_.page_param, std::to_string(spec_.start));
    if (!spec_.size_param.empty() && spec_.size > 0)
      request.params.emplace_back(spec_.size_param, std::to_string(spec_.size));
  }

  static void set(HttpRequest& request, const std::string& name, std::string value) {
    for (auto& [known, old] : request.params) {
      if (known != name) continue;
      old = std::move(value);
      return;
    }
    request.params.emplace_back(name, std::move(value));
  }

  bool next_page(HttpRequest& request, const HttpResponse& response, const Value& data, std::size_t count) {
    if (spec_.paging == ApiSpec::Paging::none) return false;
    gathered_ += static_cast<std::int64_t>(count);
    if (spec_.limit >= 0 && gathered_ >= spec_.limit) return false;
    const bool by_count = spec_.paging == ApiSpec::Paging::page || spec_.paging == ApiSpec::Paging::offset;
    if (by_count && (count == 0 || (spec_.size > 0 && static_cast<std::int64_t>(count) < spec_.size))) return false;
    if (!turn(request, response, data)) return false;
    if (pages_ >= spec_.max_pages) {
      throw Error(Code::invalid, "there are more than " + std::to_string(spec_.max_pages) + " pages",
                  "raise paging.max_pages, or set a limit of rows")
          .with("key", "paging.max_pages");
    }
    return true;
  }

  bool turn(HttpRequest& request, const HttpResponse& response, const Value& data) {
    switch (spec_.paging) {
      case ApiSpec::Paging::page: set(request, spec_.page_param, std::to_string(spec_.start + pages_)); return true;
      case ApiSpec::Paging::offset:
        set(request, spec_.page_param, std::to_string(spec_.start + gathered_));
        return true;
      case ApiSpec::Paging::cursor: {
        const Value* cursor = find_path(data, spec_.cursor_path);
        if (cursor == nullptr || cursor->is_null()) return false;
        const std::string text = text_of(*cursor, "paging.cursor");
        if (text.empty() || text == "false") return false;
        set(request, spec_.page_param, text);
        return true;
      }
      case ApiSpec::Paging::link: return follow_link(request, response);
      default: return false;
    }
  }

  // Link: <https://...?page=2>; rel="next", of the same host: the headers may hold a secret.
  static bool follow_link(HttpRequest& request, const HttpResponse& response) {
    const std::string link = response.header("link");
    for (std::size_t at = 0; at < link.size();) {
      const std::size_t open = link.find('<', at);
      const std::size_t close = link.find('>', open);
      if (open == std::string::npos || close == std::string::npos) return false;
      const std::size_t end = std::min(link.find(",", close), link.size());
      const std::string about = link.substr(close, end - close);
      at = end + 1;
      if (about.find("rel=\"next\"") == std::string::npos && about.find("rel=next") == std::string::npos) continue;
      std::string next = link.substr(open + 1, close - open - 1);
      const auto host_of = [](const std::string& url) { return url.substr(0, url.find('/', url.find("://") + 3)); };
      if (next.starts_with('/')) next = host_of(response.url) + next;
      if (host_of(next) != host_of(response.url)) {
        throw Error(Code::denied, "the next page is on another host: " + shown_url(next),
                    "a token in `headers` would go there; call that host by its own step");
      }
      request.url = next;
      request.params.clear();  // they are in the link
      return true;
    }
    return false;
  }

  Value finish(const HttpResponse& last, Value data) {
    Value headers = Value::map();
    for (const auto& [name, value] : last.headers) headers.set(name, Value(find_bad_byte(value) ? "" : value));
    Value result = Value::map({{"status_code", static_cast<std::int64_t>(last.status)},
                               {"headers", headers},
                               {"url", shown_url(last.url)},
                               {"pages", pages_}});
    Batch table;
    if (!tables_.empty()) {
      table = joined(tables_, tables_.front()->schema());
    } else if (has_rows_) {
      table = table_of_rows(rows_, "the answer", TextDates::infer);
    }
    if (spec_.paging == ApiSpec::Paging::none || !has_rows_) result.set("data", std::move(data));
    if (table) add_table(result, spec_.limit >= 0 ? table->Slice(0, spec_.limit) : table);
    return result;
  }

  static void add_table(Value& result, const Batch& table) {
    Value names = Value::list();
    for (const std::string& name : column_names(*table)) names.push_back(Value(name));
    result.set("columns", names);
    result.set("row_count", table->num_rows());
    result.set("column_count", static_cast<std::int64_t>(table->num_columns()));
    result.set("rows", write_table(table));
  }

  const ApiSpec& spec_;
  const ApiHost& host_;
  HttpClient client_;
  Value rows_ = Value::list();
  bool has_rows_ = false;
  std::vector<Batch> tables_;
  std::int64_t pages_ = 0, gathered_ = 0;
};

}  // namespace

ApiSpec read_api_spec(const Value& config) {
  const Options options(config);
  options.only({"url", "method", "headers", "params", "data", "format", "rows", "limit", "timeout", "connect_timeout",
                "attempts", "backoff", "paging", "fail_on_status", "follow_redirects", "max_bytes", "ca_file",
                "input"});
  ApiSpec spec;
  spec.request.url = options.required_text("url");
  (void)full_url(spec.request.url, {}, "url");
  spec.request.method = options.choice("method", {"GET", "POST", "PUT", "PATCH", "DELETE", "HEAD"});
  read_pairs(options, "headers", spec.request.headers);
  read_pairs(options, "params", spec.request.params);
  read_body(options, spec.request);
  spec.request.timeout = seconds(options, "timeout", 30);
  spec.request.connect_timeout = seconds(options, "connect_timeout", 10);
  spec.request.follow_redirects = options.flag("follow_redirects", true);
  spec.request.ca_file = options.text("ca_file", "");
  spec.request.max_bytes = static_cast<std::uint64_t>(
      options.integer("max_bytes", 1).value_or(static_cast<std::int64_t>(spec.request.max_bytes)));
  const std::string format = options.choice("format", {"auto", "json", "csv", "text", "binary"});
  spec.format = format == "auto"   ? ApiSpec::Format::detect
                : format == "json" ? ApiSpec::Format::json
                : format == "csv"  ? ApiSpec::Format::csv
                : format == "text" ? ApiSpec::Format::text
                                   : ApiSpec::Format::binary;
  spec.rows = options.text("rows", "");
  spec.limit = options.integer("limit", 0).value_or(-1);
  spec.attempts = static_cast<int>(options.integer("attempts", 1, 20).value_or(3));
  spec.backoff = seconds(options, "backoff", 0.5);
  spec.fail_on_status = options.flag("fail_on_status", true);
  read_paging(options, spec);
  return spec;
}

Value call_api(const ApiSpec& spec, const ApiHost& host) { return Api(spec, host).call(); }

}  // namespace mortise::plugins

#include "http/home_page.h"

namespace mortise::http {
namespace {

constexpr std::string_view head = R"(<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Mortise</title>
<style>
body { font: 16px/1.5 system-ui, sans-serif; max-width: 42rem; margin: 3rem auto; padding: 0 1rem; color: #1c2530; background: #fff; }
h1 { font-size: 1.6rem; margin-bottom: 0; }
p.version { color: #5b6673; margin-top: 0; }
code { background: #f0f3f6; padding: .1em .3em; border-radius: 3px; }
td { padding: .2rem 1.2rem .2rem 0; vertical-align: top; }
a { color: #0b5cad; }
@media (prefers-color-scheme: dark) { body { color: #dde3ea; background: #14191f; } code { background: #232b34; } a { color: #6db3f8; } p.version { color: #93a0ad; } }
</style>
</head>
<body>
<h1>Mortise</h1>
)";

constexpr std::string_view body =
    R"(<p>One host for plugins that work on data and models. This is its server; it is used by programs and by the
command <code>mortise</code>.</p>
<table>
<tr><td><a href="/api/v1/plugins">/api/v1/plugins</a></td><td>the plugins that are there</td></tr>
<tr><td><a href="/api/v1/pipelines">/api/v1/pipelines</a></td><td>the pipelines that are known</td></tr>
<tr><td><a href="/api/v1/runs">/api/v1/runs</a></td><td>what ran, and how it ended</td></tr>
<tr><td><a href="/health">/health</a></td><td>whether the server is well</td></tr>
<tr><td><a href="/metrics">/metrics</a></td><td>counts and times, for Prometheus</td></tr>
<tr><td><a href="/api/v1/doctor">/api/v1/doctor</a></td><td>what this machine has and lacks</td></tr>
<tr><td><a href="/openapi.json">/openapi.json</a></td><td>all routes, as an OpenAPI document</td></tr>
</table>
</body>
</html>
)";

}  // namespace

Response home_page(const std::string& version) {
  Response response =
      Response::text(std::string(head) + "<p class=\"version\">version " + version + "</p>\n" + std::string(body),
                     "text/html; charset=utf-8");
  response.headers.emplace_back("Content-Security-Policy",
                                "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'");
  return response;
}

}  // namespace mortise::http

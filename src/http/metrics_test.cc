#include "http/metrics.h"

#include <doctest/doctest.h>

using namespace mortise;
using namespace mortise::http;
using namespace std::chrono_literals;

namespace {
bool has(const std::string& text, std::string_view part) { return text.find(part) != std::string::npos; }
}  // namespace

TEST_CASE("requests, runs, plugins and the process are told in Prometheus' form") {
  Metrics metrics("1.2.3");
  metrics.request_answered("GET", "/health", 200, 2ms);
  metrics.request_answered("GET", "/health", 200, 2ms);
  metrics.run_started();
  metrics.run_ended("failed", 2s);
  Metrics::Scrape scrape;
  runtime::PluginStats stats;
  stats.plugin = "Input.file";
  stats.calls = 7;
  stats.failures = 2;
  stats.restarts = 1;
  stats.waiting = 5;
  stats.bytes_copied = 64;
  stats.p50 = 1ms;
  stats.p95 = 2ms;
  stats.p99 = 3ms;
  stats.longest = 4ms;
  scrape.plugins.push_back(stats);
  scrape.instances.push_back({"Input.file", "1.0.0", "RUNNING", 42, false, true, 1s, 7});
  scrape.runs_in_progress = 3;
  const std::string text = metrics.text(scrape);
  CHECK(has(text, "mortise_http_requests_total{method=\"GET\",route=\"/health\",status=\"200\"} 2"));
  CHECK(has(text, "mortise_http_request_seconds_bucket{method=\"GET\",route=\"/health\",le=\"0.0025\"} 2"));
  CHECK(has(text, "mortise_runs_started_total 1"));
  CHECK(has(text, "mortise_runs_ended_total{state=\"failed\"} 1"));
  CHECK(has(text, "mortise_run_seconds_count 1"));
  CHECK(has(text, "mortise_runs_in_progress 3"));
  CHECK(has(text, "mortise_plugin_calls_total{plugin=\"Input.file\"} 7"));
  CHECK(has(text, "mortise_plugin_failures_total{plugin=\"Input.file\"} 2"));
  CHECK(has(text, "mortise_plugin_restarts_total{plugin=\"Input.file\"} 1"));
  CHECK(has(text, "mortise_plugin_waiting_calls{plugin=\"Input.file\"} 5"));
  CHECK(has(text, "mortise_plugin_call_seconds{plugin=\"Input.file\",quantile=\"0.99\"} 0.003"));
  CHECK(has(text, "mortise_plugin_instances{plugin=\"Input.file\",state=\"busy\"} 1"));
  CHECK(has(text, "mortise_info{version=\"1.2.3\"} 1"));
  CHECK(has(text, "process_resident_memory_bytes "));
  CHECK_FALSE(has(text, "process_resident_memory_bytes 0\n"));
}

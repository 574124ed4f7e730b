"""Input.api against a real server: what it sends, what it makes of answers, how it pages and tries again."""

import json
import ssl
import subprocess
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

import pytest
from outside import eventually, run_program, step

rows = pytest.mark.rows
ITEMS = [{"id": n, "name": f"item {n}"} for n in range(7)]


class Api(BaseHTTPRequestHandler):
    """What the server answers, by path; `seen` has every request."""

    protocol_version = "HTTP/1.1"
    seen = []
    failures = {}

    def log_message(self, *_):
        pass

    def answer(self, status, body, kind="application/json", **headers):
        body = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.send_response(status)
        for name, value in {"Content-Type": kind, "Content-Length": str(len(body)), **headers}.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def respond(self):
        url = urlsplit(self.path)
        query = {key: values if len(values) > 1 else values[0] for key, values in parse_qs(url.query).items()}
        sent = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        Api.seen.append((self.command, url.path, query, dict(self.headers), sent))
        what = getattr(self, "at_" + url.path.strip("/").replace("/", "_"), None)
        return what(query, sent) if what else self.answer(404, {"error": "no such thing"})

    do_GET = do_POST = do_PUT = do_DELETE = do_HEAD = respond

    def at_health(self, query, sent):
        self.answer(200, {"status": "healthy"})

    def at_echo(self, query, sent):
        self.answer(201, {"method": self.command, "query": query, "body": sent.decode(), "token": self.headers.get("X-Token"),
                          "type": self.headers.get("Content-Type")})  # fmt: skip

    def at_items(self, query, sent):
        size = int(query.get("size", 100))
        begin = (int(query.get("page", 1)) - 1) * size if "page" in query else int(query.get("offset", 0))
        self.answer(200, {"data": {"items": ITEMS[begin : begin + size]}, "total": len(ITEMS)})

    def at_cursor(self, query, sent):
        begin = int(query.get("cursor", 0))
        after = begin + 3 if begin + 3 < len(ITEMS) else None
        self.answer(200, {"items": ITEMS[begin : begin + 3], "meta": {"next": after}})

    def at_linked(self, query, sent):
        begin = int(query.get("from", 0))
        more = {"Link": f'</linked?from={begin + 3}>; rel="next"'} if begin + 3 < len(ITEMS) else {}
        self.answer(200, ITEMS[begin : begin + 3], **more)

    def at_elsewhere(self, query, sent):
        self.answer(200, ITEMS[:1], Link='<http://192.0.2.1/x>; rel="next"')

    def at_flaky(self, query, sent):
        Api.failures[query["key"]] = Api.failures.get(query["key"], 0) + 1
        if Api.failures[query["key"]] <= int(query["times"]):
            return self.answer(503, {"error": "later"}, Retry_After="0")
        return self.answer(200, ITEMS)

    def at_table(self, query, sent):
        self.answer(200, "id;zip\r\n1;00501\r\n2;10115\r\n".encode("utf-16"), "text/csv")

    def at_moved(self, query, sent):
        self.answer(302, b"", Location="/health")

    def at_away(self, query, sent):
        self.answer(302, b"", Location="file:///etc/passwd")

    def at_large(self, query, sent):
        self.answer(200, b"x" * 100_000, "text/plain")

    def at_broken(self, query, sent):
        self.answer(200, b'{"a": [1,\n2', "application/json")

    def at_slow(self, query, sent):
        threading.Event().wait(20)

    def at_denied(self, query, sent):
        self.answer(401, {"error": "who are you?"})


@pytest.fixture(scope="module")
def api():
    server = ThreadingHTTPServer(("127.0.0.1", 0), Api)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()


def call(server, **config):
    timeout = config.pop("timeout", None)  # of the request, not of the step
    made = step("Input.api", "call", "answer", **config)
    if timeout is not None:
        made["config"]["timeout"] = timeout
    return server.execute([made])


def answer_of(server, **config):
    run = call(server, **config)
    assert run["success"], run
    return run["context"]["answer"]


def listed(answer):
    table = answer["rows"]
    return table if isinstance(table, list) else table["rows"]


@rows("M-06")
def test_a_fetch_has_the_status_the_headers_and_the_data_of_the_answer(shared_server, api):
    answer = answer_of(shared_server, url=f"{api}/health")
    assert answer["status_code"] == 200
    assert answer["data"] == {"status": "healthy"}
    assert answer["headers"]["content-type"] == "application/json"
    own = answer_of(shared_server, url=f"{shared_server.url}/health")
    assert own["status_code"] == 200 and own["data"]["status"] == "healthy"


@rows("M-06")
def test_method_headers_parameters_and_body_arrive_as_they_were_written(shared_server, api):
    answer = answer_of(
        shared_server, url=f"{api}/echo?fixed=1", method="POST", headers={"X-Token": "abc"},
        params={"q": "a b&c=ä", "tag": ["x", "y"], "n": 5}, data={"a": [1, 2.5, None]},
    )  # fmt: skip
    assert answer["status_code"] == 201
    seen = answer["data"]
    assert seen["method"] == "POST" and seen["token"] == "abc" and seen["type"] == "application/json"
    assert seen["query"] == {"fixed": "1", "q": "a b&c=ä", "tag": ["x", "y"], "n": "5"}
    assert json.loads(seen["body"]) == {"a": [1, 2.5, None]}
    plain = answer_of(shared_server, url=f"{api}/echo", method="PUT", data="as it is", headers={"Content-Type": "text/x"})
    assert (plain["data"]["method"], plain["data"]["body"], plain["data"]["type"]) == ("PUT", "as it is", "text/x")
    assert answer_of(shared_server, url=f"{api}/health", method="HEAD")["status_code"] == 200


@rows("M-06")
@pytest.mark.parametrize(
    ("path", "config", "pages"),
    [
        ("items", {"rows": "data.items", "paging": {"by": "page", "size_param": "size", "size": 3}}, 3),
        ("items", {"rows": "data.items", "paging": {"by": "offset", "size_param": "size", "size": 3}}, 3),
        ("cursor", {"paging": {"by": "cursor", "cursor": "meta.next"}}, 3),
        ("linked", {"paging": {"by": "link"}}, 3),
        ("items", {"rows": "data.items"}, 1),
    ],
)
def test_all_pages_become_one_table(shared_server, api, path, config, pages):
    answer = answer_of(shared_server, url=f"{api}/{path}", **config)
    assert listed(answer) == ITEMS
    assert (answer["pages"], answer["row_count"], answer["columns"]) == (pages, 7, ["id", "name"])
    some = answer_of(shared_server, url=f"{api}/{path}", limit=4, **config)
    assert listed(some) == ITEMS[:4] and some["pages"] <= 2


@rows("M-51")
def test_a_server_that_fails_twice_is_asked_a_third_time(shared_server, api):
    run = call(shared_server, url=f"{api}/flaky", params={"key": "twice", "times": 2}, backoff=0.01)
    assert run["success"], run
    assert listed(run["context"]["answer"]) == ITEMS
    assert Api.failures["twice"] == 3
    said = [record["message"] for record in shared_server.logs(run["run_id"])]
    assert sum("trying again: status 503" in message for message in said) == 2
    run = call(shared_server, url=f"{api}/flaky", params={"key": "more", "times": 5}, backoff=0.01, attempts=2)
    assert not run["success"] and "answered 503" in run["error"]
    assert Api.failures["more"] == 2


@rows("M-06")
def test_a_csv_answer_is_a_table_whose_values_are_what_they_were(shared_server, api):
    answer = answer_of(shared_server, url=f"{api}/table")
    assert listed(answer) == [{"id": 1, "zip": "00501"}, {"id": 2, "zip": "10115"}]


def test_answers_that_cannot_be_used_say_what_to_do(shared_server, api):
    for config, words in [
        ({"url": f"{api}/none"}, ["answered 404", "no such thing"]),
        ({"url": f"{api}/denied"}, ["answered 401", "token"]),
        ({"url": f"{api}/large", "max_bytes": 1000}, ["larger than 1000 bytes", "max_bytes"]),
        ({"url": f"{api}/broken"}, ["line 2"]),
        ({"url": f"{api}/items", "rows": "data.rows"}, ["no list at 'data.rows'"]),
        ({"url": f"{api}/slow", "timeout": 0.3, "attempts": 1}, ["timed out"]),
        ({"url": f"{api}/away"}, ["rotocol"]),
        ({"url": f"{api}/elsewhere", "paging": {"by": "link"}}, ["another host"]),
        ({"url": "http://127.0.0.1:1/x", "attempts": 1}, ["127.0.0.1:1", "is the server there?"]),
    ]:
        run = call(shared_server, **config)
        assert not run["success"], config
        for word in words:
            assert word in json.dumps(run), (config, run)
    assert answer_of(shared_server, url=f"{api}/none", fail_on_status=False)["status_code"] == 404
    moved = answer_of(shared_server, url=f"{api}/moved")
    assert moved["status_code"] == 200 and moved["url"].endswith("/health")
    assert answer_of(shared_server, url=f"{api}/moved", follow_redirects=False)["status_code"] == 302


@rows("M-66")
def test_a_cancelled_run_ends_a_request_that_waits(shared_server, api):
    run_id = shared_server.start_run([step("Input.api", "call", "answer", url=f"{api}/slow", timeout=600)])
    eventually(lambda: any(path == "/slow" for _, path, *_ in Api.seen), what="the request")
    shared_server.cancel(run_id)
    assert shared_server.finished(run_id, within=15)["state"] == "cancelled"


def test_https_is_checked_against_the_authority_that_is_named(shared_server, api, tmp_path):
    key, certificate = tmp_path / "key.pem", tmp_path / "cert.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "1",
         "-keyout", key, "-out", certificate, "-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1"],
        check=True, capture_output=True,
    )  # fmt: skip
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    server = ThreadingHTTPServer(("127.0.0.1", 0), Api)
    server.daemon_threads = True
    server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        url = f"https://127.0.0.1:{server.server_port}/health"
        assert answer_of(shared_server, url=url, ca_file=str(certificate))["data"] == {"status": "healthy"}
        run = call(shared_server, url=url)
        assert not run["success"] and run["failure"]["code"] == "denied", run
    finally:
        server.shutdown()


@rows("M-32")
def test_the_options_of_input_api_are_shown_with_their_descriptions(tmp_path):
    shown = run_program("plugin", "show", "Input.api", "--data-dir", tmp_path / "d", cwd=tmp_path)
    assert shown.returncode == 0, shown.stderr
    for word in ("url", "http or https", "timeout", "seconds for one request", "paging"):
        assert word in shown.stdout, shown.stdout

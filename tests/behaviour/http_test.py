"""The server over HTTP: what it answers, to whom, and what hostile bytes do to it."""

import json
import socket
import threading
import time

import outside
import pytest
import requests


def address_of(server):
    host, port = server.url.removeprefix("http://").rsplit(":", 1)
    return host.strip("[]"), int(port)


def raw(server, data, timeout=10, shut=False):
    """Sends these bytes on a connection of their own and gives everything that came back until the server closed it."""
    with socket.create_connection(address_of(server), timeout=timeout) as connection:
        try:
            connection.sendall(data if isinstance(data, bytes) else data.encode())
            if shut:
                connection.shutdown(socket.SHUT_WR)
        except (BrokenPipeError, ConnectionResetError):
            pass
        received = b""
        try:
            while piece := connection.recv(65536):
                received += piece
        except ConnectionResetError:
            pass
        return received


def status_of(answer):
    assert answer.startswith(b"HTTP/1."), answer[:200]
    return int(answer.split(b" ", 2)[1])


def give(value=5, name="Give", output="x"):
    return outside.step("Test.give", name=name, output=output, value=value)


def wait(server, name="wait"):
    """A step that ends when the file `server.folder/name.until` exists."""
    folder = server.folder
    return outside.step("Test.wait", name="Wait", started=str(folder / f"{name}.started"), until=str(folder / f"{name}.until"))


# ---- documents


def test_health_has_what_both_guides_expect(shared_server):
    body = shared_server.get("/health").json()
    assert body["status"] == "healthy"
    assert body["time"].endswith("Z")
    assert body["version"]
    assert body["uptime"] >= 0


def test_the_home_page_links_to_what_is_there(shared_server):
    page = shared_server.get("/")
    assert page.headers["Content-Type"].startswith("text/html")
    for link in ("/api/v1/plugins", "/api/v1/pipelines", "/api/v1/runs", "/health", "/metrics", "/openapi.json"):
        assert f'href="{link}"' in page.text
        assert shared_server.get(link).status_code == 200


def problems_with(value, schema, where="$"):
    """A JSON Schema validator for the part of the language that the document uses."""
    kinds = {"object": dict, "array": list, "string": str, "boolean": bool, "null": type(None)}
    types = schema.get("type", [])
    types = [types] if isinstance(types, str) else types

    def fits(kind):
        if kind in ("integer", "number"):
            return not isinstance(value, bool) and isinstance(value, int if kind == "integer" else (int, float))
        return isinstance(value, kinds[kind])

    if types and not any(fits(kind) for kind in types):
        return [f"{where}: expected {types}, got {value!r}"]
    if "enum" in schema and value not in schema["enum"]:
        return [f"{where}: {value!r} is none of {schema['enum']}"]
    found = []
    if isinstance(value, dict):
        found += [f"{where}: {key} is missing" for key in schema.get("required", []) if key not in value]
        for key, inner in schema.get("properties", {}).items():
            if key in value:
                found += problems_with(value[key], inner, f"{where}.{key}")
    if isinstance(value, list):
        for index, item in enumerate(value):
            found += problems_with(item, schema.get("items", {}), f"{where}[{index}]")
    return found


def test_the_openapi_document_is_valid_and_describes_what_is_answered(shared_server):
    document = shared_server.get("/openapi.json").json()
    assert document["openapi"].startswith("3.1")
    assert document["info"]["title"] and document["info"]["version"]
    seen = set()
    for path, methods in document["paths"].items():
        variables = {part[1:-1] for part in path.split("/") if part.startswith("{")}
        for method, operation in methods.items():
            assert method in ("get", "post", "put", "patch", "delete"), (path, method)
            assert operation["operationId"] not in seen
            seen.add(operation["operationId"])
            assert operation["summary"]
            described = {each["name"] for each in operation["parameters"] if each["in"] == "path"}
            assert described == variables, path
            assert all(each["required"] for each in operation["parameters"] if each["in"] == "path")
            assert any(status.startswith("2") for status in operation["responses"])
            for status, response in operation["responses"].items():
                assert response["description"]
                for content in response["content"].values():
                    reference = content["schema"].get("$ref")
                    assert reference in (None, "#/components/schemas/Error"), (path, status)
    for path in ("/health", "/api/v1/plugins", "/api/v1/pipelines", "/api/v1/runs", "/api/v1/log-level", "/api/v1/doctor"):
        schema = document["paths"][path]["get"]["responses"]["200"]["content"]["application/json"]["schema"]
        assert problems_with(shared_server.get(path).json(), schema) == []
    error = shared_server.get("/api/v1/runs/run_none")
    assert error.status_code == 404
    assert problems_with(error.json(), document["components"]["schemas"]["Error"]) == []


# ---- methods, bodies, errors


def test_methods_that_a_path_does_not_have_are_refused_with_those_it_has(shared_server):
    answer = shared_server.http.delete(shared_server.url + "/health")
    assert answer.status_code == 405
    assert answer.headers["Allow"] == "GET, HEAD, OPTIONS"
    options = shared_server.http.options(shared_server.url + "/api/v1/pipelines")
    assert options.status_code == 204
    assert options.headers["Allow"] == "GET, HEAD, POST, OPTIONS"
    head = shared_server.http.head(shared_server.url + "/health")
    assert head.status_code == 200 and head.content == b"" and int(head.headers["Content-Length"]) > 0


def test_an_unknown_plugin_is_not_found_with_exactly_the_text_of_the_guide(shared_server):
    answer = shared_server.get("/api/v1/plugins/Input.sap_erp")
    assert answer.status_code == 404
    body = answer.json()
    assert body["error"] == "plugin not found: Input.sap_erp - did you register it?"
    assert body["code"] == "not_found"
    assert body["hint"]


@pytest.mark.rows("A-02")
@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", None])
def test_json_is_read_whatever_content_type_says(shared_server, kind):
    request = {"pipeline": {"name": "P", "steps": [give()]}}
    headers = {"Content-Type": kind} if kind else {}
    answer = shared_server.http.post(
        shared_server.url + "/api/v1/pipelines/execute", data=json.dumps(request).encode(), headers=headers, timeout=60
    )
    assert answer.status_code == 200, answer.text
    assert answer.json()["data"]["context"]["x"] == 5


def test_broken_json_is_answered_with_its_line_and_column(shared_server):
    answer = shared_server.http.post(shared_server.url + "/api/v1/pipelines/execute", data=b'{"pipeline_name": "x",\n  "context": }')
    assert answer.status_code == 400
    body = answer.json()
    assert body["details"]["line"] == "2"
    assert int(body["details"]["column"]) > 10
    assert "line 2" in body["error"] or "2:" in body["error"], body["error"]


@pytest.mark.rows("A-27")
@pytest.mark.parametrize(
    ("body", "line", "column"),
    [
        (b'{"pipeline_name": "x",\n "context": {"a": 1, ...}}', 2, 22),
        (b'{"a": {...}}', 1, 8),
        ('{"ä":\n\n{"ö": ...}}'.encode(), 3, 7),
    ],
)
def test_a_body_with_dots_for_what_was_left_out_is_refused_at_the_dots(shared_server, body, line, column):
    answer = shared_server.http.post(shared_server.url + "/api/v1/pipelines/execute", data=body)
    assert answer.status_code == 400
    assert f"line {line}, column {column}:" in answer.json()["error"], answer.text
    details = answer.json()["details"]
    assert (details["line"], details["column"]) == (str(line), str(column))


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({}, ["names no pipeline"]),
        ({"pipeline_id": "a", "pipeline_file": "b"}, ["more than one"]),
        ({"pipeline_nam": "x"}, ["pipeline_nam", "pipeline_name"]),
        ({"pipeline_name": 5}, ["pipeline_name", "a text", "int64"]),
        ({"pipeline_name": "no such"}, ["pipeline not found: no such"]),
        ({"pipeline": {"name": "P", "steps": []}}, ["steps"]),
        ({"pipeline": [], "context": {}}, ["pipeline", "map", "list"]),
        ({"pipeline": {"name": "P", "steps": [{"name": "A", "plugin": "Test.give"}]}, "context": 5}, ["context", "map"]),
        ([1, 2], ["JSON object", "list"]),
    ],
    ids=str,
)
def test_a_request_that_makes_no_sense_is_refused_with_its_reason(shared_server, body, words):
    answer = shared_server.post("/api/v1/pipelines/execute", body)
    assert 400 <= answer.status_code < 500
    for word in words:
        assert word in json.dumps(answer.json()), answer.text


# ---- who may come in


@pytest.mark.parametrize("host", ["evil.example", "localhost.evil.example", "127.0.0.1.nip.io", "0.0.0.0", ""])
def test_requests_that_name_another_host_are_refused(shared_server, host):
    answer = raw(shared_server, f"GET /health HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n")
    assert status_of(answer) in (400, 403)


@pytest.mark.parametrize("origin", ["http://evil.example", "null", "http://localhost:1", "https://127.0.0.1"])
def test_pages_of_other_origins_are_refused(shared_server, origin):
    answer = shared_server.post("/api/v1/pipelines/execute", {"pipeline": {"name": "P", "steps": [give()]}}, headers={"Origin": origin})
    assert answer.status_code == 403
    assert answer.json()["code"] == "denied"


def test_the_same_origin_may_use_the_server(shared_server):
    assert shared_server.get("/health", headers={"Origin": shared_server.url}).status_code == 200


def test_files_outside_the_servers_folders_are_for_the_operator_alone(server, tmp_path_factory):
    elsewhere = tmp_path_factory.mktemp("elsewhere") / "p.json"
    elsewhere.write_text(json.dumps({"name": "P", "steps": [give()]}))
    answer = server.post("/api/v1/pipelines/execute", {"pipeline_file": str(elsewhere)})
    assert answer.status_code == 403
    (server.folder / "sneaky.json").symlink_to(elsewhere)
    assert server.post("/api/v1/pipelines/execute", {"pipeline_file": "sneaky.json"}).status_code == 403
    assert server.cli("run", elsewhere).returncode == 0


def test_a_pipeline_sent_over_loopback_sees_nothing_of_the_servers_environment(make_server):
    server = make_server(env={"MORTISE_TEST_SECRET": "open-sesame-1"})
    answer = server.post("/api/v1/pipelines/execute", {"pipeline": {"name": "P", "steps": [give("${MORTISE_TEST_SECRET}")]}})
    assert answer.status_code == 400
    assert "open-sesame-1" not in answer.text
    (server.folder / "own.json").write_text(json.dumps({"name": "P", "steps": [give("${MORTISE_TEST_SECRET}")]}))
    answer = server.post("/api/v1/pipelines/execute", {"pipeline_file": "own.json"})
    assert answer.json()["data"]["success"] is True
    assert "open-sesame-1" not in answer.text


def test_addresses_of_other_machines_are_refused(mortise):
    result = mortise("serve", "--host", "0.0.0.0", "--port", "0")
    assert result.returncode == 77
    assert "0.0.0.0" in result.stderr and "hint:" in result.stderr


# ---- hostile bytes


def huge(size):
    return b"POST /api/v1/runs HTTP/1.1\r\nHost: localhost\r\nContent-Length: " + size + b"\r\n\r\n{"


CHUNKED = b"POST /api/v1/runs HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n"

HOSTILE = {
    "a body of 10 TB": (huge(b"9999999999999"), {413}),
    "a body beyond 64 bits": (huge(b"99999999999999999999999999"), {400}),
    "a negative body": (huge(b"-5"), {400}),
    "two lengths": (b"POST /api/v1/runs HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{}", {400}),
    "length and chunks": (b"POST /api/v1/runs HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n{}", {400}),
    "a chunk beyond 64 bits": (CHUNKED + b"fffffffffffffffff\r\n", {400, 413}),
    "a chunk of 16 EiB": (CHUNKED + b"ffffffffffffffff\r\nx", {400, 413}),
    "a chunk that is no number": (CHUNKED + b"hello\r\n", {400}),
    "5000 headers": (b"GET /health HTTP/1.1\r\nHost: localhost\r\n" + b"".join(b"X-%d: y\r\n" % i for i in range(5000)) + b"\r\n", {431}),
    "a header of 1 MB": (b"GET /health HTTP/1.1\r\nHost: localhost\r\nX: " + b"y" * 1_000_000 + b"\r\n\r\n", {431}),
    "an address of 1 MB": (b"GET /" + b"a" * 1_000_000 + b" HTTP/1.1\r\nHost: localhost\r\n\r\n", {431}),
    "an address that is not UTF-8": (b"GET /api/v1/plugins/%ff%fe HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n", {400}),
    "an address with a NUL": (b"GET /api/v1/plugins/a%00b HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n", {400}),
    "a path that climbs": (b"GET /../../etc/passwd HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n", {404}),
    "an encoded path that climbs": (b"GET /api/v1/pipelines/..%2f..%2f..%2fetc%2fpasswd HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n", {404}),
    "no HTTP at all": (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\x00" * 500, {400}),
    "another protocol": (b"SSH-2.0-OpenSSH_9.2\r\n\r\n", {400}),
    "an HTTP/2 preface": (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", {400}),
    "a method that does not exist": (b"BREW /health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n", {501}),
    "CONNECT": (b"CONNECT evil.example:443 HTTP/1.1\r\nHost: evil.example:443\r\n\r\n", {400, 403, 501}),
    "no host": (b"GET /health HTTP/1.1\r\nConnection: close\r\n\r\n", {400}),
    "two hosts": (b"GET /health HTTP/1.1\r\nHost: localhost\r\nHost: localhost\r\nConnection: close\r\n\r\n", {400}),
    "a header line without a colon": (b"GET /health HTTP/1.1\r\nHost localhost\r\n\r\n", {400}),
    "a bare line feed": (b"GET /health HTTP/1.1\nHost: localhost\n\n", {400}),
}


@pytest.mark.parametrize("case", HOSTILE, ids=str)
def test_hostile_bytes_are_refused_and_the_server_goes_on(shared_server, case):
    data, statuses = HOSTILE[case]
    assert status_of(raw(shared_server, data)) in statuses
    assert shared_server.healthy()


@pytest.mark.parametrize(
    "body",
    [b"[" * 100_000, b'{"a":' * 100_000, b'{"pipeline": ' + b"[" * 200 + b"]" * 200 + b"}", b'"' + b"\xff" * 100 + b'"', b'{"a":1,"a":2}', b"1e999", b"{"],
    ids=["lists 100,000 deep", "maps 100,000 deep", "200 deep and closed", "not UTF-8", "a key twice", "a number too large", "cut off"],
)
def test_hostile_json_is_refused_and_the_server_goes_on(shared_server, body):
    answer = shared_server.http.post(shared_server.url + "/api/v1/runs", data=body, timeout=30)
    assert answer.status_code == 400
    assert answer.json()["code"] == "invalid"
    assert shared_server.healthy()


def test_a_body_beyond_the_limit_is_refused_also_when_it_comes_in_chunks(make_server, tmp_path):
    server = make_server(config=outside.config_file(tmp_path, server={"max_body": "100 kB"}))
    assert server.http.post(server.url + "/api/v1/runs", data=b"x" * 200_000).status_code == 413

    def pieces():
        for _ in range(200):
            yield b"y" * 1000

    assert server.http.post(server.url + "/api/v1/runs", data=pieces()).status_code == 413
    assert server.healthy()


def test_slow_clients_do_not_keep_others_out(make_server, tmp_path):
    server = make_server(config=outside.config_file(tmp_path, server={"max_connections": 64}))
    slow = [socket.create_connection(address_of(server)) for _ in range(50)]
    for connection in slow:
        connection.sendall(b"GET /health HTTP/1.1\r\nHost: localhost\r\nX: ")
    for _ in range(20):
        assert server.healthy()
    began = time.monotonic()
    slow[0].settimeout(30 * outside.PATIENCE)
    for piece in range(60):  # one byte now and then does not buy more time
        try:
            slow[0].sendall(b"y")
            time.sleep(0.3)
            slow[0].setblocking(False)
            if slow[0].recv(100) == b"":
                break
        except BlockingIOError:
            slow[0].setblocking(True)
        except (BrokenPipeError, ConnectionResetError):
            break
    assert time.monotonic() - began < 15 * outside.PATIENCE
    for connection in slow:
        connection.close()


def test_connections_beyond_the_limit_are_told_that_the_server_is_busy(make_server, tmp_path):
    server = make_server(config=outside.config_file(tmp_path, server={"max_connections": 5}))
    server.http.close()
    held = []
    for _ in range(5):
        connection = socket.create_connection(address_of(server))
        connection.sendall(b"GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n")
        connection.recv(1000)
        held.append(connection)
    answer = raw(server, "GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n")
    assert status_of(answer) == 503 and b"busy" in answer
    for connection in held:
        connection.close()
    outside.eventually(lambda: status_of(raw(server, "GET /health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")) == 200)


def test_a_storm_of_garbage_leaves_no_descriptor_behind(server):
    def descriptors():
        return outside.open_descriptors(server.pid)

    server.http.close()
    before = outside.eventually(descriptors)
    for round_ in range(200):
        with socket.create_connection(address_of(server)) as connection:
            connection.sendall(bytes((round_ * 7 + i * 13) % 256 for i in range(300)))
    outside.eventually(lambda: descriptors() <= before + 2, within=15, what="the end of all connections")
    assert server.healthy()


def test_pipelined_requests_are_answered_in_order(shared_server):
    request = "GET {} HTTP/1.1\r\nHost: localhost\r\n{}\r\n"
    answer = raw(shared_server, request.format("/health", "") + request.format("/nothing", "") + request.format("/health", "Connection: close\r\n"))
    assert [int(part.split(b" ", 2)[1]) for part in answer.split(b"HTTP/1.1")[1:]] == [200, 404, 200]


# ---- pipelines and runs


def test_execute_answers_as_the_guide_says_with_the_real_context(shared_server):
    answer = shared_server.post(
        "/api/v1/pipelines/execute", {"pipeline": {"name": "P", "steps": [give({"a": [1, 2.5, None]})]}, "context": {"city": "Seattle"}}
    ).json()
    assert answer["success"] is True
    data = answer["data"]
    assert data["success"] is True and data["error"] is None
    assert data["context"]["x"] == {"a": [1, 2.5, None]}
    assert data["context"]["city"] == "Seattle"
    assert data["executed_at"].endswith("Z")
    assert data["run_id"].startswith("run_")
    assert [each["outcome"] for each in data["steps"]] == ["succeeded"]
    brief = shared_server.post("/api/v1/pipelines/execute?context=false", {"pipeline": {"name": "P", "steps": [give()]}}).json()
    assert brief["data"]["success"] is True and brief["data"]["context"] is None


def test_a_run_that_fails_is_answered_with_its_step_plugin_and_cause(shared_server):
    answer = shared_server.post(
        "/api/v1/pipelines/execute", {"pipeline": {"name": "P", "steps": [outside.step("Test.fail", name="Break", message="api_key is required")]}}
    )
    assert answer.status_code == 200
    data = answer.json()["data"]
    assert data["success"] is False and data["state"] == "failed"
    for word in ("Break", "Test.fail", "api_key is required"):
        assert word in data["error"]
    assert data["failure"]["code"] and data["failure"]["error"]


def test_runs_are_started_watched_listed_and_shown(shared_server):
    answer = shared_server.post("/api/v1/pipelines/execute?wait=false", {"pipeline": {"name": "Listed", "steps": [give()]}})
    assert answer.status_code == 202
    run_id = answer.json()["data"]["run_id"]
    record = shared_server.finished(run_id)
    assert record["state"] == "succeeded" and record["name"] == "Listed"
    assert record["steps"][0]["plugin"] == "Test.give"
    assert run_id in [run["id"] for run in shared_server.get("/api/v1/runs?limit=50").json()["runs"]]
    assert shared_server.get("/api/v1/runs?name=Listed&state=failed").json()["runs"] == []
    assert shared_server.get("/api/v1/runs?limit=0").status_code == 400


def events_of(server, path, headers=None, until=None):
    """The server-sent events of a stream, until it ends or `until` holds for one."""
    found = []
    with server.http.get(server.url + path, stream=True, headers=headers, timeout=60) as answer:
        assert answer.status_code == 200, answer.text
        assert answer.headers["Content-Type"] == "text/event-stream"
        event = {}
        for line in answer.iter_lines(decode_unicode=True):
            if line:
                name, _, value = line.partition(":")
                event[name] = value.removeprefix(" ")
                continue
            if "event" in event:
                event["data"] = json.loads(event["data"])
                found.append(event)
                if until and until(event):
                    break
            event = {}
    return found


def test_what_happens_in_a_run_is_streamed_and_resumes_after_an_event(shared_server):
    run_id = shared_server.start_run([give(), give(6, "Second", "y")])
    events = events_of(shared_server, f"/api/v1/runs/{run_id}/events")
    kinds = [event["event"] for event in events]
    assert kinds[0] == "run.started" and kinds[-1] == "run.finished"
    assert kinds.count("step.finished") == 2
    assert [int(event["id"]) for event in events] == list(range(1, len(events) + 1))
    again = events_of(shared_server, f"/api/v1/runs/{run_id}/events", headers={"Last-Event-ID": events[2]["id"]})
    assert again == events[3:]
    assert shared_server.get(f"/api/v1/runs/{run_id}/events", headers={"Last-Event-ID": "x"}).status_code == 400


def test_a_run_is_cancelled_while_it_is_watched(server):
    run_id = server.start_run([wait(server)])
    seen = []
    watcher = threading.Thread(target=lambda: seen.extend(events_of(server, f"/api/v1/runs/{run_id}/events")))
    watcher.start()
    outside.eventually(lambda: server.record(run_id)["state"] == "running", what="the start of the run")
    answer = server.post(f"/api/v1/runs/{run_id}/cancel", {"reason": "enough"})
    assert answer.status_code == 202
    assert server.finished(run_id, within=10)["state"] == "cancelled"
    watcher.join(10 * outside.PATIENCE)
    assert seen[-1]["event"] == "run.finished" and seen[-1]["data"]["state"] == "cancelled"
    assert server.post(f"/api/v1/runs/{run_id}/cancel").status_code == 409
    assert server.post("/api/v1/runs/run_none/cancel").status_code == 404


def test_waiting_for_many_runs_does_not_keep_the_server_from_answering(server):
    steps = [wait(server)]
    waiting = [
        threading.Thread(target=requests.post, args=(server.url + "/api/v1/pipelines/execute",), kwargs={"json": {"pipeline": {"name": "W", "steps": steps}}})
        for _ in range(20)
    ]
    for thread in waiting:
        thread.start()
    running = outside.eventually(lambda: (found := server.get("/api/v1/runs?name=W").json()["runs"]) and len(found) == 20 and found, within=20)
    assert server.healthy()
    for run in running:
        assert server.post(f"/api/v1/runs/{run['id']}/cancel").status_code in (202, 409)
    for thread in waiting:
        thread.join(20 * outside.PATIENCE)
        assert not thread.is_alive()


def test_a_dry_run_finds_every_problem_and_runs_nothing(server):
    marker = server.folder / "marker"
    steps = [outside.step("Test.append", name="A", file=str(marker), line="x"), outside.step("Input.nothing", name="B"), outside.step("Input.nothing", name="C")]
    answer = server.post("/api/v1/pipelines/validate", {"pipeline": {"name": "P", "steps": steps}}).json()
    assert answer["valid"] is False
    assert [finding["step"] for finding in answer["findings"]] == [2, 3]
    assert not marker.exists()
    assert server.post("/api/v1/pipelines/validate", {"pipeline": {"name": "P", "steps": [give()]}}).json()["valid"] is True


def test_pipelines_are_registered_listed_executed_by_id_and_name_and_removed(server):
    pipeline = {"name": "Give five", "steps": [give()]}
    made = server.post("/api/v1/pipelines", {"pipeline": pipeline})
    assert made.status_code == 201, made.text
    identity = made.json()["id"]
    assert server.post("/api/v1/pipelines", {"pipeline": pipeline}).status_code == 409
    (server.folder / "pipelines").mkdir()
    (server.folder / "pipelines" / "two.yaml").write_text(json.dumps({"pipelines": [{"name": n, "steps": [give()]} for n in "AB"]}))
    (server.folder / "pipelines" / "broken.yaml").write_text("pipelines: {")
    listed = {each["id"]: each for each in server.get("/api/v1/pipelines").json()}
    assert set(listed) == {identity, "two#A", "two#B", "broken"}
    assert listed["broken"]["problem"]["details"]["line"]
    for request in ({"pipeline_id": identity}, {"pipeline_name": "Give five"}, {"pipeline_id": "two#B"}, {"pipeline_name": "A"}):
        assert server.post("/api/v1/pipelines/execute", request).json()["data"]["context"]["x"] == 5
    server.stop()
    server.start()
    assert server.get(f"/api/v1/pipelines/{identity}").json()["steps"][0]["plugin"] == "Test.give"
    assert server.http.delete(server.url + "/api/v1/pipelines/two%23A").status_code == 403
    assert server.http.delete(server.url + f"/api/v1/pipelines/{identity}").status_code == 200
    assert server.get(f"/api/v1/pipelines/{identity}").status_code == 404


# ---- plugins, metrics, log level


def test_plugins_are_listed_as_the_guide_says_and_shown_with_their_options(shared_server):
    listed = {each["id"]: each for each in shared_server.get("/api/v1/plugins").json()}
    assert (listed["Input.file"]["type"], listed["Input.file"]["name"]) == ("Input", "file")
    assert listed["Input.file"]["description"]
    page = shared_server.get("/api/v1/plugins/Input.file").json()
    assert page["config"]["path"]["description"]
    assert page["config_schema"]["type"] == "object"
    assert shared_server.get("/api/v1/plugins/Data_Processing.normaliser").json()["id"] == "normaliser"


def test_metrics_count_requests_runs_and_calls(server):
    run = server.run([give()])
    assert run["state"] == "succeeded"
    text = server.get("/metrics").text
    assert 'mortise_http_requests_total{method="POST",route="/api/v1/pipelines/execute",status="200"} 1' in text
    assert "mortise_runs_started_total 1" in text
    assert 'mortise_runs_ended_total{state="succeeded"} 1' in text
    calls = [line for line in text.splitlines() if line.startswith('mortise_plugin_calls_total{plugin="Test.give"}')]
    assert len(calls) == 1 and float(calls[0].split()[-1]) >= 1
    assert "process_resident_memory_bytes" in text


def test_the_log_level_changes_while_the_server_runs(make_server, tmp_path):
    server = make_server(config=outside.config_file(tmp_path, logging={"level": "warning", "format": "json"}))

    def debug_lines():
        return [line for line in server.log.read_text().splitlines() if line.startswith("{") and json.loads(line)["level"] == "debug"]

    server.run([give()])
    assert debug_lines() == []
    assert server.http.put(server.url + "/api/v1/log-level", json={"level": "debug"}).json()["level"] == "debug"
    server.run([give()])
    steps = outside.eventually(lambda: [each for line in debug_lines() if (each := json.loads(line)).get("plugin") == "Test.give"])
    assert steps[0]["step"] == "Give"
    assert server.http.put(server.url + "/api/v1/log-level", json={"level": "loud"}).status_code == 400
    assert server.get("/api/v1/log-level").json() == {"level": "debug", "levels": {}}

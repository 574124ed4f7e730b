"""Who may do what over HTTP: tokens with scopes, TLS, limits."""

import json
import os
import signal
import socket
import ssl
import subprocess
import time

import pytest
import requests
from outside import PROGRAM, config_file, eventually, step


GIVE = step("Test.give", output="x", value=5)


def bearer(token):
    return {"Authorization": f"Bearer {token}"}


def make_token(server, scope, *arguments):
    made = server.cli("token", "create", f"for-{scope}", "--scope", scope, "--json", *arguments)
    assert made.returncode == 0, made.stderr
    return json.loads(made.stdout)


@pytest.fixture
def guarded(make_server, tmp_path):
    """A server that wants a token from everybody who comes by TCP."""
    return make_server(config=config_file(tmp_path, server={"auth": "required"}))


# ---- tokens


def test_without_a_token_a_guarded_server_answers_401_and_says_what_to_do(guarded):
    answer = guarded.get("/api/v1/plugins")
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")
    assert "mortise token create" in answer.json()["hint"]
    assert guarded.get("/health").status_code == 200, "whether it is well, everybody may ask"
    wrong = guarded.get("/api/v1/plugins", headers=bearer("mrt_000000000000_" + "0" * 64))
    assert wrong.status_code == 401 and "invalid_token" in wrong.headers["WWW-Authenticate"]
    for header in ("Basic dXNlcjpwYXNz", "Bearer", "Bearer mrt_", "nonsense"):
        assert guarded.get("/api/v1/plugins", headers={"Authorization": header}).status_code == 401


def test_each_scope_may_do_what_the_ones_before_it_may_and_no_more(guarded):
    tokens = {scope: make_token(guarded, scope)["token"] for scope in ("read", "run", "operate", "admin")}
    asks = [
        ("read", "GET", "/api/v1/plugins", None),
        ("run", "POST", "/api/v1/pipelines/validate", {"pipeline": {"name": "p", "steps": [GIVE]}}),
        ("operate", "POST", "/api/v1/config/reload", None),
        ("admin", "GET", "/api/v1/tokens", None),
    ]
    order = list(tokens)
    for holder in order:
        for needed, method, path, body in asks:
            answer = guarded.http.request(method, guarded.url + path, json=body, headers=bearer(tokens[holder]))
            if order.index(holder) >= order.index(needed):
                assert answer.status_code == 200, (holder, path, answer.text)
            else:
                assert answer.status_code == 403, (holder, path, answer.text)
                assert f'scope="{needed}"' in answer.headers["WWW-Authenticate"]


def test_over_loopback_without_a_token_one_may_run_but_not_operate(server):
    assert server.get("/api/v1/plugins").status_code == 200
    assert server.execute([GIVE])["success"]
    assert server.get("/api/v1/tokens").status_code == 403
    assert server.post("/api/v1/config/reload").status_code == 403
    read = make_token(server, "read")["token"]
    answer = server.post("/api/v1/pipelines/validate", {}, headers=bearer(read))
    assert answer.status_code == 403, "a token says what its holder may do, also over loopback"


def test_a_token_is_shown_once_and_kept_as_a_digest(guarded):
    made = make_token(guarded, "read")
    secret = made["token"].split("_")[2]
    listed = guarded.cli("token", "list", "--json").stdout
    assert made["id"] in listed and secret not in listed
    guarded.get("/api/v1/plugins", headers=bearer(made["token"]))
    assert guarded.stop() == 0
    for path in guarded.data_dir.rglob("*"):
        if path.is_file():
            assert secret.encode() not in path.read_bytes(), path
    assert secret not in guarded.log.read_text()


def test_a_token_holds_after_a_restart_until_it_is_revoked(guarded):
    made = make_token(guarded, "read")
    guarded.stop()
    guarded.start()
    assert guarded.get("/api/v1/plugins", headers=bearer(made["token"])).status_code == 200
    assert guarded.cli("token", "revoke", made["id"]).returncode == 0
    assert guarded.get("/api/v1/plugins", headers=bearer(made["token"])).status_code == 401
    again = guarded.cli("token", "revoke", made["id"])
    assert again.returncode == 66 and made["id"] in again.stderr


def test_a_token_that_expired_is_none(guarded):
    made = make_token(guarded, "read", "--expires", "1s")
    eventually(lambda: guarded.get("/api/v1/plugins", headers=bearer(made["token"])).status_code == 401)
    listed = {each["id"]: each["state"] for each in json.loads(guarded.cli("token", "list", "--json").stdout)}
    assert listed[made["id"]] == "expired"
    assert guarded.cli("token", "create", "x", "--scope", "read", "--expires", "soon").returncode == 64
    assert guarded.cli("token", "create", "x", "--scope", "everything").returncode == 64


def test_a_token_alone_on_standard_output_is_the_token(guarded):
    made = guarded.cli("token", "create", "script", "--scope", "read")
    assert guarded.get("/api/v1/plugins", headers=bearer(made.stdout.strip())).status_code == 200


# ---- TLS


def certificate(folder, name="localhost", days=2):
    cert, key = folder / f"{name}.pem", folder / f"{name}.key"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", str(days),
         "-subj", f"/CN={name}", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1", "-keyout", key, "-out", cert],
        check=True, capture_output=True)  # fmt: skip
    return cert, key


def ask_tls(url, trusted, path="/health", version=None, **headers):
    port = int(url.rsplit(":", 1)[1])
    context = ssl.create_default_context(cafile=trusted)
    if version:
        context.maximum_version = version
    with socket.create_connection(("127.0.0.1", port), timeout=10) as plain:
        with context.wrap_socket(plain, server_hostname="localhost") as connection:
            lines = [f"GET {path} HTTP/1.1", "Host: localhost", "Connection: close"] + [f"{k}: {v}" for k, v in headers.items()]
            connection.sendall(("\r\n".join(lines) + "\r\n\r\n").encode())
            text = b""
            while piece := connection.recv(65536):
                text += piece
            return text.decode(), connection.getpeercert()["subject"], connection.version()


def start_tls(tmp_path, config):
    """`mortise serve` whose ready line is https: the Server of these tests looks for http alone."""
    process = subprocess.Popen(
        [PROGRAM, "serve", "--port", "0", "--data-dir", tmp_path / ".mortise", "--config", config],
        cwd=tmp_path, stdout=subprocess.PIPE, stderr=(tmp_path / "tls.log").open("ab"), text=True)  # fmt: skip
    line = process.stdout.readline()
    assert "https://" in line, line + (tmp_path / "tls.log").read_text()
    return process, line.split()[-1]


def test_a_certificate_makes_the_ports_speak_https_and_is_renewed_by_sighup(tmp_path):
    cert, key = certificate(tmp_path)
    config = config_file(tmp_path, server={"tls": {"certificate": str(cert), "key": str(key)}})
    process, url = start_tls(tmp_path, config)
    try:
        text, _, version = ask_tls(url, cert)
        assert text.startswith("HTTP/1.1 200") and version == "TLSv1.3"
        assert ask_tls(url, cert, version=ssl.TLSVersion.TLSv1_2)[2] == "TLSv1.2"
        with pytest.raises((ssl.SSLError, ConnectionError)):
            ask_tls(url, cert, version=ssl.TLSVersion.TLSv1_1)
        with pytest.raises(requests.RequestException):
            requests.get(url.replace("https", "http") + "/health", timeout=5)
        # A broken certificate changes nothing; a new one is served from the next connection on.
        old = cert.read_bytes()
        cert.write_text("no certificate")
        process.send_signal(signal.SIGHUP)
        eventually(lambda: "server.tls.certificate" in (tmp_path / "tls.log").read_text())
        cert.write_bytes(old)
        assert ask_tls(url, cert)[0].startswith("HTTP/1.1 200")
        other_cert, other_key = certificate(tmp_path, "renewed")
        cert.write_bytes(other_cert.read_bytes())
        key.write_bytes(other_key.read_bytes())
        process.send_signal(signal.SIGHUP)

        def renewed():
            try:
                return ask_tls(url, other_cert)[1] == ((("commonName", "renewed"),),)
            except ssl.SSLError:
                return False

        eventually(renewed, what="the new certificate")
    finally:
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0


def test_a_wrong_certificate_is_named_at_the_start(mortise, tmp_path):
    cert, key = certificate(tmp_path)
    _, other_key = certificate(tmp_path, "other")
    cases = [
        ({"certificate": str(tmp_path / "none.pem"), "key": str(key)}, "server.tls.certificate"),
        ({"certificate": str(key), "key": str(key)}, "server.tls.certificate"),
        ({"certificate": str(cert), "key": str(cert)}, "server.tls.key"),
        ({"certificate": str(cert), "key": str(other_key)}, "does not belong"),
        ({"certificate": str(cert)}, "server.tls.key"),
    ]
    for tls, word in cases:
        config = config_file(tmp_path, server={"tls": tls})
        result = mortise("serve", "--port", "0", "--config", config)
        assert result.returncode == 64 and word in result.stderr, (tls, result.stderr)


def test_an_address_that_others_can_reach_needs_tls_and_a_token(mortise, tmp_path):
    result = mortise("serve", "--host", "0.0.0.0", "--port", "0")
    assert result.returncode == 77 and "server.tls" in result.stderr


# ---- limits


def test_too_many_requests_are_answered_429_with_the_time_to_wait(make_server, tmp_path):
    server = make_server(config=config_file(tmp_path, server={"rate_limit": 1, "rate_burst": 3}))
    answers = [server.get("/api/v1/plugins") for _ in range(5)]
    refused = [answer for answer in answers if answer.status_code == 429]
    assert 1 <= len(refused) <= 2 and answers[0].status_code == 200
    assert int(refused[0].headers["Retry-After"]) >= 1
    assert refused[0].json()["code"] == "busy"
    assert server.cli("plugin", "list").returncode == 0, "the operator's own door has no limit"
    token = make_token(server, "read")["token"]
    assert server.get("/api/v1/plugins", headers=bearer(token)).status_code == 200, "a token has a bucket of its own"
    config_file(tmp_path, server={"rate_limit": 0})
    os.kill(server.pid, signal.SIGHUP)
    eventually(lambda: all(server.get("/health").status_code == 200 for _ in range(10)))


def test_a_body_that_is_too_large_is_refused_before_it_comes(make_server, tmp_path):
    server = make_server(config=config_file(tmp_path, server={"max_body": "1 KiB", "max_upload": "10 KiB"}))
    assert server.http.post(server.url + "/api/v1/runs", data=b"x" * 2000).status_code == 413
    assert server.http.put(server.url + "/api/v1/files/a", data=b"x" * 20000).status_code == 413
    assert server.http.put(server.url + "/api/v1/files/a", data=b"x" * 9000).status_code == 201

    def stream():
        for _ in range(20):
            yield b"x" * 1000

    assert server.http.put(server.url + "/api/v1/files/b", data=stream()).status_code == 413
    host, port = server.url[7:].split(":")
    with socket.create_connection((host, int(port)), timeout=10) as connection:
        connection.sendall(b"PUT /api/v1/files/c HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99999999\r\nExpect: 100-continue\r\n\r\n")
        assert connection.recv(100).startswith(b"HTTP/1.1 413"), "nobody has to send what will be refused"


# ---- ending


def test_before_it_ends_the_server_says_that_it_is_not_ready_and_finishes_what_runs(server, tmp_path):
    assert server.get("/health/ready").status_code == 200
    run = server.start_run([step("Test.wait", started=str(tmp_path / "started"), until=str(tmp_path / "go"))])
    eventually((tmp_path / "started").exists)
    os.kill(server.pid, signal.SIGTERM)
    (answer,) = eventually(lambda: (got := server.get("/health/ready")).status_code == 503 and [got])
    assert answer.headers["Retry-After"]
    assert server.get("/health").json()["status"] == "draining"
    refused = server.post("/api/v1/runs", {"pipeline": {"name": "p", "steps": [GIVE]}})
    assert refused.status_code == 503
    (tmp_path / "go").write_text("")
    assert server.process.wait(20) == 0
    server.start()
    assert server.record(run)["state"] == "succeeded"


def test_slow_headers_are_cut_off(make_server, tmp_path):
    server = make_server(config=config_file(tmp_path, server={"header_timeout": "300ms"}))
    host, port = server.url[7:].split(":")
    with socket.create_connection((host, int(port)), timeout=10) as connection:
        connection.sendall(b"GET /health HTTP/1.1\r\n")
        begin = time.monotonic()
        assert connection.recv(100) == b""
        assert time.monotonic() - begin < 9

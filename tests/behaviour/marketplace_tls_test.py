"""A marketplace behind a web server that speaks TLS: with an authority of one's own, with a token, and with certificates that must not be accepted."""

import http.server
import ssl
import subprocess
import threading

import marketplace_test as market
import pytest
from outside import config_file

TOKEN = "sesame-open"


def openssl(*words):
    subprocess.run(["openssl", *map(str, words)], check=True, capture_output=True)


class Authority:
    """A CA of its own, and certificates of it."""

    def __init__(self, folder, name="ca"):
        self.folder = folder
        folder.mkdir(exist_ok=True)
        self.cert, self.key = folder / f"{name}.pem", folder / f"{name}.key"
        openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", 2, "-subj", f"/CN=Test authority {name}",
                "-keyout", self.key, "-out", self.cert)  # fmt: skip

    def certify(self, name, names, *validity):
        """Files of a certificate for these names, and its key."""
        cert, key, request, extensions = (self.folder / f"{name}.{end}" for end in ("pem", "key", "csr", "ext"))
        openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", f"/CN={name}", "-keyout", key, "-out", request)
        extensions.write_text(f"subjectAltName={names}\nextendedKeyUsage=serverAuth\n")
        if not validity:
            openssl("x509", "-req", "-in", request, "-CA", self.cert, "-CAkey", self.key, "-CAcreateserial", "-days", 1, "-extfile", extensions, "-out", cert)
            return cert, key
        (self.folder / "index.txt").write_text("")
        (self.folder / "serial").write_text("1000")
        (self.folder / "ca.cnf").write_text(
            f"[ca]\ndefault_ca=d\n[d]\ndir={self.folder}\ndatabase={self.folder}/index.txt\nserial={self.folder}/serial\nnew_certs_dir={self.folder}\n"
            "default_md=sha256\npolicy=p\nunique_subject=no\n[p]\ncommonName=supplied\n"
        )
        openssl("ca", "-batch", "-config", self.folder / "ca.cnf", "-cert", self.cert, "-keyfile", self.key, "-in", request, "-out", cert, "-notext",
                "-startdate", validity[0], "-enddate", validity[1], "-extfile", extensions)  # fmt: skip
        return cert, key


@pytest.fixture
def authority(tmp_path):
    return Authority(tmp_path / "authority")


@pytest.fixture
def serve(tmp_path):
    """serve(cert, key) -> the https port at which the folder `market` is; whoever wants a token gets none without it."""
    running = []

    class Files(http.server.SimpleHTTPRequestHandler):
        wanted, seen = None, []

        def __init__(self, *arguments):
            super().__init__(*arguments, directory=str(tmp_path))

        def do_GET(self):
            self.seen.append(self.headers.get("Authorization"))
            if self.wanted and self.headers.get("Authorization") != f"Bearer {self.wanted}":
                return self.send_error(401)
            return super().do_GET()

        def log_message(self, *_):
            pass

    class Server(http.server.ThreadingHTTPServer):
        def handle_error(self, *_):  # a client that does not trust it goes away
            pass

    def start(cert, key, token=None):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(cert, key)
        handler = type("Asked", (Files,), {"wanted": token, "seen": []})
        server = Server(("127.0.0.1", 0), handler)
        server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        running.append(server)
        server.seen = handler.seen
        return server

    yield start
    for server in running:
        server.shutdown()
        server.server_close()


@pytest.fixture
def shelf(mortise, make_server, tmp_path):
    """A marketplace as a folder `market`, and its key."""
    shop = market.Host(tmp_path / "shop", mortise, make_server)
    shop("publish", market.Publisher(tmp_path / "publisher").pack(), "--approve")
    return shop.json("export", tmp_path / "market")["key"]


@pytest.fixture
def buyer(mortise, make_server, tmp_path, authority):
    """A host whose machine knows the authority."""
    host = market.Host(tmp_path / "buyer", mortise, make_server)
    host.server = make_server(folder=host.folder, config=config_file(host.folder, []), data_dir=host.data, env={"SSL_CERT_FILE": str(authority.cert)})
    return host


@pytest.mark.rows("O-06")
def test_a_marketplace_is_taken_over_https_with_an_authority_of_ones_own_and_a_token(buyer, shelf, serve, authority, tmp_path):
    server = serve(*authority.certify("good", "DNS:localhost,IP:127.0.0.1"), token=TOKEN)
    (tmp_path / "token").write_text(TOKEN + "\n")
    address = f"https://localhost:{server.server_port}/market"
    without = buyer("add", "lab", address, "--key", shelf, status=77)
    assert "answers 401" in without and "--token-file FILE" in without
    assert "snapshot 1 with 1 plugins" in buyer("add", "lab", address, "--key", shelf, "--token-file", tmp_path / "token")
    assert set(server.seen) == {None, f"Bearer {TOKEN}"}
    buyer.run("plugin", "install", "shout")
    assert buyer.server.execute([{"name": "x", "plugin": "shout", "output": "x"}])["context"]["x"] == "hello"
    assert "snapshot 1" in buyer("add", "numbers", f"https://127.0.0.1:{server.server_port}/market", "--key", shelf, "--token-file", tmp_path / "token")
    assert TOKEN not in buyer.server.log.read_text() and TOKEN not in buyer("list", "--json")
    (tmp_path / "token").write_text("another\n")
    assert "answers 401" in buyer("update", "lab", status=77)


def refused(buyer, shelf, server, host="localhost"):
    said = buyer("add", "lab", f"https://{host}:{server.server_port}/market", "--key", shelf, status=77)
    assert "is not trusted: its certificate" in said and buyer.found() == []
    assert server.seen == [], "something was asked of a server that nobody vouches for"
    return said


def test_a_certificate_of_an_unknown_authority_is_told_so_and_how_to_make_it_known(buyer, shelf, serve, tmp_path):
    stranger = Authority(tmp_path / "stranger", "other")
    said = refused(buyer, shelf, serve(*stranger.certify("good", "DNS:localhost")))
    assert "of an authority that this machine does not know" in said and "SSL_CERT_FILE" in said


def test_an_expired_certificate_and_one_that_does_not_hold_yet_are_told_so(buyer, shelf, serve, authority):
    expired = serve(*authority.certify("expired", "DNS:localhost", "20200101000000Z", "20200102000000Z"))
    assert "its certificate has expired" in refused(buyer, shelf, expired)
    early = serve(*authority.certify("early", "DNS:localhost", "20900101000000Z", "20910101000000Z"))
    assert "is not valid yet" in refused(buyer, shelf, early)


def test_a_certificate_of_another_host_is_told_so_with_both_names(buyer, shelf, serve, authority):
    server = serve(*authority.certify("other", "DNS:plugins.example,DNS:more.example"))
    said = refused(buyer, shelf, server)
    assert "not for 'localhost', but for plugins.example, more.example" in said
    assert "not for '127.0.0.1'" in refused(buyer, shelf, server, "127.0.0.1")


def test_a_token_file_must_hold_one_and_no_token_goes_in_the_clear(buyer, shelf, tmp_path):
    (tmp_path / "empty").write_text("\n")
    assert "holds no token" in buyer("add", "lab", "https://localhost:1/market", "--key", shelf, "--token-file", tmp_path / "empty", status=64)
    (tmp_path / "two").write_text("a\r\nX-Admin: yes\n")
    assert "holds no token" in buyer("add", "lab", "https://localhost:1/market", "--key", shelf, "--token-file", tmp_path / "two", status=64)
    assert str(tmp_path / "none") in buyer("add", "lab", "https://localhost:1/market", "--key", shelf, "--token-file", tmp_path / "none", status=66)
    (tmp_path / "token").write_text(TOKEN)
    said = buyer("add", "lab", "http://192.0.2.1/market", "--key", shelf, "--token-file", tmp_path / "token", status=77)
    assert "for everybody to read" in said and "https://" in said


def test_a_server_that_speaks_no_tls_is_told_so(buyer, shelf, serve, tmp_path):
    handler = http.server.SimpleHTTPRequestHandler
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        said = buyer("add", "lab", f"https://localhost:{server.server_port}", "--key", shelf, status=None)
        assert "cannot be reached" in said and "wrong version number" in said
    finally:
        server.shutdown()
        server.server_close()

"""Marketplaces from outside: publish, approve, find, rate; static signed files that a second host takes from a copied folder; and every
way in which whoever carries them may deceive."""

import io
import json
import shutil
import tarfile
import time

import outside
import pytest
from outside import config_file

rows = pytest.mark.rows
SOURCE = "from mortise import Plugin\n\n\nclass Shout(Plugin):\n    def step(self, step):\n        return '{words}'\n"


class Publisher:
    """Makes packages: an archive for each."""

    def __init__(self, folder):
        self.folder = folder
        folder.mkdir()

    def pack(self, name="shout", version="1.0.0", words="hello", **manifest):
        known = {"name": name, "version": version, "author": "Ada", "description": f"Makes {name} loud", "language": "python", "entry_point": "plugin.py",
                 "category": "example", "extension_points": ["Data_Processing"], **manifest}  # fmt: skip
        source = SOURCE.format(words=words) if known["language"] == "python" else "step <- function(step) 1\n"
        path = self.folder / f"{name}-{version}.tar.gz"
        with tarfile.open(path, "w:gz") as archive:
            for file, text in (("manifest.json", json.dumps(known)), (known["entry_point"], source)):
                entry = tarfile.TarInfo(f"{name}/{file}")
                entry.size = len(text.encode())
                archive.addfile(entry, io.BytesIO(text.encode()))
        return path


class Host:
    """A server with a data folder of its own, asked at the command line: host("search", "words") is `mortise marketplace search words`."""

    def __init__(self, folder, mortise, make_server):
        folder.mkdir(parents=True)
        self.folder, self.data, self.mortise, self.make_server = folder, folder / "data", mortise, make_server
        self.server = None

    def run(self, *words, status=0):
        if self.server is None:
            self.server = self.make_server(folder=self.folder, config=config_file(self.folder, []), data_dir=self.data)
        done = self.mortise(*words, "--data-dir", self.data)
        assert status in (None, done.returncode), f"{words}: {done.stdout}{done.stderr}"
        return done

    def __call__(self, *words, status=0):
        done = self.run("marketplace", *words, status=status)
        return done.stdout + done.stderr

    def json(self, *words, status=0):
        return json.loads(self.run("marketplace", *words, "--json", status=status).stdout)

    def found(self, *words):
        return [plugin["name"] for plugin in self.json("search", *words)["plugins"]]

    def stop(self):
        self.server.stop()
        self.server = None

    def copy(self, folder):
        """Another host with the same past."""
        self.stop()
        other = Host(folder, self.mortise, self.make_server)
        shutil.copytree(self.data, other.data)
        return other


@pytest.fixture
def publisher(tmp_path):
    return Publisher(tmp_path / "publisher")


@pytest.fixture
def new_host(mortise, make_server, tmp_path):
    return lambda name: Host(tmp_path / name, mortise, make_server)


@pytest.fixture
def shop(new_host):
    return new_host("shop")


@pytest.fixture
def buyer(new_host):
    return new_host("buyer")


@pytest.fixture
def exported(shop, publisher, tmp_path):
    """A marketplace with one plugin, as a folder; and its key."""
    shop("publish", publisher.pack(), "--approve")
    answer = shop.json("export", tmp_path / "market")
    return tmp_path / "market", answer["key"]


@pytest.fixture
def other_key(buyer, tmp_path):
    buyer.run("plugin", "keygen", tmp_path / "other")
    return tmp_path / "other.pub"


# ---- publish, decide, find


@rows("O-06")
def test_what_was_published_is_not_found_before_it_was_approved(shop, publisher):
    assert "is published; it is found once it was approved" in shop("publish", publisher.pack())
    assert shop.found() == [] and "no marketplace that is known here has 'shout'" in shop("show", "shout", status=66)
    (waiting,) = shop.json("search", "--state", "pending")["entries"]
    assert (waiting["name"], waiting["version"], waiting["scan"]["verdict"]) == ("shout", "1.0.0", "safe")
    shop("approve", "shout", "1.0.0", "--note", "looked into it")
    assert shop.found() == ["shout"] and shop.json("show", "shout")["releases"][0]["version"] == "1.0.0"


@rows("O-06")
def test_what_was_rejected_or_withdrawn_is_not_found_nor_exported(shop, publisher, tmp_path):
    for version in ("1.0.0", "1.1.0"):
        shop("publish", publisher.pack(version=version))
    shop("approve", "shout", "1.0.0")
    shop("reject", "shout", "1.1.0", "--note", "no tests")
    assert [each["version"] for each in shop.json("show", "shout")["releases"]] == ["1.0.0"]
    shop("export", tmp_path / "before")
    shop("withdraw", "shout", "1.0.0")
    assert shop.found() == []
    shop("export", tmp_path / "after")
    assert [file.name for file in (tmp_path / "before" / "packages").iterdir()] == ["shout-1.0.0.tar.gz"]
    assert not (tmp_path / "after" / "packages").exists()
    assert "is withdrawn" in shop("reject", "shout", "1.0.0", status=65)
    shop("approve", "shout", "1.0.0")
    assert shop.found() == ["shout"]


def test_a_published_version_never_changes(shop, publisher, tmp_path):
    shop("publish", publisher.pack(), "--approve")
    other = Publisher(tmp_path / "other")
    assert "'shout' 1.0.0 is published already (approved)" in shop("publish", other.pack(words="something else"), status=65)
    assert list((shop.data / "marketplace" / "pending").iterdir()) == [], "what was refused is not kept"


@rows("A-11")
def test_an_unsafe_package_is_refused_with_what_was_found(shop, publisher):
    archive = publisher.pack(words="x'\n\n    def more(self):\n        exec(__import__('base64').b64decode('cHJpbnQoMSk='))\n        return '")
    said = shop("publish", archive, status=64)
    assert "is not published, the scanner calls it unsafe: plugin.py:" in said and "[" in said
    assert shop.json("search", "--state", "pending")["entries"] == []


def test_what_is_no_package_is_not_published(shop, tmp_path):
    (tmp_path / "x.tar.gz").write_bytes(b"\x1f\x8b nothing")
    assert shop("publish", tmp_path / "x.tar.gz", status=64)
    (tmp_path / "folder").mkdir()
    assert "is a folder; an archive is published" in shop("publish", tmp_path / "folder", status=64)


@rows("O-06", "O-41", "O-67")
def test_a_search_filters_and_sorts(shop, publisher):
    shop("publish", publisher.pack("alpha", tags=["sound"], category="audio"), "--approve")
    shop("publish", publisher.pack("beta", tags=["sound", "light"]), "--approve")
    shop("publish", publisher.pack("gamma", extension_points=["Output"]), "--approve")
    shop("rate", "gamma", 5)
    shop("rate", "beta", 3)
    shop("mark", "alpha", "--verified", "--featured")
    assert shop.found() == ["alpha", "beta", "gamma"]
    assert shop.found("--sort", "rating") == ["gamma", "beta", "alpha"]
    assert shop.found("--sort", "recent") == ["gamma", "beta", "alpha"]
    assert shop.found("LOUD", "beta") == ["beta"] and shop.found("nobody") == []
    assert shop.found("--tag", "sound") == ["alpha", "beta"] and shop.found("--tag", "sound", "--tag", "light") == ["beta"]
    assert shop.found("--category", "audio") == ["alpha"] and shop.found("--verified") == ["alpha"]
    assert shop.found("--extension-point", "Output") == ["gamma"] and shop.found("--language", "r") == []
    assert shop.found("--limit", 1) == ["alpha"]
    assert shop.found("light") == ["beta"], "words are looked for in tags, too"
    page = shop("search")
    assert "verified, featured" in page and "5.0 (1)" in page


# ---- opinions, over HTTP


@pytest.fixture
def server(shop, publisher):
    for name in ("alpha", "beta", "gamma"):
        shop("publish", publisher.pack(name), "--approve")
    return shop.server


@pytest.fixture(scope="module")
def catalogue(tmp_path_factory):
    """A server whose marketplace has four plugins that differ in all that a search asks for."""
    place = tmp_path_factory.mktemp("catalogue")
    server = outside.Server(place, config=config_file(place, []))
    publisher = Publisher(place / "publisher")
    about_delta = {"language": "r", "entry_point": "plugin.R", "category": "maps", "tags": ["sea", "wind"], "extension_points": ["Output"]}
    for name, about in (("alpha", {}), ("gamma", {}), ("beta", {"tags": ["sea"]}), ("delta", about_delta)):
        done = server.cli("marketplace", "publish", publisher.pack(name, **about), "--approve")
        assert done.returncode == 0, done.stderr
    assert server.cli("marketplace", "mark", "beta", "--verified").returncode == 0
    yield server
    server.close()


def token_of(server, name, scope="run"):
    return {"Authorization": "Bearer " + json.loads(server.cli("token", "create", name, "--scope", scope, "--json").stdout)["token"]}


@rows("O-68")
def test_everybody_has_one_rating_which_can_be_changed_and_one_review(server):
    rate = "/api/plugins/alpha/rate?user_id="
    assert server.post(rate + "ann", {"rating": 5}).json()["rating_average"] == 5.0
    body = server.post(rate + "bob", {"rating": 3}).json()
    assert (body["rating_average"], body["rating_count"]) == (4.0, 2)
    body = server.post(rate + "ann", {"rating": 1}).json()
    assert (body["rating_average"], body["rating_count"]) == (2.0, 2)
    for wrong in (0, 6, "5", 4.5, None):
        assert server.post(rate + "eve", {"rating": wrong}).status_code in (400, 422), wrong
    assert server.post(rate + "eve", {}).status_code == 422
    assert server.post("/api/plugins/nobody/rate", {"rating": 5}).status_code == 404
    review = {"title": "Good", "review_text": "It works."}
    assert server.post("/api/plugins/alpha/review?user_id=ann", review).status_code == 200
    again = server.post("/api/plugins/alpha/review?user_id=ann", review)
    assert again.status_code == 400 and again.json()["detail"].startswith("User has already reviewed this plugin")
    assert server.post("/api/plugins/alpha/review", review).status_code == 200, "anonymous is one of them"
    shown = server.get("/api/v1/marketplace/plugins/alpha").json()
    assert [each["by"] for each in shown["reviews"]] == ["anonymous", "user ann"]


@rows("O-68")
def test_a_token_is_one_principal_whatever_it_says(server):
    ann = token_of(server, "ann")
    for user in ("a", "b", "c"):
        answer = server.http.post(server.url + f"/api/plugins/alpha/rate?user_id={user}", json={"rating": 5}, headers=ann)
        assert answer.json()["rating_count"] == 1, answer.text


@rows("O-67")
def test_the_guides_search_featured_and_categories_answer_with_what_was_approved(server, shop, publisher):
    fields = {"id", "name", "version", "author", "description", "language", "category", "downloads", "rating_average", "rating_count", "verified", "featured"}
    answer = server.post("/api/plugins/marketplace/search", {"query": "loud", "limit": 2})
    assert [each["id"] for each in answer.json()] == ["alpha", "beta"] and answer.headers["X-Total-Count"] == "3"
    assert fields <= set(answer.json()[0])
    server.post("/api/plugins/gamma/rate", {"rating": 4})
    found = server.post("/api/plugins/marketplace/search", {"sort_by": "rating", "language": "python", "tags": [], "verified_only": False}).json()
    assert [each["id"] for each in found] == ["gamma", "alpha", "beta"]
    assert server.post("/api/plugins/marketplace/search", {"sort_by": "price"}).status_code == 400
    assert server.post("/api/plugins/marketplace/search", {"category": "other"}).json() == []
    server.cli("marketplace", "mark", "beta", "--featured")
    assert [each["id"] for each in server.get("/api/plugins/marketplace/featured").json()] == ["beta", "gamma", "alpha"]
    assert server.get("/api/plugins/marketplace/categories").json() == [{"category": "example", "count": 3}]


@rows("O-41", "O-67")
@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ({}, ["alpha", "beta", "delta", "gamma"]),
        ({"language": "r"}, ["delta"]),
        ({"tags": ["sea"]}, ["beta", "delta"]),
        ({"tags": ["sea", "wind"]}, ["delta"]),
        ({"query": "wind"}, ["delta"]),
        ({"category": "maps"}, ["delta"]),
        ({"extension_point": "Output"}, ["delta"]),
        ({"verified_only": True}, ["beta"]),
        ({"sort_by": "recent"}, ["delta", "beta", "gamma", "alpha"]),
        ({"limit": 1, "offset": 2}, ["delta"]),
        ({"query": "loud", "tags": ["sea"], "verified_only": True, "language": "python"}, ["beta"]),
    ],
    ids=str,
)
def test_each_part_of_the_guides_search_has_its_say(catalogue, asked, found):
    answer = catalogue.post("/api/plugins/marketplace/search", asked)
    assert [each["id"] for each in answer.json()] == found, answer.text
    assert answer.headers["X-Total-Count"] == str(4 if "limit" in asked else len(found))


@rows("O-67")
def test_categories_are_counted_and_the_largest_comes_first(catalogue):
    assert catalogue.get("/api/plugins/marketplace/categories").json() == [{"category": "example", "count": 3}, {"category": "maps", "count": 1}]


def test_who_may_run_may_publish_and_only_who_operates_may_approve(server, publisher):
    ann, bob = token_of(server, "ann"), token_of(server, "bob")
    send = lambda archive, who: server.http.post(server.url + "/api/v1/marketplace/entries", data=archive.read_bytes(), headers=who)  # noqa: E731
    answer = send(publisher.pack("delta"), ann)
    assert answer.status_code == 201 and answer.json()["publisher"] == "token ann", answer.text
    decide = server.url + "/api/v1/marketplace/entries/delta/1.0.0/approve"
    assert server.http.post(decide, json={}, headers=ann).status_code == 403
    assert send(publisher.pack("delta", "1.1.0"), bob).status_code == 403, "the name is another's"
    assert server.http.post(decide, json={}, headers=token_of(server, "keeper", "operate")).status_code == 200
    assert server.get("/api/v1/marketplace/plugins?query=delta").json()["total"] == 1


# ---- another host


@rows("O-06")
def test_a_second_host_takes_the_marketplace_from_a_copied_folder(exported, buyer, tmp_path):
    folder, key = exported
    shutil.copytree(folder, tmp_path / "stick")
    shutil.rmtree(folder)
    assert "snapshot 1 with 1 plugins" in buyer("add", "lab", tmp_path / "stick", "--key", key)
    (plugin,) = buyer.json("search")["plugins"]
    assert (plugin["name"], plugin["marketplace"]) == ("shout", "lab")
    shutil.rmtree(tmp_path / "stick")
    assert buyer.found() == ["shout"], "what is known needs no carrier"


def test_a_marketplace_is_trusted_by_its_key_alone(exported, buyer, other_key, tmp_path):
    folder, _ = exported
    said = buyer("add", "lab", folder, "--key", other_key, status=77)
    assert "which this host does not trust for it" in said and buyer.found() == []
    assert "there is no root/1.json" in buyer("add", "lab", tmp_path / "empty", "--key", other_key, status=66)
    assert "'nope' is neither a public key nor a file with one" in buyer("add", "lab", folder, "--key", "nope", status=64)
    assert buyer("add", "own", folder, "--key", other_key, status=64)


@pytest.fixture
def known(exported, buyer):
    folder, key = exported
    buyer("add", "lab", folder, "--key", key)
    return folder


def refused(buyer, words):
    """The update is refused with these words, and what was known still holds."""
    before = buyer.json("list")["marketplaces"][0]
    said = buyer("update", "lab", status=77)
    assert words in said, said
    after = buyer.json("list")["marketplaces"][0]
    assert after["snapshot"] == before["snapshot"] and words in after["problem"] and buyer.found() == ["shout"]


@rows("O-06")
def test_a_replayed_old_state_is_recognised(known, buyer, shop, publisher, tmp_path):
    shutil.copytree(known, tmp_path / "old")
    shop("publish", publisher.pack(version="1.1.0"), "--approve")
    shop("export", known)
    assert "snapshot 2" in buyer("update", "lab")
    shutil.rmtree(known)
    shutil.copytree(tmp_path / "old", known)
    refused(buyer, "rollback: snapshot 1 is offered, and this host has seen 2 already")


@rows("O-06")
def test_a_state_that_is_held_back_is_recognised_once_it_has_expired(exported, shop, buyer):
    folder, key = exported
    shop("export", folder, "--expires", "4s")
    buyer("add", "lab", folder, "--key", key)
    outside.eventually(lambda: "freeze: snapshot 2 expired" in buyer("update", "lab", status=None), within=15)
    assert buyer.json("list")["marketplaces"][0]["expired"]


@rows("O-06")
def test_an_index_of_another_state_and_a_changed_snapshot_are_recognised(known, buyer, shop, publisher):
    (index,) = (known / "index").iterdir()
    text = index.read_text()
    shop("publish", publisher.pack(version="1.1.0"), "--approve")
    shop("export", known)
    snapshot = json.loads((known / "snapshot.json").read_text())
    (known / snapshot["index"]).write_text(text)
    refused(buyer, "mixed: index/")
    shop("export", known)
    (known / "snapshot.json").write_text((known / "snapshot.json").read_text().replace('"version": 3', '"version": 9'))
    refused(buyer, "it was changed on its way")


def test_two_states_under_one_number_are_recognised(exported, shop, buyer, tmp_path):
    folder, key = exported
    buyer("add", "lab", folder, "--key", key)
    twin = shop.copy(tmp_path / "twin")
    shop("export", folder)
    buyer("update", "lab")
    twin("export", folder, "--expires", "9d")
    refused(buyer, "there are two states with the version 2")


def test_a_new_signing_key_is_taken_over_and_the_old_one_is_worth_nothing(known, buyer, shop, tmp_path):
    thief = shop.copy(tmp_path / "thief")
    shop("rotate")
    shop("export", known)
    assert "snapshot 3" in buyer("update", "lab") and buyer.json("list")["marketplaces"][0]["root"] == 2
    for _ in range(5):
        thief("export", tmp_path / "stolen")
    for file in ("snapshot.json", "snapshot.json.minisig"):
        shutil.copy(tmp_path / "stolen" / file, known / file)
    refused(buyer, "which this host does not trust for it")


# ---- mirrors, over HTTP


@rows("O-06")
def test_another_host_mirrors_a_marketplace_and_a_third_takes_it_from_there_by_the_first_ones_key(server, shop, new_host):
    key = server.get("/api/v1/marketplace").json()["key"]
    middle, third = new_host("middle"), new_host("third")
    middle("add", "lab", server.url, "--key", key)
    assert middle.found() == ["alpha", "beta", "gamma"]
    middle("mirror", "lab")
    shop.stop()
    third("add", "lab", middle.server.url + "/marketplace/mirrors/lab", "--key", key)
    assert third.found() == ["alpha", "beta", "gamma"]
    answer = middle.server.get("/marketplace/mirrors/lab/packages/alpha-1.0.0.tar.gz")
    assert answer.status_code == 200 and answer.content[:2] == b"\x1f\x8b"
    for file in ("../root.key", "..%2F..%2Froot.key", "root.key", "pending", "root/..%2F..%2Fsnapshot.key"):
        assert middle.server.get("/marketplace/" + file).status_code in (400, 404), file


@rows("O-06")
def test_downloads_are_counted_and_sort_first(server):
    for _ in range(3):
        assert server.get("/marketplace/packages/gamma-1.0.0.tar.gz").status_code == 200
    outside.eventually(lambda: server.get("/api/v1/marketplace/plugins").json()["plugins"][0]["downloads"] == 3)
    assert server.get("/api/v1/marketplace/plugins").json()["plugins"][0]["name"] == "gamma"
    assert server.get("/marketplace/packages/gamma-9.0.0.tar.gz").status_code == 404


def test_a_carrier_that_answers_nonsense_is_told_so(buyer, other_key, server):
    began = time.monotonic()
    said = buyer("add", "lab", "http://127.0.0.1:9", "--key", other_key, status=75)
    assert "cannot be reached" in said and time.monotonic() - began < 30
    assert "is no address" in buyer("add", "lab", "http://a b/", "--key", other_key, status=64)
    assert "there is no root/1.json" in buyer("add", "lab", server.url + "/api", "--key", other_key, status=66)


# ---- installing by name


def plugins_of(host):
    return {plugin["id"]: plugin["version"] for plugin in json.loads(host.run("plugin", "list", "--json").stdout)}


def install(host, *words, status=0):
    done = host.run("plugin", "install", *words, status=status)
    return done.stdout + done.stderr


def says(host, plugin):
    return host.server.execute([outside.step(plugin, output="x")])["context"]["x"]


@rows("O-06", "O-07")
def test_a_host_without_a_network_installs_by_name_with_what_is_needed_and_runs_it(shop, buyer, publisher, tmp_path):
    shop("publish", publisher.pack("base", "2.1.0"), "--approve")
    shop("publish", publisher.pack("base", "3.0.0"), "--approve")
    shop("publish", publisher.pack("shout", requires=["base ^2.0"], words="heard"), "--approve")
    key = shop.json("export", tmp_path / "market")["key"]
    shutil.copytree(tmp_path / "market", tmp_path / "stick")
    buyer("add", "lab", tmp_path / "stick", "--key", key)
    install(buyer, "shout")
    assert {name: version for name, version in plugins_of(buyer).items() if name in ("shout", "base")} == {"shout": "1.0.0", "base": "2.1.0"}
    assert says(buyer, "shout") == "heard"
    (package,) = [each for each in buyer.server.get("/api/v1/packages").json() if each["name"] == "shout"]
    assert "marketplace lab" in json.dumps(package)


@rows("O-06")
def test_a_swapped_package_is_recognised_and_not_installed(exported, buyer, tmp_path):
    folder, key = exported
    buyer("add", "lab", folder, "--key", key)
    shutil.copy(Publisher(tmp_path / "other").pack(words="evil"), folder / "packages" / "shout-1.0.0.tar.gz")
    said = install(buyer, "shout", status=77)
    assert "swapped: packages/shout-1.0.0.tar.gz is not the file that was signed" in said
    assert "shout" not in plugins_of(buyer)


def test_nothing_is_installed_from_a_state_that_has_expired(exported, shop, buyer):
    folder, key = exported
    shop("export", folder, "--expires", "4s")
    buyer("add", "lab", folder, "--key", key)
    time.sleep(4.1)
    assert "freeze: snapshot 2 expired" in install(buyer, "shout", status=77)


def test_a_name_belongs_to_the_first_marketplace_that_has_it(exported, buyer, new_host, tmp_path):
    folder, key = exported
    thief = new_host("thief")
    thief("publish", Publisher(tmp_path / "other").pack(version="9.9.9", words="evil"), "--approve")
    buyer("add", "lab", folder, "--key", key)
    buyer("add", "thief", tmp_path / "stolen", "--key", thief.json("export", tmp_path / "stolen")["key"])
    (plugin,) = buyer.json("search")["plugins"]
    assert (plugin["version"], plugin["marketplace"]) == ("1.0.0", "lab")
    install(buyer, "shout")
    assert says(buyer, "shout") == "hello"


@rows("O-71")
def test_a_plugin_is_updated_to_a_version_that_was_published(shop, publisher):
    shop("publish", publisher.pack(), "--approve")
    install(shop, "shout")
    shop("publish", publisher.pack(version="1.1.0", words="newer"), "--approve")
    assert says(shop, "shout") == "hello"
    answer = shop.server.post("/api/plugins/shout/update", {"target_version": "1.1.0"})
    assert answer.status_code == 200, answer.text
    assert says(shop, "shout") == "newer"

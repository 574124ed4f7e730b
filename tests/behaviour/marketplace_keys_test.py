"""A marketplace changes its root key: who knows it goes along, who is new is told the new key, and no carrier sets the chain back."""

import shutil

import marketplace_test as market
import pytest


@pytest.fixture
def new_host(mortise, make_server, tmp_path):
    return lambda name: market.Host(tmp_path / name, mortise, make_server)


@pytest.fixture
def publisher(tmp_path):
    return market.Publisher(tmp_path / "publisher")


@pytest.fixture
def shop(new_host, publisher):
    host = new_host("shop")
    host("publish", publisher.pack(), "--approve")
    return host


@pytest.fixture
def place(tmp_path):
    return tmp_path / "market"


@pytest.fixture
def buyer(new_host, shop, place):
    """A host that knows the marketplace by its first key."""
    host = new_host("buyer")
    host("add", "lab", place, "--key", shop.json("export", place)["key"])
    return host


def root_of(host, name="lab"):
    return next(one for one in host.json("list")["marketplaces"] if one["name"] == name)["root"]


def refused(host, words):
    before = root_of(host)
    said = host("update", "lab", status=77)
    assert words in said, said
    assert root_of(host) == before and host.found() == ["shout"]


@pytest.mark.rows("O-06")
def test_who_knows_the_old_root_key_goes_along_and_who_is_new_is_told_the_new_one(shop, buyer, new_host, publisher, place):
    old = shop.json("status")["key"]
    said = shop("rotate", "--root")
    new = shop.json("status")["key"]
    assert new != old and new in said and old not in said
    shop("publish", publisher.pack(version="1.1.0"), "--approve")
    assert shop.json("export", place)["key"] == new
    assert "snapshot 2" in buyer("update", "lab") and root_of(buyer) == 3, "one root that names the new key, one that it signed"
    for name, key in (("told-the-new", new), ("told-the-old", old)):
        host = new_host(name)
        assert "with 1 plugins" in host("add", "lab", place, "--key", key) and root_of(host) == 3
    shop("rotate", "--root")
    shop("rotate")
    shop("export", place)
    buyer("update", "lab")
    assert root_of(buyer) == 6
    late = new_host("late")
    late("add", "lab", place, "--key", new)
    assert root_of(late) == 6, "the key in the middle is one to begin with, too"


def test_the_old_root_key_is_worth_nothing_afterwards(shop, buyer, new_host, place, tmp_path):
    thief = shop.copy(tmp_path / "thief")
    shop("rotate", "--root")
    shop("export", place)
    buyer("update", "lab")
    thief("rotate")  # signed with the root key that no longer holds
    thief("export", tmp_path / "stolen")
    shutil.copytree(tmp_path / "stolen", place, dirs_exist_ok=True)
    for file in ("root/3.json", "root/3.json.minisig"):
        (place / file).unlink(missing_ok=True)
    refused(buyer, "rollback: this host has seen root 3 already")
    shop("export", place)
    forged = place / "root/4.json"
    forged.write_text((place / "root/3.json").read_text().replace('"version": 3', '"version": 4'))
    shutil.copy(place / "root/1.json.minisig", place / "root/4.json.minisig")
    refused(buyer, "which this host does not trust for it")


def test_a_chain_that_is_set_back_or_is_another_one_is_recognised(shop, buyer, place, tmp_path):
    shutil.copytree(place, tmp_path / "old")
    twin = shop.copy(tmp_path / "twin")
    shop("rotate", "--root")
    shop("export", place)
    buyer("update", "lab")
    shutil.rmtree(place)
    shutil.copytree(tmp_path / "old", place)
    refused(buyer, "rollback: this host has seen root 3 already, and root/3.json is not there")
    twin("rotate", "--root")
    twin("export", place)
    refused(buyer, "there are two roots with the version 3")


def test_a_mirror_goes_along_and_serves_those_who_know_any_of_the_keys(shop, new_host, place, tmp_path):
    old = shop.json("export", place)["key"]
    shop("rotate", "--root")
    new = shop.json("export", place)["key"]
    for told, others in ((old, new), (new, old)):
        middle = new_host("middle-" + str(told == new))
        middle("add", "lab", place, "--key", told)
        copy = tmp_path / f"copy-{told == new}"
        middle("mirror", "lab", copy)
        assert sorted(path.name for path in (copy / "root").glob("*.json")) == ["1.json", "2.json", "3.json"]
        reader = new_host("reader-" + str(told == new))
        assert "with 1 plugins" in reader("add", "lab", copy, "--key", others) and root_of(reader) == 3


@pytest.mark.parametrize("which", ["root", "snapshot"])
def test_a_change_of_keys_that_a_death_cut_off_is_finished_or_forgotten(shop, buyer, place, which):
    """What is on the disk after each step: a key on its way that no root names, and one that the newest root names."""
    keys = shop.data / "marketplace"
    before = (keys / f"{which}.key").read_bytes()
    shop("rotate", *(["--root"] if which == "root" else []))
    after = (keys / f"{which}.key").read_bytes()
    assert before != after
    shop.stop()
    (keys / f"{which}.key").write_bytes(before)  # died before the last step
    (keys / f"{which}.key.next").write_bytes(after)
    if which == "root":
        for file in ("root/3.json", "root/3.json.minisig"):
            (keys / "public" / file).unlink()
    shop("export", place)
    assert (keys / f"{which}.key").read_bytes() == after and not (keys / f"{which}.key.next").exists()
    buyer("update", "lab")
    assert root_of(buyer) == (3 if which == "root" else 2)
    (keys / f"{which}.key.next").write_bytes(before)  # died before a root named it
    shop("export", place)
    assert (keys / f"{which}.key").read_bytes() == after and not (keys / f"{which}.key.next").exists()
    shop("rotate", "--root")
    shop("export", place)
    buyer("update", "lab")


def test_a_root_key_that_is_not_the_present_one_signs_nothing(shop, place, tmp_path):
    keys = shop.data / "marketplace"
    shop("export", place)
    before = (keys / "root.key").read_bytes()
    shop("rotate", "--root")
    (keys / "root.key").write_bytes(before)  # an old copy was put back
    for words in (["rotate"], ["rotate", "--root"]):
        assert "put the present one in its place" in shop(*words, status=65)
    (keys / "root.key").unlink()
    assert "is not there" in shop("rotate", status=66)
    assert "snapshot" in shop("export", place), "states are signed without it"

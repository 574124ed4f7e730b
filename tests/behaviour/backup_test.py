"""Backups made while the server works, restored while it does not; files uploaded piece by piece."""

import hashlib
import json
import subprocess
import tarfile

import pytest
from outside import eventually, resident_bytes, run_program, step


GIVE = step("Test.give", output="x", value=5)


def restore(server, file, **options):
    return run_program("restore", file, "--data-dir", server.data_dir, "--json", cwd=server.folder, **options)


# ---- backup and restore


def test_a_backup_of_a_busy_server_is_restored_with_everything_in_it(server, tmp_path):
    first = server.execute([GIVE], "First")["run_id"]
    server.http.put(server.url + "/api/v1/files/sales.csv", data=b"a,b\n1,2\n")
    token = json.loads(server.cli("token", "create", "t", "--scope", "read", "--json").stdout)["token"]
    waiting = server.start_run([step("Test.wait", started=str(tmp_path / "s"), until=str(tmp_path / "go"))])
    made = server.cli("backup", tmp_path / "b.tar", "--json")
    assert made.returncode == 0, made.stderr
    report = json.loads(made.stdout)
    assert hashlib.sha256((tmp_path / "b.tar").read_bytes()).hexdigest() == report["sha256"]
    second = server.execute([GIVE], "Second")["run_id"]
    (tmp_path / "go").write_text("")
    server.finished(waiting)

    refused = restore(server, tmp_path / "b.tar")
    assert refused.returncode == 75 and str(server.pid) in refused.stderr, "not over a live server"
    assert server.stop() == 0
    done = restore(server, tmp_path / "b.tar")
    assert done.returncode == 0, done.stderr
    kept = json.loads(done.stdout)["kept"]
    server.start()
    assert server.record(first)["state"] == "succeeded"
    assert server.get(f"/api/v1/runs/{second}").status_code == 404, "it came after the backup"
    assert server.finished(waiting)["state"] == "succeeded", "what ran then goes on"
    assert (server.data_dir / "files" / "sales.csv").read_bytes() == b"a,b\n1,2\n"
    assert server.get("/api/v1/plugins", headers={"Authorization": f"Bearer {token}"}).status_code == 200
    assert (tmp_path / kept / "mortise.db").exists(), "the folder that was there is kept"


def test_a_backup_is_a_tar_archive_with_digests_that_any_tool_can_check(server, tmp_path):
    server.execute([GIVE])
    assert server.cli("backup", tmp_path / "b.tar").returncode == 0
    with tarfile.open(tmp_path / "b.tar") as archive:
        names = archive.getnames()
        archive.extractall(tmp_path / "out")
    assert names[0] == "mortise.db" and names[-1] == "SHA256SUMS"
    checked = subprocess.run(["sha256sum", "-c", "SHA256SUMS"], cwd=tmp_path / "out", capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stdout + checked.stderr
    assert (tmp_path / "b.tar").stat().st_mode & 0o077 == 0, "it is as private as what it holds"


@pytest.mark.parametrize("damage", ["cut", "changed", "no database", "nothing", "not there"])
def test_a_damaged_backup_changes_nothing(damage, server, tmp_path):
    run = server.execute([GIVE])["run_id"]
    file = tmp_path / "b.tar"
    assert server.cli("backup", file).returncode == 0
    whole = file.read_bytes()
    if damage == "cut":
        file.write_bytes(whole[: len(whole) // 2])
    elif damage == "changed":
        at = whole.index(b"SQLite format 3") + 3000
        file.write_bytes(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :])
    elif damage == "no database":
        file.write_bytes(b"this is no archive at all" * 100)
    elif damage == "nothing":
        file.write_bytes(b"")
    else:
        file.unlink()
    assert server.stop() == 0
    before = sorted(path.name for path in tmp_path.iterdir())
    result = restore(server, file)
    assert result.returncode in (64, 66), result.stderr
    assert sorted(path.name for path in tmp_path.iterdir()) == before, "nothing is left lying about"
    server.start()
    assert server.record(run)["state"] == "succeeded"


def test_a_backup_moves_a_host_to_another_folder(server, tmp_path):
    run = server.execute([GIVE])["run_id"]
    assert server.cli("backup", tmp_path / "b.tar").returncode == 0
    done = run_program("restore", tmp_path / "b.tar", "--data-dir", tmp_path / "elsewhere", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    shown = run_program("runs", "show", run, "--data-dir", tmp_path / "elsewhere", "--json", cwd=tmp_path)
    assert json.loads(shown.stdout)["state"] == "succeeded"


# ---- files


def test_a_large_file_is_uploaded_with_little_memory_and_found_by_a_plugin(server, tmp_path):
    size = 96 << 20
    digest = hashlib.sha256()

    def pieces():
        piece = bytes(range(256)) * 4096
        for _ in range(size // len(piece)):
            digest.update(piece)
            yield piece

    before = resident_bytes(server.pid)
    answer = server.http.put(server.url + "/api/v1/files/large.bin", data=pieces(), timeout=120)
    assert answer.status_code == 201, answer.text
    assert answer.json()["size"] == size and answer.json()["sha256"] == digest.hexdigest()
    assert resident_bytes(server.pid) - before < 24 << 20, "a file is never in memory as a whole"
    assert hashlib.sha256((server.data_dir / "files" / "large.bin").read_bytes()).hexdigest() == digest.hexdigest()
    path = server.get("/api/v1/files/large.bin").json()["path"]
    assert path == str(server.data_dir / "files" / "large.bin")
    assert server.http.delete(server.url + "/api/v1/files/large.bin").status_code == 200
    assert server.get("/api/v1/files/large.bin").status_code == 404


def test_an_upload_goes_on_where_it_ended(server):
    url = server.url + "/api/v1/files/part.txt"
    first = server.http.patch(url, data=b"hello ", headers={"Upload-Offset": "0"})
    assert first.status_code == 202 and first.headers["Upload-Offset"] == "6"
    head = server.http.head(url)
    assert head.headers["Upload-Offset"] == "6" and head.headers["Upload-Complete"] == "?0"
    wrong = server.http.patch(url, data=b"world", headers={"Upload-Offset": "3"})
    assert wrong.status_code == 409 and wrong.json()["details"]["offset"] == "6"
    sha = hashlib.sha256(b"hello world").hexdigest()
    last = server.http.patch(f"{url}?sha256={sha}", data=b"world", headers={"Upload-Offset": "6", "Upload-Complete": "?1"})
    assert last.status_code == 201, last.text
    assert (server.data_dir / "files" / "part.txt").read_bytes() == b"hello world"
    bad = server.http.put(f"{url}?sha256={'0' * 64}", data=b"other")
    assert bad.status_code == 400 and sha not in bad.text
    assert (server.data_dir / "files" / "part.txt").read_bytes() == b"hello world", "the one before stays"


def test_the_command_line_uploads_lists_and_removes(server, tmp_path):
    source = tmp_path / "big.csv"
    source.write_bytes(b"0123456789abcdef" * (20 << 16))
    done = server.cli("files", "upload", source, "--name", "b.csv")
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == str(server.data_dir / "files" / "b.csv")
    assert (server.data_dir / "files" / "b.csv").read_bytes() == source.read_bytes()
    assert "b.csv" in server.cli("files", "list").stdout
    assert server.cli("files", "remove", "b.csv").returncode == 0
    assert server.cli("files", "remove", "b.csv").returncode == 66
    assert server.cli("files", "upload", tmp_path / "nowhere").returncode == 66


def test_a_name_cannot_lead_out_of_the_folder(server):
    for name in ("..%2F..%2Fx", "%2Fetc%2Fx", ".parts", "a%2Fb", "x%00y", "x" * 201):
        answer = server.http.put(server.url + f"/api/v1/files/{name}", data=b"x")
        assert answer.status_code in (400, 404), (name, answer.text)
    eventually(lambda: not any(server.data_dir.parent.glob("x*")))

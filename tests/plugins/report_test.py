"""Reports of data that wants to be more than data, seen by a browser."""

from browser import look_at, needs_browser
from first_party import run_steps, said

EVIL = "</script><script>document.title='owned'</script><img src=http://tracker.example/x onerror=\"document.title='owned'\">"


def report_of(folder, rows, **config):
    (folder / "data.csv").write_text("name,x\n" + "".join(f'"{name.replace(chr(34), chr(34) * 2)}",{x}\n' for name, x in rows))
    page = folder / "report.html"
    done = run_steps(
        folder,
        ("Input.file", {"path": str(folder / "data.csv")}, "data"),
        ("Output.html", {"path": str(page), "title": "honest", **config}, "page"),
    )
    assert done.returncode == 0, said(done)
    return page


@needs_browser
def test_markup_in_the_data_is_shown_and_never_run(tmp_path):
    plot = {"title": EVIL, "kind": "bar", "x": "name", "y": "sum(x)", "series": "name", "unit": EVIL}
    page = report_of(tmp_path, [(EVIL, 1), ("ok", 2)], summary=EVIL, sections=[{"title": EVIL, "plot": plot, "table": {}}])
    seen = look_at(page, tmp_path)
    assert "<title>honest</title>" in seen.dom
    assert "<img" not in seen.dom
    assert seen.hosts == set()
    assert "&lt;script&gt;document.title='owned'" in seen.dom


@needs_browser
def test_the_policy_of_a_report_would_stop_a_script_and_an_image_if_one_got_in(tmp_path):
    page = report_of(tmp_path, [("a", 1)], sections=[{"table": {}}])
    smuggled = "<script>document.title='owned'</script><img src='http://tracker.example/x.png'>"
    page.write_text(page.read_text().replace("</main>", smuggled + "</main>"))
    seen = look_at(page, tmp_path)
    assert "<title>honest</title>" in seen.dom
    assert seen.hosts == set()
    assert any("Content Security Policy" in complaint for complaint in seen.complaints)


@needs_browser
def test_this_way_of_looking_does_see_requests(tmp_path):
    page = tmp_path / "tracking.html"
    page.write_text("<title>x</title><img src='http://tracker.example/x.png'>")
    assert look_at(page, tmp_path).hosts == {"tracker.example"}

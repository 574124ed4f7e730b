"""Reports of data that wants to be more than data, seen by a browser."""

from html.parser import HTMLParser

import pytest
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


class Cells(HTMLParser):
    """The text of every cell of every table, row by row."""

    def __init__(self):
        super().__init__()
        self.rows, self.cell = [], None

    def handle_starttag(self, tag, attributes):
        if tag == "tr":
            self.rows.append([])
        if tag in ("td", "th"):
            self.cell = ""

    def handle_endtag(self, tag):
        if tag in ("td", "th"):
            self.rows[-1].append(self.cell)
            self.cell = None

    def handle_data(self, data):
        if self.cell is not None:
            self.cell += data


@pytest.mark.rows("M-16")
def test_a_report_has_the_text_of_every_cell_of_the_table_escaped(tmp_path):
    names = ["plain", "a & b", "<b>bold</b>", 'say "x"', "it's", "&lt;", EVIL, "Grün ☂"]
    page = report_of(tmp_path, [(name, number) for number, name in enumerate(names, 1)], sections=[{"table": {}}])
    html = page.read_text()
    reader = Cells()
    reader.feed(html)
    assert reader.rows == [["name", "x"], *([name, str(number)] for number, name in enumerate(names, 1))]
    assert "<b>bold" not in html and EVIL not in html and "&lt;b&gt;bold" in html


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

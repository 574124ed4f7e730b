"""Spreadsheets through Input.file and Input.excel: a workbook as small as it can be, made here by hand."""

import json
import zipfile

import pytest
from outside import step

PARTS = {
    "[Content_Types].xml": """<?xml version="1.0"?><Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">
<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>
<Override PartName="/xl/workbook.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"/>
<Override PartName="/xl/worksheets/sheet1.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml"/>
<Override PartName="/xl/worksheets/sheet2.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml"/></Types>""",
    "_rels/.rels": """<?xml version="1.0"?><Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">
<Relationship Id="r" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" Target="xl/workbook.xml"/></Relationships>""",
    "xl/_rels/workbook.xml.rels": """<?xml version="1.0"?><Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">
<Relationship Id="r1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/worksheet" Target="worksheets/sheet1.xml"/>
<Relationship Id="r2" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/worksheet" Target="worksheets/sheet2.xml"/></Relationships>""",
    "xl/workbook.xml": """<?xml version="1.0"?><workbook xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"
xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"><sheets>
<sheet name="People" sheetId="1" r:id="r1"/><sheet name="Other" sheetId="2" r:id="r2"/></sheets></workbook>""",
}  # noqa: E501


def cell(value):
    if value is None:
        return "<c/>"
    if isinstance(value, bool):
        return f'<c t="b"><v>{int(value)}</v></c>'
    if isinstance(value, str):
        return f'<c t="inlineStr"><is><t>{value}</t></is></c>'
    return f"<c><v>{value}</v></c>"


def sheet(rows):
    body = "".join(f"<row>{''.join(map(cell, row))}</row>" for row in rows)
    return f'<?xml version="1.0"?><worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>{body}</sheetData></worksheet>'


@pytest.fixture
def workbook(tmp_path):
    path = tmp_path / "book.xlsx"
    people = [["name", "age", "score", "ok", "zip"], ["Ada", 36, 1.5, True, "00501"], ["Bo", None, 2, False, 10115]]
    with zipfile.ZipFile(path, "w") as file:
        for name, text in PARTS.items():
            file.writestr(name, text)
        file.writestr("xl/worksheets/sheet1.xml", sheet(people))
        file.writestr("xl/worksheets/sheet2.xml", sheet([["x"], [7], [8], [9]]))
    return path


def read(server, plugin="Input.file", **config):
    run = server.execute([step(plugin, "read", "t", **config)])
    assert run["success"], run
    table = run["context"]["t"]
    return table if isinstance(table, list) else table["rows"]


def test_a_sheet_is_a_typed_table_by_either_plugin(shared_server, workbook):
    expected = [
        {"name": "Ada", "age": 36, "score": 1.5, "ok": True, "zip": "00501"},
        {"name": "Bo", "age": None, "score": 2.0, "ok": False, "zip": "10115"},
    ]
    assert read(shared_server, path=str(workbook)) == expected
    assert read(shared_server, "Input.excel", path=str(workbook)) == expected
    assert read(shared_server, path=str(workbook), sheet="Other", limit=1, offset=1) == [{"x": 8}]
    assert read(shared_server, path=str(workbook), columns=["zip", "name"], limit=1) == [{"zip": "00501", "name": "Ada"}]


def test_a_spreadsheet_that_cannot_be_read_says_why(shared_server, workbook, tmp_path):
    (tmp_path / "no.xlsx").write_bytes(b"PK\x03\x04 not a workbook")
    for config, word in [
        ({"path": str(tmp_path / "no.xlsx")}, "no sound spreadsheet"),
        ({"path": str(workbook), "sheet": "Third"}, "it has People, Other"),
        ({"path": str(tmp_path / "gone.xlsx")}, "no such file"),
        ({"path": str(workbook), "columns": ["nome"]}, "no column 'nome'"),
    ]:
        run = shared_server.execute([step("Input.file", "read", "t", **config)])
        assert not run["success"] and word in json.dumps(run), run

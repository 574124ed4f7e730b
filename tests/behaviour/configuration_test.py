"""docs/configuration.md against the program: every key in the table is known, and refuses what it cannot be."""

import json
import re

import outside
import pytest

PAGE = (outside.REPOSITORY / "docs" / "configuration.md").read_text()
KEYS = re.findall(r"^\| `([\w.]+)`", PAGE, re.MULTILINE)


def nested(key, value):
    for part in reversed(key.split(".")):
        value = {part: value}
    return value


def test_the_page_has_a_table_of_keys():
    assert len(KEYS) > 15 and "plugins.timeout" in KEYS


@pytest.mark.parametrize("key", KEYS)
def test_a_key_of_the_page_is_known_and_typed(key, mortise, tmp_path):
    (tmp_path / "mortise.yaml").write_text(json.dumps(nested(key, {"no": "such thing"})))
    result = mortise("doctor")
    assert result.returncode == 64
    assert key in result.stderr, "the key must be named"
    assert "did you mean" not in result.stderr, "the key must be known"


def test_a_key_that_is_not_on_the_page_is_refused(mortise, tmp_path):
    for key in ("plugin", "server.hots", "logging.levle", "plugins.max_concurency"):
        assert key not in KEYS
        (tmp_path / "mortise.yaml").write_text(json.dumps(nested(key, 1)))
        result = mortise("doctor")
        assert result.returncode == 64 and "did you mean" in result.stderr, result.stderr


def test_the_toml_of_the_page_is_valid(mortise, tmp_path):
    (tmp_path / "mortise.toml").write_text(re.search(r"```toml\n(.*?)```", PAGE, re.DOTALL).group(1))
    assert mortise("doctor").returncode == 0

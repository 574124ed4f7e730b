"""What plugins find by name: the host's services, and those of other plugins."""

import pytest
from outside import PLUGIN_FOLDERS, config_file, python_plugin, step

PROVIDER = """
from mortise import Plugin


class Rates(Plugin):
    def call(self, method, input):
        if method == "convert":
            return {"euro": input["dollar"] * 2}
        return super().call(method, input)
"""


def ask(service, method, input=None):
    return step("Test.ask_py", "Ask", "answer", service=service, method=method, input=input)


@pytest.mark.rows("K-47")
def test_the_host_offers_a_logger_and_the_configuration_as_services(server):
    run = server.execute([ask("ConfigService", "get", {"key": "plugins.max_concurrency"})])
    assert run["success"], run
    assert run["context"]["answer"] == 10
    run = server.execute([ask("Logger", "warning", {"message": "the plugin says so", "fields": {"n": 5}})])
    assert run["success"], run
    record = next(line for line in server.log.read_text().splitlines() if "the plugin says so" in line)
    assert "n=5" in record and "warning" in record


def test_a_plugin_answers_as_the_service_that_it_provides(make_server, tmp_path):
    python_plugin(tmp_path / "plugins", "rates", PROVIDER, extension_points=["callback"], provides=["exchange"])
    server = make_server(config=config_file(tmp_path, [*PLUGIN_FOLDERS, tmp_path / "plugins"]))
    run = server.execute([ask("exchange", "convert", {"dollar": 21})])
    assert run["success"], run
    assert run["context"]["answer"] == {"euro": 42}


def test_a_service_that_nobody_provides_is_an_error_with_its_name(server):
    run = server.execute([ask("Oracle", "ask")])
    assert not run["success"]
    assert "no service 'Oracle'" in run["error"]

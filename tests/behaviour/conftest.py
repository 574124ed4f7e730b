"""Fixtures of the behaviour tests: the program as a command, and as a server of a folder of its own."""

import outside
import pytest


@pytest.fixture
def mortise(tmp_path):
    """Runs the program: mortise("run", "p.yaml", cwd=..., env=..., stdin=..., timeout=...) -> CompletedProcess with text."""

    def run(*arguments, cwd=tmp_path, **options):
        return outside.run_program(*arguments, cwd=cwd, **options)

    return run


@pytest.fixture
def make_server(tmp_path):
    """Starts servers that are gone at the end of the test, whatever happened to them."""
    servers = []

    def make(*arguments, folder=tmp_path, **options):
        servers.append(outside.Server(folder, *arguments, **options))
        return servers[-1]

    yield make
    for server in servers:
        server.close()


@pytest.fixture
def server(make_server):
    """A server of this test alone."""
    return make_server()


@pytest.fixture(scope="session")
def shared_server(tmp_path_factory):
    """One server for all tests that leave it as they found it."""
    server = outside.Server(tmp_path_factory.mktemp("shared"))
    yield server
    server.close()


@pytest.fixture
def config(tmp_path):
    """A configuration file with the test plugins, for the command line: mortise("run", ..., "--config", config)."""
    return outside.config_file(tmp_path)

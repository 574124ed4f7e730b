"""Plugins in R as an operator sees them: what they say, how they fail, what they keep."""

import json
import os

import outside
import pytest

pytestmark = pytest.mark.skipif(
    not (outside.BUILD / "r" / "mortise").exists(), reason="the R package is not built: run tools/setup, which installs R, and make"
)


def r_plugin(folder, name, source, **manifest):
    package = folder / "plugins" / name
    package.mkdir(parents=True)
    (package / "plugin.R").write_text(source)
    words = {"name": name, "version": "1.0.0", "author": "a", "description": "d", "extension_points": ["Data_Processing"]}
    (package / "manifest.json").write_text(json.dumps({**words, "language": "r", "entry_point": "plugin.R", **manifest}))


def run(folder, *steps, arguments=()):
    (folder / "p.json").write_text(json.dumps({"pipelines": [{"name": "P", "steps": list(steps)}]}))
    config = outside.config_file(folder, [folder / "plugins"])
    return outside.run_program("run", "p.json", "--config", config, *arguments, cwd=folder)


def step(plugin, output="out", **config):
    return {"name": f"{plugin} for {output}", "plugin": plugin, "config": config, "output": output}


def saved(folder, *steps, **keys):
    done = run(folder, *steps, step("Output.json", path="out.json", input=keys))
    assert done.returncode == 0, done.stdout + done.stderr
    return json.loads((folder / "out.json").read_text())


def test_what_a_plugin_says_reaches_the_log(tmp_path):
    source = """
    step <- function(step) {
      message("a message")
      warning("a warning")
      print(1:3)
      cat("no end")
      step$log$error("a record", rows = 3L)
    }
    """
    r_plugin(tmp_path, "talker", source)
    done = run(tmp_path, step("talker"))
    said = done.stdout + done.stderr
    assert done.returncode == 0, said
    for words in ("a message", "a warning", "[1] 1 2 3", "no end", "a record rows=3"):
        assert words in said, said


def test_an_error_says_where_it_happened_and_why(tmp_path):
    source = """
inner <- function(x) log(x)
step <- function(step) {
  tryCatch(inner("a"), error = function(e) stop(invalid("the rows make no sense", "send numbers", parent = e)))
}
"""
    r_plugin(tmp_path, "failing", source)
    done = run(tmp_path, step("failing"))
    said = done.stdout + done.stderr
    assert done.returncode != 0
    assert "the rows make no sense" in said and "send numbers" in said and "non-numeric argument to mathematical function" in said
    r_plugin(tmp_path, "plain", "inner <- function(x) log(x)\n\nstep <- function(step)\n  inner('a')\n")
    told = run(tmp_path, step("plain"), arguments=["--json"]).stdout
    assert "non-numeric argument" in told and '"code": "plugin"' in told.replace('":"', '": "'), told
    assert "plugins/plain/plugin.R:3" in told and '"in": "log(x)"' in told, told


def test_a_reference_class_keeps_its_state_between_calls(tmp_path):
    source = """
    plugin <- setRefClass("Counter", fields = list(calls = "numeric"), methods = list(
      initialize = function(...) { calls <<- 0; callSuper(...) },
      step = function(step) { calls <<- calls + 1; .self$calls }))
    """
    r_plugin(tmp_path, "counter", source)
    assert saved(tmp_path, step("counter", "a"), step("counter", "b"), a="a", b="b") == {"a": 1.0, "b": 2.0}


def test_what_came_with_a_call_may_be_kept_beyond_it(tmp_path):
    source = """
    kept <- NULL
    step <- function(step) {
      if (!is.null(kept)) return(c(sum(kept$id), sum(kept$half)))
      kept <<- step$input
      step$input
    }
    """
    maker = "step <- function(step) data.frame(id = 1:200000, half = (1:200000) / 2 + step$config$add)"
    r_plugin(tmp_path, "keeper", source)
    r_plugin(tmp_path, "maker", maker)
    found = saved(
        tmp_path, step("maker", "t", add=0), step("keeper", "same", input="t"), step("maker", "u", add=1e6), step("keeper", "sums", input="u"),
        sums="sums",
    )  # fmt: skip
    assert found["sums"] == [200000 * 200001 / 2, 200000 * 200001 / 4]


def test_tables_pass_between_r_and_others_with_their_types(tmp_path):
    source = """
    step <- function(step) {
      days <- step$input
      stopifnot(inherits(days$date, "Date"), is.numeric(days$wind), is.character(days$weather))
      days$weather <- factor(days$weather)
      days$at <- as.POSIXct(days$date, tz = "America/Los_Angeles")
      days$gap <- ifelse(days$wind > 9, NA, days$wind)
      days
    }
    """
    r_plugin(tmp_path, "typed", source)
    weather = str(outside.REPOSITORY / "examples" / "data" / "seattle-weather.csv")
    keep = {"where": 'date <= "2012-01-03"'}
    rows = saved(
        tmp_path, step("Input.file", "days", path=weather), step("typed", "more", input="days"),
        step("Data_Processing.filter", "few", input="more", **keep), few="few",
    )["few"]  # fmt: skip
    assert [row["date"] for row in rows] == ["2012-01-01", "2012-01-02", "2012-01-03"]
    assert [row["weather"] for row in rows] == ["drizzle", "rain", "rain"]
    assert rows[0]["at"].startswith("2012-01-01T00:00:00") and rows[0]["gap"] == rows[0]["wind"]


def test_a_worker_that_is_ended_leaves_no_temporary_folder_behind(tmp_path):
    r_plugin(tmp_path, "hurt", "step <- function(step) { writeLines('x', tempfile()); tools::pskill(Sys.getpid(), 9L); Sys.sleep(60) }")
    r_plugin(tmp_path, "calm", "step <- function(step) tools::pskill(Sys.getpid(), 9L)")
    temporary = tmp_path / "tmp"
    temporary.mkdir()
    (tmp_path / "p.json").write_text(json.dumps({"name": "P", "steps": [step("calm")]}))
    config = outside.config_file(tmp_path, [tmp_path / "plugins"])
    done = outside.run_program("run", "p.json", "--config", config, cwd=tmp_path, env={**os.environ, "TMPDIR": str(temporary)})
    assert "SIGKILL" in done.stdout + done.stderr
    assert [each.name for each in temporary.iterdir() if each.name.startswith("Rtmp")] == []


def test_a_file_beside_the_plugin_is_found_and_rs_own_functions_are_there(tmp_path):
    source = """
    source(plugin_file("helper.R"), local = TRUE)
    step <- function(step) list(helped(3), sd(c(1, 2, 3)), nrow(head(mtcars, 2)), as.character(is(1)[1]))
    """
    r_plugin(tmp_path, "helped", source)
    (tmp_path / "plugins" / "helped" / "helper.R").write_text("helped <- function(x) x + 1\n")
    assert saved(tmp_path, step("helped"), out="out")["out"] == [4.0, 1.0, 2, "numeric"]


def test_without_r_a_plugin_in_r_says_what_to_install(tmp_path):
    r_plugin(tmp_path, "calm", "step <- function(step) 1")
    (tmp_path / "p.json").write_text(json.dumps({"name": "P", "steps": [step("calm")]}))
    config = outside.config_file(tmp_path, [tmp_path / "plugins"])
    done = outside.run_program("run", "p.json", "--config", config, cwd=tmp_path, env={**os.environ, "MORTISE_R_HOME": "/nowhere"})
    assert done.returncode != 0
    assert "R is missing: '/nowhere/bin/exec/R'" in done.stdout + done.stderr


def test_a_step_that_runs_too_long_is_interrupted_and_cleans_up_after_itself(tmp_path):
    source = """
    step <- function(step) {
      on.exit(writeLines("cleaned up", file.path(step$config$folder, "trace.txt")))
      repeat sqrt(2)
    }
    """
    r_plugin(tmp_path, "busy", source, permissions=[f"file_system={tmp_path}:write"])
    done = run(tmp_path, {**step("busy", folder=str(tmp_path)), "timeout": "300ms"})
    assert done.returncode == 124 and "did not finish within 300 ms" in done.stdout + done.stderr
    trace = tmp_path / "trace.txt"
    outside.eventually(lambda: trace.exists() and trace.read_text() == "cleaned up\n", what="its own clean-up")

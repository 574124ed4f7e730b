"""The quick start: what its pipeline writes is what a few lines of Python find in the same file."""

import json
import re
from collections import Counter

import pytest
from browser import look_at, needs_browser
from first_party import QUICKSTART, run_file, said, weather_rows


@pytest.fixture(scope="module")
def quickstart(tmp_path_factory):
    folder = tmp_path_factory.mktemp("quickstart")
    done = run_file(QUICKSTART, folder)
    assert done.returncode == 0, said(done)
    return folder / "quickstart"


def test_the_summary_of_every_year_and_month_is_right(quickstart):
    summary = json.loads((quickstart / "summary.json").read_text())
    rows = weather_rows()
    assert [year["year"] for year in summary["years"]] == [2012, 2013, 2014, 2015]
    for year in summary["years"]:
        mine = [row for row in rows if row["date"].startswith(str(year["year"]))]
        assert year["days"] == len(mine)
        assert year["hottest"] == max(row["temp_max"] for row in mine)
        assert year["coldest"] == min(row["temp_min"] for row in mine)
        assert year["precipitation"] == pytest.approx(sum(row["precipitation"] for row in mine))
        assert year["sunny_days"] == Counter(row["weather"] for row in mine)["sun"]
    assert len(summary["months"]) == 48
    for month in summary["months"]:
        mine = [row for row in rows if row["date"].startswith(f"{month['year']}-{month['month']:02}")]
        assert month["rain_days"] == sum(row["precipitation"] > 0 for row in mine)
        assert month["temp_max"] == pytest.approx(sum(row["temp_max"] for row in mine) / len(mine))
    columns = {column["column"]: column for column in summary["columns"]}
    assert columns["date"]["type"] == "date32[day]" and columns["date"]["min"] == "2012-01-01"
    assert columns["weather"]["distinct"] == 5 and columns["wind"]["nulls"] == 0


def test_what_the_report_says_in_words_is_true(quickstart):
    html = (quickstart / "report.html").read_text()
    rows = weather_rows()
    months = {row["date"]: int(row["date"][5:7]) for row in rows}
    total = sum(row["precipitation"] for row in rows)
    cool = sum(row["precipitation"] for row in rows if months[row["date"]] in (10, 11, 12, 1, 2, 3))
    summer = sum(row["precipitation"] for row in rows if months[row["date"]] in (6, 7, 8))
    kinds = Counter(row["weather"] for row in rows)
    assert "three quarters of the rain fell from October to March" in " ".join(html.split()) and 0.72 < cool / total < 0.78
    assert "a thirteenth of a year" in html and 1 / 14 < summer / total < 1 / 12
    assert "as many sunny days as rainy ones" in " ".join(html.split()) and abs(kinds["sun"] - kinds["rain"]) < 5
    assert "froze in 72 of 1,461 nights" in " ".join(html.split()) and sum(row["temp_min"] < 0 for row in rows) == 72
    means = [sum(r["temp_max"] for r in rows if months[r["date"]] == m) / sum(months[r["date"]] == m for r in rows) for m in (7, 8, 12, 1)]
    assert [round(mean) for mean in means] == [26, 26, 8, 8]
    by_year = [[row for row in rows if row["date"].startswith(str(year))] for year in range(2012, 2016)]
    warmth = [sum(row["temp_max"] for row in mine) / len(mine) for mine in by_year]
    wet_days = [sum(row["precipitation"] > 0 for row in mine) for mine in by_year]
    assert "Each year was warmer than the one before, and each had fewer wet days" in " ".join(html.split())
    assert warmth == sorted(warmth) and wet_days == sorted(wet_days, reverse=True)
    (seasons,) = json.loads((quickstart / "summary.json").read_text())["seasons"]
    assert "swings from 7 °C below the trend to 8 °C above" in " ".join(html.split())
    assert [round(seasons["seasonal_low"]), round(seasons["seasonal_high"])] == [-7, 8]
    assert "rose by 1.6 °C" in " ".join(html.split()) and round(seasons["trend_last"] - seasons["trend_first"], 1) == 1.6
    assert "35.6" in html and "11 Aug 2014" in html and ">623<" in html


def test_running_it_twice_writes_the_same_bytes(quickstart):
    before = {name: (quickstart / name).read_bytes() for name in ("report.html", "summary.json")}
    assert run_file(QUICKSTART, quickstart.parent).returncode == 0
    assert {name: (quickstart / name).read_bytes() for name in before} == before


def test_every_plot_has_a_title_units_and_a_legend(quickstart):
    html = (quickstart / "report.html").read_text()
    plots = [json.loads(found) for found in re.findall(r'<script type="application/json"[^>]*>(.*?)</script>', html, re.S)]
    titles = re.findall(r'<figure class="plot"><figcaption><h3>(.*?)</h3>', html)
    assert len(plots) == len(titles) == 9
    for plot in plots:
        assert plot["legend"] and plot["xTitle"] and plot["yTitle"]
        assert all(series["name"] for series in plot["series"])
    assert [plot["unit"] for plot in plots] == ["°C", "°C", "°C", "°C", "°C", "mm", "days", "", "days"]
    assert titles[1:5] == ["Observed, and its trend", "Trend alone", "Season", "Remainder"]
    parts = [{series["name"]: series["y"] for series in plot["series"]} for plot in plots[1:5]]
    for observed, trend, season, rest in zip(parts[0]["Observed"], parts[1]["Trend"], parts[2]["Season"], parts[3]["Remainder"]):
        assert observed == pytest.approx(trend + season + rest)
    assert {len(series["y"]) for series in plots[0]["series"]} == {1461, 48}
    assert [series["name"] for series in plots[5]["series"]] == ["2012", "2013", "2014", "2015"]


@needs_browser
def test_a_browser_draws_all_of_it_and_asks_the_network_for_nothing(quickstart, tmp_path):
    page = quickstart / "report.html"
    assert "google" not in page.read_text()
    seen = look_at(page, tmp_path)
    assert seen.hosts == set()
    assert seen.complaints == []
    canvases = re.findall(r"<canvas[^>]*>", seen.dom)
    assert len(canvases) == 9
    assert all('style="display: block' in canvas for canvas in canvases), "a chart was not drawn"

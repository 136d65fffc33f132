"""What the benchmarks share: statistics, timing, reports, and the comparison of two of them."""

import io
import json
import sys
from pathlib import Path

import pytest
import torch
from rich.console import Console

sys.path.extend(str(Path(__file__).parents[2] / "benchmark" / folder) for folder in ("", "launch_latency"))

from common import cli, compare, machine, plot, report, timing
from common.report import Entry, Group, Report
from common.summary import Summary, differences, ratios, within_spread

from triton_runner.timing import measure_device

CPU = torch.device("cpu")


# ---- statistics ----


def test_summary_of_known_samples():
    summary = Summary.of([5.0, 1.0, 2.0, 4.0, 3.0])
    assert summary == Summary(median=3.0, q1=2.0, q3=4.0, low=1.0, high=5.0, count=5)
    assert summary.spread == 2.0


def test_summary_of_one_sample_has_no_spread():
    assert Summary.of([7.0]) == Summary(7.0, 7.0, 7.0, 7.0, 7.0, 1)


def test_summary_of_nothing_is_refused():
    with pytest.raises(ValueError, match="at least one sample"):
        Summary.of([])


def test_an_outlier_does_not_move_the_summary():
    assert Summary.of([1.0, 1.0, 1.0, 1.0, 1000.0]).median == 1.0
    assert Summary.of([1.0, 1.0, 1.0, 1.0, 1000.0]).spread == 0.0


def test_what_slows_a_whole_round_cancels_out():
    baseline = [1.0, 9.0, 2.0]
    assert Summary.of(differences([value + 3 for value in baseline], baseline)).spread == 0.0
    assert ratios([2.0, 18.0, 4.0], baseline) == [2.0, 2.0, 2.0]


def test_rounds_that_do_not_pair_are_refused():
    with pytest.raises(ValueError, match="zip"):
        differences([1.0], [1.0, 2.0])


@pytest.mark.parametrize(
    ("other", "resolution", "equal"),
    [
        ([101.0, 102.0, 103.0], 0.0, True),  # the medians are as far apart as the quartiles
        ([103.0, 104.0, 105.0], 0.0, False),
        ([103.0, 104.0, 105.0], 3.0, True),  # the clock cannot tell
    ],
)
def test_within_spread(other, resolution, equal):
    assert within_spread(Summary.of([100.0, 101.0, 102.0]), Summary.of(other), resolution) is equal


# ---- timing ----


def test_rounds_are_interleaved_and_warmup_is_left_out():
    log = []
    rows = [timing.Row(name, lambda count, name=name: log.append((name, count)) or count * 1e-6) for name in "abc"]
    times = timing.measure(rows, batch=4, rounds=5, synchronize=lambda: log.append("wait"))
    runs = [entry for entry in log if entry != "wait"]
    per_round = [sorted(runs[start : start + 3]) for start in range(0, len(runs), 3)]
    assert per_round == [[("a", 4), ("b", 4), ("c", 4)]] * (5 + timing.WARMUP_ROUNDS)
    assert len({tuple(runs[start : start + 3]) for start in range(0, len(runs), 3)}) > 1, "the order is never drawn"
    assert all(one.host == pytest.approx([1.0] * 5) and len(one.wall) == 5 for one in times.values())
    assert log.count("wait") == 2 * len(runs)


def test_statement_runs_its_code_with_its_names():
    found = []
    seconds = timing.statement("add(value)", {"add": found.append, "value": 3})(7)
    assert found == [3] * 7
    assert seconds > 0


def test_device_timing_on_the_cpu_times_the_call():
    calls = []
    samples = measure_device({"one": lambda: calls.append(1)}, 3, CPU)
    assert len(samples["one"]) == 3
    assert len(calls) > 3


# ---- reports ----


def summary_around(value):
    return Summary.of([value - 0.01, value, value + 0.01])


def make_report(rows, benchmark="launch_latency", judged="above"):
    """``rows``: name to (is ours, distance to the floor, or the reason why there is none)."""
    group = Group("19 arguments", {"host": "µs", "above": "µs"}, "host", judged, "floor", 0.3)
    for name, (ours, value) in rows.items():
        if isinstance(value, str):
            group.entries.append(Entry(name, ours=ours, missing=value))
        else:
            values = {"host": summary_around(3 + value), "above": summary_around(value)}
            group.entries.append(Entry(name, values, ours, notes={"equals Triton": "yes"}))
    return Report(benchmark, machine.facts(), {"rounds": 3}, [group])


def test_json_round_trip(tmp_path):
    path = tmp_path / "folder" / "report.json"
    made = make_report({"ours": (True, 1.0), "theirs": (False, 2.0), "peer": (False, "not installed")})
    report.write(made, path)
    assert report.read(path) == made
    assert [entry.name for entry in path.parent.iterdir()] == ["report.json"], "the temporary file is left"


def test_a_failed_write_leaves_the_old_report(tmp_path):
    path = tmp_path / "report.json"
    report.write(make_report({"ours": (True, 1.0)}), path)
    before = path.read_text()
    broken = make_report({"ours": (True, 1.0)})
    broken.settings["object"] = object()
    with pytest.raises(TypeError):
        report.write(broken, path)
    assert path.read_text() == before
    assert [entry.name for entry in tmp_path.iterdir()] == ["report.json"]


@pytest.mark.parametrize("content", ["[]", "{}", '{"format": 99}'])
def test_a_file_that_is_no_report_is_refused(tmp_path, content):
    path = tmp_path / "report.json"
    path.write_text(content)
    with pytest.raises(ValueError, match="no benchmark report"):
        report.read(path)


def test_the_table_shows_numbers_and_reasons():
    console = Console(width=150, record=True, file=io.StringIO())
    report.show(make_report({"ours": (True, 1.25), "peer": (False, "not installed")}), console)
    text = console.export_text()
    assert "4.25 [4.245 4.255]" in text
    assert "peer: not measured, not installed" in text


def test_only_missing_rows_of_ours_are_failures():
    made = make_report({"ours": (True, "broken"), "peer": (False, "not installed")})
    assert made.failures == ["19 arguments: ours"]


def test_the_facts_name_machine_and_versions():
    facts = machine.facts()
    assert facts["packages"]["torch"] == torch.__version__
    assert facts["gpu"] is None or isinstance(facts["gpu"], str)
    assert torch.__version__ in machine.title(facts)
    json.dumps(facts)


def test_the_chart_is_a_png(tmp_path):
    pytest.importorskip("matplotlib")
    path = tmp_path / "chart.png"
    groups = [make_report({"ours": (True, 1.0), "peer": (False, "gone")}).groups[0] for _ in range(3)]
    assert plot.draw(Report("launch_latency", machine.facts(), {}, groups), path)
    assert path.read_bytes().startswith(b"\x89PNG")


# ---- comparison ----


def verdicts(old, new, tolerance=None):
    changes = compare.compare(make_report(old), make_report(new), tolerance)
    return {change.row: (change.verdict, change.regression) for change in changes}


def test_nothing_changed():
    rows = {"ours": (True, 1.0), "theirs": (False, 7.0)}
    assert verdicts(rows, rows) == {"ours": ("same", False), "theirs": ("same", False)}


def test_a_regression_of_ours_is_found_and_one_of_others_is_not_ours():
    old, new = {"ours": (True, 1.0), "theirs": (False, 7.0)}, {"ours": (True, 1.5), "theirs": (False, 9.0)}
    assert verdicts(old, new) == {"ours": ("slower", True), "theirs": ("slower", False)}


def test_within_the_tolerance_is_no_regression():
    old, new = {"ours": (True, 1.0)}, {"ours": (True, 1.5)}
    assert verdicts(old, new, tolerance=0.6) == {"ours": ("same", False)}
    assert verdicts(old, {"ours": (True, 1.2)}) == {"ours": ("same", False)}


def test_quartiles_that_overlap_are_no_regression():
    old, new = make_report({"ours": (True, 1.0)}), make_report({"ours": (True, 2.0)})
    new.groups[0].entries[0].values["above"] = Summary.of([0.0, 2.0, 3.5])
    (change,) = compare.compare(old, new)
    assert (change.verdict, change.regression) == ("same", False)


def test_faster_and_new_rows_are_no_regression():
    assert verdicts({"ours": (True, 2.0)}, {"ours": (True, 1.0), "door": (True, 9.0)}) == {
        "ours": ("faster", False),
        "door": ("new", False),
    }


def test_a_row_of_ours_that_is_gone_is_a_regression():
    old = {"ours": (True, 1.0), "door": (True, 1.0), "peer": (False, 4.0)}
    assert verdicts(old, {"ours": (True, 1.0), "door": (True, "broken")}) == {
        "ours": ("same", False),
        "door": ("gone", True),
        "peer": ("gone", False),
    }


def test_groups_without_a_baseline_are_not_compared():
    old, new = (make_report({"ours": (True, value)}, judged=None) for value in (1.0, 9.0))
    assert compare.compare(old, new) == []


def test_reports_of_two_benchmarks_are_not_compared():
    with pytest.raises(ValueError, match="one report is of matmul, the other of launch_latency"):
        compare.compare(make_report({}, "matmul"), make_report({}, "launch_latency"))


@pytest.mark.parametrize(("new", "tolerance", "status"), [(1.0, [], 0), (2.0, [], 1), (2.0, ["--tolerance", "2"], 0)])
def test_compare_from_the_command_line(tmp_path, new, tolerance, status, capfd):
    paths = [tmp_path / name for name in ("old.json", "new.json")]
    for path, value in zip(paths, (1.0, new), strict=True):
        report.write(make_report({"ours": (True, value)}), path)
    assert run_cli(["--compare", *map(str, paths), *tolerance]) == status
    assert ("regression: 19 arguments: ours" in capfd.readouterr().err) is bool(status)


def test_comparing_what_is_no_report_has_a_status_of_its_own(tmp_path):
    assert run_cli(["--compare", str(tmp_path / "none.json"), str(tmp_path / "none.json")]) == 2


@pytest.mark.parametrize(("row", "status"), [((True, 1.0), 0), ((True, "broken"), 1)])
def test_a_row_of_ours_that_cannot_be_measured_fails_the_run(tmp_path, row, status):
    def measure(options, result):
        result.groups += make_report({"ours": row}).groups

    assert run_cli(["--output", str(tmp_path)], measure) == status
    assert report.read(tmp_path / "launch_latency.json").settings["quick"] is False


def run_cli(argv, measure=None):
    return cli.run_benchmark("launch_latency", cli.make_parser("launch_latency", ""), measure, argv)


def test_words_refuse_what_is_not_known():
    assert cli.words("a", "b")("b,a") == ["b", "a"]
    with pytest.raises(cli.argparse.ArgumentTypeError, match="c: expected some of a, b"):
        cli.words("a", "b")("a,c")

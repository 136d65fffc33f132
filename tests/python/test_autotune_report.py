"""kernel.tuned as a table and as a chart."""

import pytest
from autotune_kernels import SIZE, blocks, fixed_times, run_scale, tuned_scale

from triton_runner.errors import ArgumentError


@pytest.fixture(scope="module")
def kernel(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TRITON_RUNNER_CACHE_DIR", str(tmp_path_factory.mktemp("cache")))
        kernel = tuned_scale(blocks(64, 96, 128), do_bench=fixed_times([0.25, 0.125, 4.0, 8.0]))
        run_scale(kernel)
        run_scale(kernel, 200)
        yield kernel


def test_the_table_has_every_config_of_every_key_the_best_first(kernel):
    text = str(kernel.tuned)
    lines = [line for line in text.splitlines() if "BLOCK" in line]
    assert [line.split("BLOCK: ")[1].split(",")[0] for line in lines] == ["128", "64", "96", "64", "128", "96"]
    assert f"n={SIZE}" in text
    assert "n=200" in text
    assert "0.125" in lines[0]
    assert "best" in lines[0]
    assert "power of" in text


def test_the_chart_has_a_bar_for_each_config(kernel, tmp_path):
    figure = kernel.tuned.plot(tmp_path / "tuned.png")
    assert (tmp_path / "tuned.png").stat().st_size > 1000
    first, second = figure.axes
    assert [bar.get_width() for bar in first.patches] == [0.125, 0.25, 0.0]
    assert [bar.get_width() for bar in second.patches] == [4.0, 8.0, 0.0]
    assert [label.get_text().split(",")[0] for label in first.get_yticklabels()] == [
        "BLOCK: 128",
        "BLOCK: 64",
        "BLOCK: 96",
    ]
    assert any("left out" in text.get_text() for text in first.texts)


def test_before_the_first_launch_there_is_nothing():
    kernel = tuned_scale(blocks(64))
    assert len(kernel.tuned) == 0
    assert "autotuned" in str(kernel.tuned)
    with pytest.raises(ArgumentError, match="has not been tuned yet"):
        kernel.tuned.plot()

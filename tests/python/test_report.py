"""The page of passes, in a headless Chromium: it opens, filters, links, searches, and says nothing on its console."""

import base64
import gzip
import json
import os
import re
from types import SimpleNamespace

import pytest
from browser import Browser, find_browser
from kernels import CASES, case_named
from kernels.plain import source_of

import triton_runner
from triton_runner.cli import main
from triton_runner.report.data import Subject, build_data
from triton_runner.report.page import write_report

KERNEL = "attention_kernel"
CONSTEXPRS = ("CAUSAL=False", "WIDTH=32", "BLOCK_M=32", "BLOCK_N=32")


@pytest.fixture(scope="module")
def report(tmp_path_factory):
    path = tmp_path_factory.mktemp("report") / "report.html"
    file = case_named("attention").kernel.fn.__code__.co_filename
    constexprs = [word for value in CONSTEXPRS for word in ("-C", value)]
    command = ["passes", f"{file}:{KERNEL}", *constexprs, "--num-stages", "2", "--target", "sm_90", "-o", str(path)]
    assert main(command) == 0
    return path


@pytest.fixture(scope="module")
def data(report):
    packed = re.search(r'id="data">([^<]*)<', report.read_text())[1]
    return json.loads(gzip.decompress(base64.b64decode(packed)))


@pytest.fixture(scope="module")
def browser():
    program = find_browser()
    if program is None:
        if os.environ.get("TRITON_RUNNER_CI"):
            pytest.fail("CI has no Chromium: .ci/run installs one")
        pytest.skip("no Chromium here")
    opened = Browser(program)
    yield opened
    opened.close()


def test_the_data_is_that_of_the_passes(data):
    assert (data["kernel"], data["target"]) == (KERNEL, "sm_90")
    names = [entry["name"] for entry in data["passes"]]
    assert {"coalesce", "pipeline", "to_llvmir"} <= set(names)
    assert [output["level"] for output in data["outputs"]] == ["llir", "ptx", "sass"]
    facts = dict(data["facts"])
    assert int(facts["registers"]) > 30
    assert facts["spills"] == "0 bytes"
    assert {"shared memory", "warps"} <= facts.keys()
    for before, after in zip(data["passes"], data["passes"][1:], strict=False):
        assert before["after"] == after["before"]
    assert len(data["texts"]) < len(names), "texts that repeat are kept once"


def text_of(data, number):
    return [data["lines"][line] for line in data["texts"][number]["lines"]]


def test_lines_know_the_python_they_came_from(data):
    source = next(file for file in data["files"] if file["name"] == "attention.py")
    pipelined = next(entry for entry in data["passes"] if entry["name"] == "pipeline")
    text = data["texts"][pipelined["after"]]
    dots = [loc for line, loc in zip(text["lines"], text["locs"], strict=True) if "tt.dot" in data["lines"][line]]
    assert len(dots) == 2
    for loc in dots:
        file, line = data["locs"][loc][-1]
        assert data["files"][file] is source
        assert "tl.dot" in source["lines"][line - 1]


def test_a_page_needs_nothing_else(report):
    page = report.read_text()
    assert not re.findall(r'(?:src|href)="(?!data:)', page)
    assert "<!--" not in page.replace("<!doctype", "")
    assert len(page) < 1_000_000


def test_opens_quietly_and_soon(browser, report, data):
    took = browser.open(report)
    assert took < 3000
    assert browser.evaluate("document.querySelectorAll('.pass').length") == len(data["passes"]) + len(data["outputs"])
    assert browser.evaluate("document.querySelectorAll('.pass.changed').length") == sum(
        entry["changed"] for entry in data["passes"]
    )
    facts = browser.evaluate("document.querySelector('#facts').innerText")
    assert all(f"{label} {value}" in facts for label, value in data["facts"])
    browser.wait_for("document.documentElement.dataset.counted")
    empty = browser.evaluate(
        "[...document.querySelectorAll('.pass')]"
        ".filter(e => { e.click(); return !document.querySelector('#code .row'); }).map(e => e.innerText)"
    )
    assert all("di_scope" in name for name in empty), (
        "only a pass that changes nothing but locations has no lines to show"
    )
    assert browser.console == []
    assert [url for url in browser.requests if not url.startswith(("file:", "data:", "about:"))] == []


def test_filters(browser, report):
    browser.open(report)
    visible = "[...document.querySelectorAll('.pass')].filter(e => !e.hidden)"
    shown = f"{visible}.map(e => e.querySelector('.name').textContent)"
    browser.press("/")
    browser.call("Input.insertText", text="layout")
    names = browser.evaluate(shown)
    assert names
    assert all("layout" in name for name in names)
    browser.press("Enter")
    assert browser.evaluate("document.querySelector('#pass-name').textContent") == names[0]
    browser.press("Escape")
    assert len(browser.evaluate(shown)) > 50
    browser.press("c")
    assert browser.evaluate(f"{visible}.every(e => !e.title.includes('nothing'))")
    assert 5 < len(browser.evaluate(shown)) < 50
    assert browser.console == []


def test_a_line_of_ir_shows_its_line_of_python_and_back(browser, report, data):
    number = next(index for index, entry in enumerate(data["passes"], 1) if entry["name"] == "pipeline")
    browser.open(report, f"#{number}")
    assert browser.evaluate("document.querySelector('#pass-name').textContent") == "pipeline"
    browser.press("f")
    browser.call("Input.insertText", text="tt.dot")
    browser.wait_for("document.querySelector('.found') !== null")
    browser.press("Enter")
    dot = browser.evaluate("(e => { e.id = 'dot'; return e.textContent; })(document.querySelector('.here > .ln.r'))")
    assert "tt.dot" in dot
    browser.evaluate("document.activeElement.blur()")
    browser.press("Escape")
    assert not browser.evaluate("document.querySelector('.py.on') !== null")
    browser.point("#dot")
    browser.wait_for("document.querySelector('.py.on') !== null")
    assert "tl.dot" in browser.evaluate("document.querySelector('.py.on').innerText")
    veil = "getComputedStyle(document.querySelector('#dot')).backgroundImage"
    assert "gradient" in browser.evaluate(veil)
    browser.point("#kernel")
    browser.wait_for("document.querySelector('.py.on') === null")
    assert browser.evaluate(veil) == "none"
    place = browser.evaluate("document.querySelector('#dot').dataset.at.split(' ').pop()")
    browser.point(f'.py[data-place="{place}"]', click=True)
    browser.wait_for("document.querySelector('.py.held') !== null")
    assert "gradient" in browser.evaluate(veil)
    browser.press("Escape")
    assert browser.evaluate("document.querySelector('.held') === null")
    assert browser.console == []


def test_search_finds_in_all_modules(browser, report, data):
    browser.open(report)
    browser.press("f")
    browser.call("Input.insertText", text="ttg.async_wait")
    browser.wait_for("document.querySelector('.found') !== null")
    counted = browser.evaluate(
        "Object.fromEntries([...document.querySelectorAll('.pass')].filter(e => e.querySelector('.found'))"
        ".map(e => [e.querySelector('.name').textContent, Number(e.querySelector('.found').textContent)]))"
    )
    expected = {
        entry["name"]: count
        for entry in data["passes"] + data["outputs"]
        if (count := sum("ttg.async_wait" in line for line in text_of(data, entry.get("after", entry.get("text")))))
    }
    assert counted == expected
    browser.press("Enter")
    assert browser.evaluate("document.querySelector('#hits').textContent").endswith("here")
    browser.press("Escape")
    browser.wait_for("document.querySelector('.found') === null")
    assert browser.console == []


def test_keys_go_from_change_to_change_and_show_where_each_came_from(browser, report, data):
    number = next(index for index, entry in enumerate(data["passes"], 1) if entry["name"] == "pipeline")
    browser.open(report, f"#{number}")
    browser.press("n")
    assert browser.evaluate("document.querySelectorAll('.now').length") == 1
    seen = set()
    for _ in range(6):
        browser.press("n")
        seen.add(browser.evaluate("document.querySelector('.now').dataset.row"))
        assert browser.evaluate("document.querySelector('.now').classList.contains('same')") is False
    assert len(seen) >= 3
    assert browser.evaluate("document.querySelector('.py.on') !== null")
    browser.press("p")
    assert browser.evaluate("document.querySelector('.now').dataset.row") in seen
    browser.press("s")
    assert browser.evaluate("document.querySelector('#source').hidden")
    browser.press("?")
    assert browser.evaluate("document.querySelector('#keys').open")
    assert browser.console == []


def test_an_amd_kernel(browser, tmp_path):
    path = tmp_path / "amd.html"
    file = case_named("vector_add").kernel.fn.__code__.co_filename
    command = ["passes", f"{file}:vector_add_kernel", "-C", "BLOCK=256", "--target", "gfx942", "-o", str(path)]
    assert main(command) == 0
    browser.open(path)
    browser.evaluate("[...document.querySelectorAll('.pass')].pop().click()")
    assert browser.evaluate("document.querySelector('#pass-name').textContent") == "AMDGCN"
    assert browser.evaluate("document.querySelectorAll('#code .ln.r[data-at]').length") > 5
    assert "registers" in browser.evaluate("document.querySelector('#facts').innerText")
    assert browser.console == []


def rows_of(browser, tmp_path, before, after):
    """The rows of the difference of two modules, as the page shows them."""
    record = SimpleNamespace(
        label="one", mlir_name="One", position=1, stage="ttir", changed=True, seconds=1e-3, before=before, text=after
    )
    path = write_report(tmp_path / "two.html", [record], Subject("f", "sm_80", "3.6.0"))
    browser.open(path)
    browser.evaluate("document.querySelector('#all-lines').checked || document.querySelector('#all-lines').click()")
    return browser.evaluate(
        "[...document.querySelectorAll('.row')].map(e => [e.classList[1], e.querySelector('.ln.l').textContent.trim(),"
        " e.querySelector('.ln.r').textContent.trim(), [...e.querySelectorAll('em')].map(m => m.textContent)])"
    )


def test_renumbered_values_are_no_change(browser, tmp_path):
    before = "%0 = a.x\n%1 = a.y %0\n%2 = a.z %1, %0\na.ret %2\n"
    after = "%0 = a.x\n%1 = a.new\n%2 = a.y %0\n%3 = a.z %2, %0\na.ret %3\n"
    assert [row[0] for row in rows_of(browser, tmp_path, before, after)] == ["same", "ins", "same", "same", "same"]


def test_an_operand_that_became_another_is_a_change(browser, tmp_path):
    before = "%0 = a.x\n%1 = a.y\n%2 = a.z %0, %1\n"
    after = "%5 = a.x\n%6 = a.y\n%7 = a.z %5, %5\n"
    rows = rows_of(browser, tmp_path, before, after)
    assert [row[0] for row in rows] == ["same", "same", "chg"]
    assert rows[2][3] == ["%1", "%5"]


def test_lines_with_one_operation_stand_side_by_side(browser, tmp_path):
    before = "%0 = a.load %p : tensor<4xf32>\na.ret\n"
    after = "%0 = a.load %p : tensor<8xf32>\na.barrier\na.ret\n"
    rows = rows_of(browser, tmp_path, before, after)
    assert [row[0] for row in rows] == ["chg", "ins", "same"]
    assert rows[0][3] == ["4xf32", "8xf32"]


def test_text_is_never_taken_for_markup(browser, tmp_path):
    line = '%0 = a.print "</script><img src=x onerror=alert(1)>" : !t<i32> & 1'
    rows = rows_of(browser, tmp_path, line + "\n", line + " x\n")
    assert rows[0][1] == line
    assert browser.console == []


def test_both_themes_and_a_narrow_window(browser, report):
    colour = "getComputedStyle(document.body).backgroundColor"
    browser.open(report, dark=True)
    dark = browser.evaluate(colour)
    browser.press("t")
    light = browser.evaluate(colour)
    assert sum(map(int, re.findall(r"\d+", dark)[:3])) < 150 < 600 < sum(map(int, re.findall(r"\d+", light)[:3]))
    browser.press("t")
    browser.open(report, width=420, height=900)
    assert browser.evaluate("document.documentElement.scrollWidth") <= 420
    assert browser.console == []


def test_sources_that_are_gone_are_no_error(browser, tmp_path):
    text = 'a.x loc("/nowhere/k.py":1:0)\n'
    assert build_data([], Subject("f", "sm_80", "3.6.0", outputs={"ptx": "ret;\n"}))["files"] == []
    rows_of(browser, tmp_path, text, text + "a.y\n")
    assert "not on the machine" in browser.evaluate("document.querySelector('#python').textContent")
    assert browser.console == []


@pytest.mark.exhaustive
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_every_kernel_of_the_corpus(browser, tmp_path, case):
    capability = max(90, case.min_capability)
    source, _, options = source_of(case, case.arguments("cpu"), capability)
    given = {name: value for name, value in options.items() if value is not None}
    passes = triton_runner.passes(source, target=capability, options=given)
    browser.open(write_report(tmp_path / "report.html", passes, Subject(case.name, f"sm_{capability}", "3.6.0")))
    browser.evaluate("document.querySelector('#all-lines').click()")
    browser.evaluate("[...document.querySelectorAll('.pass')].forEach(e => e.click())")
    assert browser.console == []
    assert browser.evaluate("document.querySelectorAll('#code .ln.r[data-at]').length") > 0

"""The compile cache: content keys, whole entries only, several processes, damage, a folder that cannot be written."""

import hashlib
import json
import logging
import os
import subprocess
import sys
import textwrap
import threading
import time
from pathlib import Path

import pytest

import triton_runner
from triton_runner import cache

TTIR = """module {
  tt.func public @store_seven(%out: !tt.ptr<i32> {tt.divisibility = 16 : i32}) attributes {noinline = false} {
    %seven = arith.constant 7 : i32
    tt.store %out, %seven : !tt.ptr<i32>
    tt.return
  }
}
"""
ARTIFACTS = {"ttir": "text ä\n", "cubin": b"\x7fELF\x00\xff"}
SIDECAR = {"name": "k", "triton_runner": {"name": "k"}}


@pytest.fixture
def root(tmp_path, monkeypatch):
    folder = tmp_path / "cache"
    monkeypatch.setenv("TRITON_RUNNER_CACHE_DIR", str(folder))
    return folder


def entries(root: Path) -> list[Path]:
    return sorted(root.iterdir()) if root.exists() else []


def test_root_by_environment(monkeypatch, tmp_path):
    monkeypatch.setenv("TRITON_RUNNER_CACHE_DIR", str(tmp_path / "a"))
    monkeypatch.setenv("TRITON_CACHE_DIR", str(tmp_path / "b"))
    assert cache.cache_root() == tmp_path / "a"
    monkeypatch.delenv("TRITON_RUNNER_CACHE_DIR")
    assert cache.cache_root() == tmp_path / "b"
    monkeypatch.delenv("TRITON_CACHE_DIR")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert cache.cache_root() == tmp_path / ".cache" / "triton_runner"


def test_an_entry_comes_back_as_it_was_published(root):
    published = cache.publish("key", "k", ARTIFACTS, SIDECAR)
    loaded = cache.load("key", "k")
    assert loaded == published
    assert loaded.artifacts == ARTIFACTS
    assert loaded.folder == root / "key"
    assert sorted(path.name for path in loaded.folder.iterdir()) == ["k.cubin", "k.json", "k.ttir"]
    assert entries(root) == [root / "key"], "no temporary folder is left"


def test_the_sidecar_lists_every_file(root):
    folder = cache.publish("key", "k", ARTIFACTS, SIDECAR).folder
    files = json.loads((folder / "k.json").read_text())[cache.BUILD_ENTRY]["files"]
    for level, facts in files.items():
        content = (folder / f"k.{level}").read_bytes()
        assert facts == {"size": len(content), "sha256": hashlib.sha256(content).hexdigest()}
    assert set(files) == set(ARTIFACTS)


def test_an_absent_entry_is_none_without_a_warning(root, caplog):
    assert cache.load("key", "k") is None
    assert not caplog.records


def damage_truncate(folder):
    (folder / "k.cubin").write_bytes(b"\x7fEL")


def damage_flip(folder):
    (folder / "k.cubin").write_bytes(b"\x7fELF\x00\xfe")


def damage_remove(folder):
    (folder / "k.ttir").unlink()


def damage_sidecar(folder):
    text = (folder / "k.json").read_text()
    (folder / "k.json").write_text(text[: len(text) // 2])


def damage_sidecar_kind(folder):
    (folder / "k.json").write_text("[]")


def damage_sidecar_entry(folder):
    (folder / "k.json").write_text(json.dumps({cache.BUILD_ENTRY: {"files": {"cubin": 3}}}))


@pytest.mark.parametrize(
    "damage",
    [damage_truncate, damage_flip, damage_remove, damage_sidecar, damage_sidecar_kind, damage_sidecar_entry],
    ids=lambda function: function.__name__,
)
def test_a_damaged_entry_is_built_again_and_kept_aside(root, caplog, damage):
    damage(cache.publish("key", "k", ARTIFACTS, SIDECAR).folder)
    with caplog.at_level(logging.WARNING):
        assert cache.load("key", "k") is None
    assert "will be built again" in caplog.text
    cache.publish("key", "k", ARTIFACTS, SIDECAR)
    assert cache.load("key", "k").artifacts == ARTIFACTS
    assert entries(root) == [root / "key", root / "key.damaged"]


def test_the_second_to_publish_leaves_the_first_entry_alone(root):
    first = cache.publish("key", "k", ARTIFACTS, SIDECAR).folder
    stamp = (first / "k.json").stat().st_ino
    cache.publish("key", "k", ARTIFACTS, SIDECAR)
    assert (first / "k.json").stat().st_ino == stamp
    assert entries(root) == [first]


def test_a_root_that_cannot_be_written_costs_a_warning_only(monkeypatch, tmp_path, caplog):
    # A file in place of a parent folder refuses writes for root too, which ignores permissions.
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("TRITON_RUNNER_CACHE_DIR", str(tmp_path / "file" / "cache"))
    with caplog.at_level(logging.WARNING):
        kernel = triton_runner.compile(TTIR, to="ptx", target=80)
    assert "cannot be written" in caplog.text
    assert kernel.folder is None
    assert ".visible .entry store_seven" in kernel.artifacts["ptx"]


def test_folders_of_killed_writers_are_removed(root):
    root.mkdir()
    old, new = root / ".tmp-1-dead", root / ".tmp-2-alive"
    for folder in (old, new):
        folder.mkdir()
    past = time.time() - 2 * 3600
    os.utime(old, (past, past))
    cache.publish("key", "k", ARTIFACTS, SIDECAR)
    assert entries(root) == [new, root / "key"]


def test_the_key_follows_every_part():
    parts = {"source": "a", "to": "ptx", "options": {"num_warps": 4}}
    keys = {
        cache.content_key(parts | change)
        for change in ({}, {"source": "b"}, {"to": "cubin"}, {"options": {"num_warps": 8}})
    }
    assert len(keys) == 4
    assert cache.content_key(parts) == cache.content_key(dict(reversed(parts.items())))


def test_an_odd_name_still_makes_a_file(root):
    assert cache.file_stem("a/../b c") == "a_.._b_c"
    stem = cache.file_stem("k" * 400)
    assert cache.publish("key", stem, ARTIFACTS, SIDECAR).folder is not None


def test_compiling_twice_hits_and_another_target_or_option_misses(root):
    first = triton_runner.compile(TTIR, to="ptx", target=80)
    stamp = (first.folder / "store_seven.ptx").stat().st_mtime_ns
    again = triton_runner.compile(TTIR, to="ptx", target=80)
    assert again.folder == first.folder
    assert (first.folder / "store_seven.ptx").stat().st_mtime_ns == stamp
    assert again.artifacts == first.artifacts
    assert again.spec == first.spec
    others = [
        triton_runner.compile(TTIR, to="ptx", target=90),
        triton_runner.compile(TTIR, to="ptx", target=80, options={"num_warps": 8}),
        triton_runner.compile(TTIR.replace("constant 7", "constant 8"), to="ptx", target=80),
    ]
    assert len({first.folder, *(kernel.folder for kernel in others)}) == 4


def test_triton_always_compile_is_heeded(root, monkeypatch):
    first = triton_runner.compile(TTIR, to="ptx", target=80)
    (first.folder / "store_seven.json").touch()
    monkeypatch.setenv("TRITON_ALWAYS_COMPILE", "1")
    monkeypatch.setattr(cache, "load", lambda *_: pytest.fail("read the cache"))
    monkeypatch.setattr(cache, "publish", lambda key, stem, artifacts, sidecar: cache.Entry(artifacts, sidecar, None))
    assert triton_runner.compile(TTIR, to="ptx", target=80).artifacts == first.artifacts


def test_threads_that_compile_at_once_leave_one_entry(root):
    kernels, errors = [], []

    def compile_one():
        try:
            kernels.append(triton_runner.compile(TTIR, to="ptx", target=80))
        except Exception as error:
            errors.append(error)

    threads = [threading.Thread(target=compile_one) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not errors
    assert len(entries(root)) == 1
    assert len({kernel.artifacts["ptx"] for kernel in kernels}) == 1


PUBLISHER = """
    import os, sys
    from triton_runner import cache
    start = sys.argv[1]
    while not os.path.exists(start):
        pass
    for round in range(40):
        artifacts = {"ttir": f"round {round}" * 5000, "cubin": bytes([round]) * 50000}
        cache.publish(f"key{round}", "k", artifacts, {"name": "k"})
        assert cache.load(f"key{round}", "k").artifacts == artifacts
"""


def test_processes_that_publish_at_once_leave_whole_entries(root, tmp_path, caplog):
    start = tmp_path / "start"
    command = [sys.executable, "-c", textwrap.dedent(PUBLISHER), str(start)]
    workers = [subprocess.Popen(command, stderr=subprocess.PIPE, text=True) for _ in range(2)]
    start.write_text("")
    for worker in workers:
        assert worker.wait(timeout=120) == 0, worker.stderr.read()
        assert worker.stderr.read() == ""
    assert [entry.name for entry in entries(root)] == sorted(f"key{round}" for round in range(40))
    assert all(cache.load(f"key{round}", "k") is not None for round in range(40))
    assert not caplog.records


COMPILER = """
    import os, sys, triton_runner
    ttir, start = sys.argv[1:]
    while not os.path.exists(start):
        pass
    print(triton_runner.compile(ttir, to="ptx", target=80).key)
"""


def test_processes_that_compile_at_once_both_succeed(root, tmp_path):
    start = tmp_path / "start"
    command = [sys.executable, "-c", textwrap.dedent(COMPILER), TTIR, str(start)]
    workers = [subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) for _ in range(2)]
    start.write_text("")
    outcomes = [worker.communicate(timeout=300) for worker in workers]
    assert [worker.returncode for worker in workers] == [0, 0], outcomes
    assert len({out for out, _ in outcomes}) == 1
    (entry,) = entries(root)
    assert cache.load(entry.name, "store_seven") is not None

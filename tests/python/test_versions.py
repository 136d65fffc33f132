"""Which Triton there is, and which adapter it gets. What the adapters do is tested by `make test-matrix`."""

import subprocess
import sys

import pytest
import triton

from triton_runner.compiler import versions
from triton_runner.compiler.target import parse_target
from triton_runner.errors import UnsupportedError


@pytest.fixture
def installed(monkeypatch):
    def set_version(version):
        monkeypatch.setattr(versions, "installed_version", lambda: version)
        versions.adapter.cache_clear()

    yield set_version
    versions.adapter.cache_clear()


@pytest.mark.parametrize("version", ["2.1.0", "2.3.1", "3.10.0", "4.0.0+git", "nightly"])
def test_a_triton_that_is_not_covered(installed, version):
    installed(version)
    with pytest.raises(UnsupportedError) as caught:
        versions.adapter()
    assert version in str(caught.value)
    assert "covers Triton 3.0.x to 3.9.x" in str(caught.value)


def test_no_triton(installed):
    installed(None)
    with pytest.raises(UnsupportedError, match="needs Triton, which is not installed: pip install"):
        versions.adapter()


@pytest.mark.parametrize(
    ("version", "family"),
    [
        ("3.0.0", "triton_3_0"),
        ("3.1.0", "triton_3_0"),
        ("3.2.0", "triton_3_2"),
        ("3.3.1", "triton_3_3"),
        ("3.6.0", "triton_3_6"),
        ("3.6.1+rocm", "triton_3_6"),
        ("3.6.0.post1", "triton_3_6"),
        ("3.8.0", "triton_3_7"),
        ("3.9.0", "triton_3_9"),
    ],
)
def test_every_version_has_its_family(installed, version, family):
    installed(version)
    assert type(versions.adapter()).__module__.endswith(family)


@pytest.mark.parametrize(
    ("version", "expected"),
    [
        ("3.2.0", (False, False)),
        ("3.3.1", (True, False)),
        ("3.4.0", (True, False)),
        ("3.5.0", (True, True)),
        ("3.9.0", (True, True)),
    ],
)
def test_hidden_parameters(version, expected):
    assert versions.hidden_parameters(version) == expected


def fake_triton(folder, version, *, metadata=True):
    """A Triton that cannot be imported; what can be learned of it must come from its metadata."""
    (folder / "triton").mkdir(parents=True)
    (folder / "triton" / "__init__.py").write_text(
        "raise SystemExit('triton was imported')" if metadata else f"__version__ = {version!r}"
    )
    if metadata:
        (folder / f"triton-{version}.dist-info").mkdir()
        (folder / f"triton-{version}.dist-info" / "METADATA").write_text(
            f"Metadata-Version: 2.1\nName: triton\nVersion: {version}\n"
        )


def version_seen_with(*folders):
    """What a fresh process sees with these folders before all others."""
    code = "from triton_runner.compiler.versions import installed_version; print(installed_version())"
    path = f"import sys; sys.path[:0] = {[str(folder) for folder in folders]!r}; "
    found = subprocess.run([sys.executable, "-c", path + code], capture_output=True, text=True, check=True)
    return found.stdout.strip()


def test_the_version_is_that_of_the_module_that_an_import_finds(tmp_path):
    fake_triton(tmp_path / "first", "3.1.0")
    fake_triton(tmp_path / "second", "3.2.0")
    assert version_seen_with(tmp_path / "first", tmp_path / "second") == "3.1.0"
    fake_triton(tmp_path / "source tree", "3.4.0+git1", metadata=False)
    assert version_seen_with(tmp_path / "source tree", tmp_path / "first") == "3.4.0+git1"


def test_a_triton_that_is_imported_says_so_itself(monkeypatch):
    monkeypatch.setattr(triton, "__version__", "3.3.9")
    assert versions.installed_version() == "3.3.9"


def test_an_architecture_that_this_triton_does_not_know(monkeypatch):
    monkeypatch.setattr(type(versions.adapter()), "unknown_architectures", frozenset({"gfx1201"}))
    with pytest.raises(UnsupportedError, match=r"Triton 3\.\d+\.\d+ does not compile for gfx1201"):
        versions.make_backend(versions.adapter(), parse_target("gfx1201"))
    assert versions.make_backend(versions.adapter(), parse_target("gfx1100")).target.arch == "gfx1100"

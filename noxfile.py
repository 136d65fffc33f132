"""The supported versions of Triton, one after another: `make test-matrix`.

Each version lies in a folder of its own, .nox/triton-X.Y.Z, which is filled once and comes before the environment of
the tests on the path; so all versions share one torch and one build of the extension. TRITON names versions, or `ci`
for what CI runs: the oldest, the newest, the one of the requirements, and one more that changes with the day.
"""

import datetime
import json
import os
import shutil
import sys
from pathlib import Path

import nox

ROOT = Path(__file__).parent
VERSIONS = ("3.0.0", "3.1.0", "3.2.0", "3.3.1", "3.4.0", "3.5.1", "3.6.0", "3.7.1", "3.8.0", "3.9.0")
ALWAYS = (VERSIONS[0], "3.6.0", VERSIONS[-1])
TLX = ("3.8.0", "3.8.0.post16")  # a Triton, and the wheel of the plugin that is built for it
REPORTS = ROOT / ".nox" / "matrix"

nox.options.default_venv_backend = "none"
nox.options.sessions = ["matrix", "tlx", "table"]


def of_today():
    others = [version for version in VERSIONS if version not in ALWAYS]
    return (*ALWAYS, others[datetime.date.today().toordinal() % len(others)])


def chosen():
    names = os.environ.get("TRITON", "").split()
    if not names:
        return VERSIONS
    unknown = [name for name in names if name not in (*VERSIONS, "ci")]
    if unknown:
        raise ValueError(f"TRITON names {unknown[0]!r}, expected some of {', '.join(VERSIONS)}, or ci")
    return of_today() if names == ["ci"] else tuple(names)


def folder_of(session, version):
    """The folder with this Triton in it; it is filled beside and renamed, so that a broken install is never used."""
    return installed(session, f"triton-{version}", f"triton=={version}")


def installed(session, name, requirement):
    folder = ROOT / ".nox" / name
    if not folder.exists():
        beside = folder.with_name(f"{folder.name}.{os.getpid()}")
        session.run(
            sys.executable, "-m", "pip", "install", "-qq", "--disable-pip-version-check", "--no-deps", "--no-compile",
            "--target", str(beside), requirement,
        )  # fmt: skip
        shutil.rmtree(beside / "bin", ignore_errors=True)
        beside.rename(folder)
    return folder


@nox.session
@nox.parametrize("triton", [nox.param(version, id=version) for version in chosen()])
def matrix(session, triton):
    """Check one version; the arguments go to tests/matrix/check.py."""
    if sys.version_info >= (3, 13) and triton in ("3.0.0", "3.1.0"):
        session.skip(f"there is no wheel of Triton {triton} for Python {sys.version_info[0]}.{sys.version_info[1]}")
    REPORTS.mkdir(parents=True, exist_ok=True)
    report = REPORTS / f"{triton}.json"
    report.write_text(json.dumps({"version": triton, "columns": {}, "seconds": 0}))  # what is left of a crash
    path = os.pathsep.join((str(ROOT), str(folder_of(session, triton))))
    arguments = [argument for argument in session.posargs if argument != "--write"]
    command = (sys.executable, "-W", "ignore", str(ROOT / "tests/matrix/check.py"), str(report), *arguments)
    session.run(*command, env={**os.environ, "PYTHONPATH": path})


@nox.session
def tlx(session):
    """Kernels written with TLX, where the version that the plugin is built for is among the chosen ones."""
    triton, plugin = TLX
    if triton not in chosen():
        session.skip(f"the plugin of TLX is built for Triton {triton}")
    folders = (folder_of(session, triton), installed(session, f"triton-utlx-{plugin}", f"triton-utlx=={plugin}"))
    # What its .pth does in an environment, for every interpreter that has the folder on its path.
    (folders[1] / "sitecustomize.py").write_text("import _utlx_autoregister\n")
    path = os.pathsep.join(map(str, (ROOT, *folders)))
    command = (sys.executable, "-m", "pytest", "-q", str(ROOT / "tests/python/test_tlx.py"))
    session.run(*command, env={**os.environ, "PYTHONPATH": path})


@nox.session
def table(session):
    """Print what the last run of each of the chosen versions gave; `--write` puts it into docs/versions.md."""
    reports = [str(REPORTS / f"{version}.json") for version in chosen()]
    arguments = [argument for argument in session.posargs if argument == "--write"]
    session.run(sys.executable, str(ROOT / "tests/matrix/table.py"), *arguments, *reports)


@nox.session
@nox.parametrize("triton", [nox.param(version, id=version) for version in chosen()])
def artifacts(session, triton):
    """Write tests/gpu/artifacts anew."""
    path = os.pathsep.join((str(ROOT), str(folder_of(session, triton))))
    session.run(sys.executable, str(ROOT / "tests/gpu/make_artifacts.py"), env={**os.environ, "PYTHONPATH": path})

"""One table out of the reports of tests/matrix/check.py: version by column. Exits with 1 where a check failed.

python tests/matrix/table.py [--write] REPORT.json ...      (--write: into docs/versions.md)
"""

import argparse
import json
import re
import sys
from pathlib import Path

from rich.console import Console
from rich.table import Table

PAGE = Path(__file__).parents[2] / "docs" / "versions.md"
COLUMNS = ("jit", "python", "ttir", "ttgir", "llir", "ptx", "sm_90", "descriptors", "gluon", "amd", "dump", "examples")
MARKS = ("<!-- matrix: written by `make test-matrix` -->\n", "<!-- end of matrix -->\n")


def cell(report: dict, column: str) -> str:
    result = report["columns"].get(column)
    if result is None:
        return "—" if report["columns"] else "crashed"
    total = result["passed"] + len(result["failed"])
    return f"{result['passed']} ok" if not result["failed"] else f"{len(result['failed'])} of {total} FAILED"


def rows(reports: list[dict]) -> list[list[str]]:
    return [[report["version"], *(cell(report, column) for column in COLUMNS)] for report in reports]


def markdown(reports: list[dict]) -> str:
    lines = [["Triton", *COLUMNS], ["---"] * (len(COLUMNS) + 1), *rows(reports)]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--write", action="store_true")
    parser.add_argument("reports", nargs="+", type=Path)
    given = parser.parse_args()
    reports = [json.loads(path.read_text()) for path in given.reports if path.exists()]
    shown = Table(title="triton_runner on each Triton", caption="— this Triton does not have it")
    for heading in ("Triton", *COLUMNS, "seconds"):
        shown.add_column(heading, no_wrap=True)
    for report, row in zip(reports, rows(reports), strict=True):
        shown.add_row(*row, f"{report['seconds']:.0f}")
    Console(width=160).print(shown)
    failures = [
        (r["version"], c, n, e) for r in reports for c, d in r["columns"].items() for n, e in d["failed"].items()
    ]
    for version, column, name, error in failures:
        print(f"Triton {version}, {column}, {name}: {error.splitlines()[0]}")
    if given.write:
        text = PAGE.read_text()
        PAGE.write_text(
            re.sub(
                f"{re.escape(MARKS[0])}.*?{re.escape(MARKS[1])}",
                lambda _: MARKS[0] + markdown(reports) + MARKS[1],
                text,
                flags=re.S,
            )
        )
    missing = [path.stem for path in given.reports if not path.exists()]
    crashed = [report["version"] for report in reports if not report["columns"]]
    for version in (*missing, *crashed):
        print(f"Triton {version}: no result")
    return 1 if failures or missing or crashed else 0


if __name__ == "__main__":
    sys.exit(main())

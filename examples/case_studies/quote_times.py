"""Puts the times in results/*.json into the pages of docs/case_studies, between the marks that stand there.

python quote_times.py
"""

import json
import re
from pathlib import Path

HERE = Path(__file__).parent
PAGES = HERE.parents[1] / "docs" / "case_studies"
BEGIN, END = "<!-- times -->", "<!-- end of times -->"


def table(report):
    """Medians with quartiles: a row for each launch, a column for each size."""
    groups = report["groups"]
    names = dict.fromkeys(name for group in groups for name in group["microseconds"])
    lines = ["| µs | " + " | ".join(group["work"] for group in groups) + " |", "|---|" + "---:|" * len(groups)]
    for name in names:
        cells = [_cell(group["microseconds"].get(name)) for group in groups]
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    versions = ", ".join(f"{package} {number}" for package, number in report["packages"].items())
    return "\n".join([f"{report['gpu']}, {versions}, CUDA {report['cuda']}; medians with quartiles.", "", *lines])


def _cell(row):
    return "" if row is None else f"{row['median']:.1f} [{row['low']:.1f} {row['high']:.1f}]"


def main():
    for result in sorted((HERE / "results").glob("triton_*.json")):
        page = PAGES / f"{result.stem}.md"
        text, count = re.subn(
            rf"{BEGIN}.*{END}",
            lambda _, result=result: f"{BEGIN}\n{table(json.loads(result.read_text()))}\n{END}",
            page.read_text(),
            flags=re.DOTALL,
        )
        assert count == 1, f"{page} has no place for the times"
        page.write_text(text)
        print(page)


if __name__ == "__main__":
    main()

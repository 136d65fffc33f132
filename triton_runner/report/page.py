"""Writes the page: the template with its style, its scripts and its data inside, so that one file is all there is.

The data is JSON, compressed with gzip and written in base64, which every browser of the last years unpacks by itself.
Tested in tests/python/test_report.py, in a browser.
"""

from __future__ import annotations

import base64
import gzip
import html
import json
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from triton_runner.files import write_file
from triton_runner.report.data import Record, Subject, build_data

_HERE = Path(__file__).parent
_STYLES = ("page.css", "code.css")
# In the order in which they use each other.
_SCRIPTS = ("highlight.js", "diff.js", "model.js", "code.js", "list.js", "source.js", "main.js")


def make_page(data: dict[str, Any]) -> str:
    """The HTML text of a report."""
    packed = gzip.compress(json.dumps(data, separators=(",", ":")).encode(), mtime=0)
    parts = {
        "title": html.escape(f"{data['kernel']} · {data['target']} · passes"),
        "style": "\n".join(_read(name) for name in _STYLES),
        "script": "\n".join(_read(name) for name in _SCRIPTS),
        "data": base64.b64encode(packed).decode(),
    }
    page = _read("page.html")
    for name, text in parts.items():
        page = page.replace(f"<!--{name}-->", text)
    return page


def write_report(path: str | os.PathLike[str], records: Iterable[Record], subject: Subject) -> Path:
    """Write the report beside ``path`` and rename it into place."""
    target = Path(path)
    write_file(target, make_page(build_data(records, subject)))
    return target


def _read(name: str) -> str:
    return (_HERE / name).read_text(encoding="utf-8")

"""The README's Python blocks, in order, are one script that runs; the tables agree with the code."""

import os
import re
import subprocess
import sys
from pathlib import Path

from triton_runner import errors

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()


def test_examples_run(tmp_path):
    blocks = re.findall(r"^```python\n(.*?)^```$", README, re.M | re.S)
    assert len(blocks) >= 5
    script = tmp_path / "readme.py"
    script.write_text("\n".join(blocks))
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "TRITON_RUNNER_CACHE_DIR": str(tmp_path / "cache")}
    done = subprocess.run([sys.executable, script], capture_output=True, text=True, check=False, env=environment)
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_error_is_in_the_table():
    in_code = {name for name, value in vars(errors).items() if isinstance(value, type)} - {"Error"}
    assert set(re.findall(r"^\| `(\w+Error)`", README, re.M)) == in_code


def prose_of(page):
    return re.sub(r"^```.*?^```$|`[^`]*`", "", page.read_text(), flags=re.M | re.S)


def test_links_lead_somewhere():
    pages = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").glob("*.md")]
    broken = [
        (page.name, target)
        for page in pages
        for target in re.findall(r"\]\(([^)#:]+)\)", prose_of(page))
        if not (page.parent / target).exists()
    ]
    assert not broken

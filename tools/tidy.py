"""Runs clang-tidy over csrc and the fuzz targets, in parallel, skipping what has passed before unchanged.

    .venv/bin/python tools/tidy.py [--jobs N] [FILE ...]

A file that passed is remembered under build/tidy by the hash of clang-tidy's version, .clang-tidy, its flags, its own
text and that of every project header it includes. Torch-free rooms come first: they are quick and find most.
"""

import argparse
import functools
import hashlib
import re
import subprocess
import sys
import sysconfig
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
CSRC = ROOT / "csrc"
CACHE = ROOT / "build" / "tidy"
CLANG_TIDY = Path(sys.executable).parent / "clang-tidy"
TORCH_ROOMS = ("ops", "python")


@functools.cache
def torch_flags() -> list[str]:
    from torch.utils.cpp_extension import include_paths

    return [f"-isystem{path}" for path in [*include_paths(), sysconfig.get_path("include")]]


def needs_torch(path: Path) -> bool:
    return path.is_relative_to(CSRC) and path.relative_to(CSRC).parts[0] in TORCH_ROOMS


def flags_of(path: Path) -> list[str]:
    return ["-std=c++20", f"-I{CSRC}", *(torch_flags() if needs_torch(path) else [])]


def project_headers(path: Path, seen: set[Path] | None = None) -> set[Path]:
    seen = set() if seen is None else seen
    for name in re.findall(r'^\s*#\s*include\s*"([^"]+)"', path.read_text(), re.M):
        header = CSRC / name
        if header.exists() and header not in seen:
            seen.add(header)
            project_headers(header, seen)
    return seen


@functools.cache
def tool_fingerprint() -> bytes:
    version = subprocess.run([CLANG_TIDY, "--version"], capture_output=True, check=True).stdout
    return version + (ROOT / ".clang-tidy").read_bytes()


def key_of(path: Path) -> str:
    digest = hashlib.sha256(tool_fingerprint() + " ".join(flags_of(path)).encode())
    for part in [path, *sorted(project_headers(path))]:
        digest.update(str(part.relative_to(ROOT)).encode() + b"\0" + part.read_bytes())
    return digest.hexdigest()


def passes(path: Path) -> bool:
    mark = CACHE / key_of(path)
    if mark.exists():
        return True
    start = time.monotonic()
    done = subprocess.run(
        [CLANG_TIDY, "--quiet", path, "--", *flags_of(path)], capture_output=True, text=True, check=False, cwd=ROOT
    )
    name = path.relative_to(ROOT)
    print(f"tidy {name} ({time.monotonic() - start:.0f} s)", flush=True)
    if done.returncode:
        print(done.stdout + (done.stderr if not done.stdout.strip() else ""), flush=True)
        return False
    mark.touch()
    return True


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("files", nargs="*", type=Path)
    options = parser.parse_args()
    CACHE.mkdir(parents=True, exist_ok=True)
    paths = [path.resolve() for path in options.files] or [*CSRC.rglob("*.cc"), *(ROOT / "tests/fuzz").glob("*.cc")]
    paths.sort(key=lambda path: (needs_torch(path), path))
    with ThreadPoolExecutor(options.jobs) as pool:
        failed = [path for path, passed in zip(paths, pool.map(passes, paths), strict=True) if not passed]
    print(f"clang-tidy: {len(paths) - len(failed)} of {len(paths)} files pass")
    for path in failed:
        print(f"  not: {path.relative_to(ROOT)}")
    sys.exit(bool(failed))


if __name__ == "__main__":
    main()

"""Tests that need an NVIDIA GPU. Without one the whole folder is skipped, and says so."""

from pathlib import Path

import pytest
import torch

FOLDER = Path(__file__).parent


def pytest_collection_modifyitems(items):
    if torch.cuda.is_available():
        return
    skip = pytest.mark.skip(reason="torch.cuda.is_available() is False: tests/gpu needs an NVIDIA GPU")
    for item in items:
        if FOLDER in Path(item.fspath).parents:
            item.add_marker(skip)


@pytest.fixture(scope="session")
def capability() -> int:
    major, minor = torch.cuda.get_device_capability()
    return major * 10 + minor


@pytest.fixture(scope="session", autouse=True)
def _caches_of_our_own(tmp_path_factory):
    """Triton's cache does not tell two checkouts apart, but their PTX differs by the path of the kernel's file."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TRITON_CACHE_DIR", str(tmp_path_factory.mktemp("triton-cache")))
        patch.setenv("TRITON_RUNNER_CACHE_DIR", str(tmp_path_factory.mktemp("runner-cache")))
        yield


@pytest.fixture(autouse=True)
def scratch_for_plain_triton():
    """Triton itself asks the user for scratch memory; ours comes from the caching allocator without asking."""
    import triton

    def allocate(size, alignment, stream):
        return torch.empty(size, dtype=torch.int8, device="cuda")

    triton.set_allocator(allocate)
    yield
    torch.cuda.synchronize()

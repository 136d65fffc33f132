"""Tests that need an AMD GPU and a ROCm build of torch. Without them the whole folder is skipped, and says so."""

from pathlib import Path

import pytest
import torch

FOLDER = Path(__file__).parent
HAS_GPU = torch.version.hip is not None and torch.cuda.is_available()


def pytest_collection_modifyitems(items):
    skip = pytest.mark.skip(reason="tests/amd needs an AMD GPU and a ROCm build of torch")
    for item in items:
        if not HAS_GPU and FOLDER in Path(item.fspath).parents:
            item.add_marker(skip)

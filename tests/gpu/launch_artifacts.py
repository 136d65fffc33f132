"""Launches every artifact of tests/gpu/artifacts with no Triton at all, and compares with torch. Prints JSON.

    python tests/gpu/launch_artifacts.py [cuda|cpu]

A process of its own, in which `import triton` fails. On the CPU it launches the PTX that the executor covers.
"""

import json
import sys
from pathlib import Path

sys.modules["triton"] = None  # whatever is installed
sys.path.insert(0, str(Path(__file__).parents[2]))

from dataclasses import dataclass  # noqa: E402

import torch  # noqa: E402

import triton_runner  # noqa: E402

FOLDER = Path(__file__).parent / "artifacts"


@dataclass
class Descriptor:
    """What a launch reads of a tensor descriptor."""

    base: torch.Tensor
    block_shape: list
    padding: str = "zero"

    @property
    def shape(self):
        return list(self.base.shape)

    @property
    def strides(self):
        return list(self.base.stride())


def plain(device):
    x, y, out = torch.randn(1000), torch.randn(1000), torch.zeros(1000)
    x, y, out = x.to(device), y.to(device), out.to(device)
    return (x, y, out, 1000, 1.5), (4,), out, x * 1.5 + y


def device_descriptors(device):
    x = torch.randn(100, 80, device=device)
    out = torch.zeros_like(x)
    return (x, out, 100, 80), (4, 3), out, x * 2


def host_descriptors(device):
    x = torch.randn(100, 72, device=device)
    out = torch.zeros_like(x)
    return (Descriptor(x, [32, 32]), Descriptor(out, [32, 32])), (4, 3), out, x * 2


def cluster(device):
    x = torch.randn(6, 512, device=device)
    out, programs = torch.zeros_like(x), torch.zeros(1, dtype=torch.int32, device=device)
    return (x, out, programs), (6,), (out, programs), (x * 2 + 1, torch.full_like(programs, 6))


def half_scalars(device):
    x = torch.randn(1000, device=device)
    out = torch.zeros_like(x)
    return (x, out, 1.25, 1000, -0.75), (4,), out, x * 1.25 - 0.75


def warp_specialized(device):
    a, b = (torch.randn(128, 128, device=device).half() * 0.5 for _ in range(2))
    out = torch.zeros_like(a)
    descriptors = [Descriptor(tensor, [64, 64]) for tensor in (a, b, out)]
    return (*descriptors, 128), (2, 2), out, (a.double() @ b.double()).half()


KERNELS = (plain, device_descriptors, host_descriptors, cluster, half_scalars, warp_specialized)


def launch(path, device):
    """Loads one artifact from its folder alone, launches it twice, and says what is wrong; None where nothing is."""
    arguments, grid, outputs, expected = next(k for k in KERNELS if k.__name__ == path.stem)(device)
    kernel = triton_runner.load(path)
    for _ in range(2):
        kernel[grid](*arguments)
    if not isinstance(outputs, tuple):
        outputs, expected = (outputs,), (expected,)
    for output, want in zip(outputs, expected, strict=True):
        half = output.dtype == torch.float16
        torch.testing.assert_close(output, want, rtol=2e-3 if half else 1e-5, atol=4e-3 if half else 1e-5)


def main():
    device = sys.argv[1] if len(sys.argv) > 1 else "cuda"
    # The executor has no clusters.
    paths = sorted(path for path in FOLDER.rglob("*.ptx") if path.stem != "cluster") if device == "cpu" else None
    results = {}
    for path in paths or sorted((*FOLDER.rglob("*.ptx"), *FOLDER.rglob("*.cubin"))):
        try:
            launch(path, device)
        except Exception as error:
            results[str(path.relative_to(FOLDER))] = f"{type(error).__name__}: {error}"
        else:
            results[str(path.relative_to(FOLDER))] = None
    print(json.dumps(results, indent=1))


if __name__ == "__main__":
    main()

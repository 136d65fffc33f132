"""What torch.compile generates, through triton_runner: dump a value of one of its kernels, edit it, run it again."""

import os
import shutil
import tempfile
from pathlib import Path

import torch
import torch._inductor.config

import triton_runner
from triton_runner.torch_utils import get_active_torch_device


def model(x):
    return torch.relu(x) * 2.0 + 1.0


def compile_and_run(x, edited=None):
    torch._dynamo.reset()
    triton_runner.configure_jit_backend(edited=edited)
    try:
        out = torch.compile(model)(x)
        return out, triton_runner.inductor_kernels()
    finally:
        triton_runner.restore_jit_backend()


def main():
    device = get_active_torch_device()
    with tempfile.TemporaryDirectory() as name, torch._inductor.config.patch(cpu_backend="triton"):
        # Compiled anew each time, so that there is something to see.
        os.environ["TORCHINDUCTOR_CACHE_DIR"] = f"{name}/inductor"
        x = torch.randn(1000, device=device)
        out, kernels = compile_and_run(x)
        torch.testing.assert_close(out, model(x))

        kernel = kernels[0]
        loaded = triton_runner.load(kernel.folder / f"{kernel.name}.ttgir")
        block = next(param.constant for param in kernel.spec.params if param.name == "XBLOCK")
        values = loaded.dump("arith.mulf")[(-(-1000 // block),)](x, torch.empty_like(x), 1000)
        (product,) = values.values()
        torch.testing.assert_close(product.tensor.reshape(-1)[:1000].to(device), torch.relu(x) * 2)

        for kernel in kernels:  # one for each configuration that inductor tries
            entry = Path(name, "edited", kernel.folder.name)
            shutil.copytree(kernel.folder, entry)
            path = entry / f"{kernel.name}.ttgir"
            path.write_text(path.read_text().replace("2.000000e+00", "3.000000e+00"))
        out, _ = compile_and_run(x, edited=Path(name, "edited"))
        torch.testing.assert_close(out, torch.relu(x) * 3 + 1)
    print(f"{kernel.name} on {device}: dumped, edited and run again, as torch computes it")


if __name__ == "__main__":
    main()

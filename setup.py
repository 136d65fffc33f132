"""Builds two libraries with torch's own compiler flags and nothing else (no nvcc, no CUDA or ROCm toolkit).

``triton_runner/libtriton_runner.so`` holds the runtime, the drivers and the operators and knows no Python, so that
AOTInductor and C++ programs can load it. ``triton_runner/_C`` is the Python binding on top of it.
"""

import sys
from pathlib import Path

import torch
from setuptools import setup
from torch.utils.cpp_extension import BuildExtension, CppExtension, include_paths

ROOT = Path(__file__).resolve().parent
CORE_ROOMS = ("runtime", "ptx", "ir", "executor", "driver", "ops")
# The executor is held to the bit, so the compiler must not fuse a product and a sum that PTX keeps apart.
FLAGS = ["-std=c++20", "-O3", "-g1", "-ffp-contract=off", "-fvisibility-inlines-hidden", "-Wall", "-Wextra", "-Werror"]
# These stay warnings: GCC 13 misreads the std::vector<bool> inside torch::autograd::Function::apply.
FLAGS += ["-Wno-error=array-bounds", "-Wno-error=stringop-overflow"]

# The shared libstdc++ by name: where a toolchain puts the static one first, our libraries and torch would each have a
# std::locale of their own.
LINK = ["-l:libstdc++.so.6"]


def sources(*rooms: str) -> list[str]:
    # tool_*.cc are programs of their own (documentation generators), not part of the library.
    files = (path for room in rooms for path in sorted((ROOT / "csrc" / room).rglob("*.cc")))
    return [str(path.relative_to(ROOT)) for path in files if not path.name.startswith("tool_")]


class BuildBoth(BuildExtension):
    """Names the core library ``libtriton_runner.so``: it is no Python module."""

    def finalize_options(self) -> None:
        super().finalize_options()
        # `pip install -e` builds in a folder that it throws away. Here objects stay, and only what changed is compiled.
        self.build_temp = str(ROOT / "build" / f"extension-{sys.implementation.cache_tag}-torch-{torch.__version__}")

    def build_extension(self, ext) -> None:
        # The binding links the core from where this build puts it, which is the source tree only in the end.
        ext.library_dirs.append(str(Path(self.get_ext_fullpath("triton_runner.libtriton_runner")).parent.resolve()))
        super().build_extension(ext)

    def get_ext_filename(self, fullname: str) -> str:
        if fullname.endswith("libtriton_runner"):
            return str(Path(*fullname.split("."))) + ".so"
        return super().get_ext_filename(fullname)

    def get_export_symbols(self, ext):
        return ext.export_symbols


def extension(name: str, rooms: tuple[str, ...], link: list[str], flags: tuple[str, ...] = ()) -> CppExtension:
    # torch's headers are not held to our warnings.
    system_headers = [flag for path in include_paths() for flag in ("-isystem", path)]
    headers = [str(path.relative_to(ROOT)) for path in sorted((ROOT / "csrc").rglob("*.h"))]
    return CppExtension(
        name,
        sources(*rooms),
        include_dirs=[str(ROOT / "csrc")],
        extra_compile_args={"cxx": [*FLAGS, *flags, *system_headers]},
        extra_link_args=[*LINK, *link],
        depends=headers,
    )


setup(
    ext_modules=[
        extension("triton_runner.libtriton_runner", CORE_ROOMS, ["-ldl", "-Wl,-soname,libtriton_runner.so"]),
        extension(
            "triton_runner._C",
            ("python",),
            ["-l:libtriton_runner.so", "-Wl,-rpath,$ORIGIN"],
            ("-fvisibility=hidden",),  # as all of pybind11 is, whose objects our classes hold
        ),
    ],
    cmdclass={"build_ext": BuildBoth},
)

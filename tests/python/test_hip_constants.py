"""The constants and layouts of csrc/driver/hip_api.h against HIP's own header, which Triton carries."""

import re
import subprocess
from pathlib import Path

import triton

ROOT = Path(__file__).parents[2]
INCLUDE = Path(triton.__file__).parent / "backends" / "amd" / "include"
PROGRAM = """
#define __HIP_PLATFORM_AMD__
#include <hip/hip_runtime_api.h>
#include <cstddef>
{constants}
static_assert(sizeof(hipDeviceProp_t) == 1472 && offsetof(hipDeviceProp_t, gcnArchName) == 1160);
static_assert(sizeof(hipLaunchAttribute) == 72 && offsetof(hipLaunchAttribute, val) == 8);
static_assert(sizeof(HIP_LAUNCH_CONFIG) == 56 && offsetof(HIP_LAUNCH_CONFIG, hStream) == 32);
static_assert(offsetof(HIP_LAUNCH_CONFIG, attrs) == 40 && offsetof(HIP_LAUNCH_CONFIG, numAttrs) == 48);
"""
UNNAMED = {"hipLaunchAttributeClusterDimension"}  # HIP 7.1 has no name for it; Triton's launcher passes 4


def test_they_are_those_of_hip():
    header = (ROOT / "csrc" / "driver" / "hip_api.h").read_text()
    constants = dict(re.findall(r"inline constexpr (?:hipError_t|int) (\w+) = (\d+);", header))
    assert len(constants) > 12
    lines = [f"static_assert({name} == {value});" for name, value in constants.items() if name not in UNNAMED]
    text = PROGRAM.format(constants="\n".join(lines))
    command = ["g++", "-std=c++20", "-w", "-fsyntax-only", f"-isystem{INCLUDE}", "-xc++", "-"]
    finished = subprocess.run(command, input=text, text=True, capture_output=True, check=False)
    assert finished.returncode == 0, finished.stderr

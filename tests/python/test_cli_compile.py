"""``compile`` and ``inspect`` from the command line, and what they read of the source."""

import json
from pathlib import Path

import pytest
from cli_support import cli, compiled, folder  # noqa: F401
from code_objects import needs_code_objects

import triton_runner
from triton_runner.cli import answer, main

# ruff: noqa: F811


def test_all_levels_into_a_folder(compiled):
    assert sorted(path.name for path in compiled.iterdir()) == [
        "scale.cubin", "scale.json", "scale.llir", "scale.ptx", "scale.ttgir", "scale.ttir",
    ]  # fmt: skip
    kernel = triton_runner.load(compiled / "scale.cubin")
    assert [param.type for param in kernel.spec.params] == ["*fp32", "*fp32", "i32", "fp32", "constexpr"]


def test_types_that_were_guessed_are_told(cli):
    done = cli("compile", "cli_kernels.py:scale", "--target", "sm_80")
    assert "note: types taken from the kernel's text: x_ptr=*fp32:16, out_ptr=*fp32:16, n=i32, factor=fp32" in done.err
    given = cli("compile", "cli_kernels.py:scale", "--target", "sm_80", "--signature", "*fp16,*fp16,i32,fp32", "--json")
    assert given.data["guessed_signature"] == {}
    assert given.err in ("", "this module prints\n")


def test_from_an_artifact_to_one_file(cli, compiled, tmp_path):
    out = tmp_path / "scale.ptx"
    done = cli("compile", compiled / "scale.ttgir", "-o", out, "--json")
    assert done.status == answer.OK, done.err
    assert out.read_text() == (compiled / "scale.ptx").read_text()
    assert json.loads(out.with_suffix(".json").read_text())["name"] == "scale"
    assert cli("compile", compiled / "scale.ptx", "--to", "ttir").status == answer.USAGE
    assert cli("compile", compiled / "scale.ttgir", "--to", "cubin", "-o", out).status == answer.USAGE


def test_options_configs_and_constants(cli):
    chosen = ("--config", "1", "-C", "BLOCK=512", "--num-stages", "2")
    done = cli("compile", "cli_kernels.py:tuned", *chosen, "--to", "ttgir", "--json")
    assert done.status == answer.OK, done.err
    assert "cubin" not in done.data["levels"]
    text = (Path(done.data["cache"]) / "tuned.ttgir").read_text()
    assert "tensor<512x" in text
    assert '"ttg.num-warps" = 4' in text


def test_inspect_a_cubin(cli, compiled):
    done = cli("inspect", compiled / "scale.cubin", "--json")
    data = done.data
    assert (data["level"], data["kernel"], data["target"], data["num_warps"]) == ("cubin", "scale", "sm_80", 4)
    assert data["registers"] > 0
    assert (data["spill_bytes"], data["shared"]) == (0, 0)
    access = {param["name"]: param["access"] for param in data["parameters"]}
    assert (access["x_ptr"], access["out_ptr"]) == ("read", "write")
    assert data["instructions"]["EXIT"] >= 1
    told = cli("inspect", compiled / "scale.cubin")
    assert f"{data['registers']} a thread" in told.out
    assert "EXIT ;" in told.out
    assert "EXIT ;" not in cli("inspect", compiled / "scale.cubin", "--no-sass").out


@pytest.mark.parametrize("level", ["ttir", "ttgir", "llir", "ptx"])
def test_inspect_other_levels(cli, compiled, level):
    data = cli("inspect", compiled / f"scale.{level}", "--json").data
    assert (data["level"], data["kernel"], data["registers"]) == (level, "scale", None)
    assert [param["type"] for param in data["parameters"]][2:4] == ["i32", "fp32"]
    assert data["target"] == "sm_80"


def test_inspect_compiles_when_asked(cli, compiled):
    cubin = cli("inspect", compiled / "scale.cubin", "--json", "--no-sass").data
    for file in (compiled / "scale.ptx", "cli_kernels.py:scale"):
        data = cli("inspect", file, "--compile", "--target", "sm_80", "--no-sass", "--json").data
        assert data["compiled"]["registers"] == cubin["registers"]
    assert "not stated at this level" in cli("inspect", compiled / "scale.ptx").out


def test_inspect_a_function(cli):
    data = cli("inspect", "cli_kernels.py:tuned", "--config", "1", "--json").data
    assert (data["level"], data["language"], data["parameters"][2]["constant"]) == ("python", "triton", 128)


def test_inspect_says_what_is_missing(cli, compiled, tmp_path):
    alone = tmp_path / "alone.cubin"
    alone.write_bytes((compiled / "scale.cubin").read_bytes())
    done = cli("inspect", alone, "--json", "--no-sass")
    assert done.status == answer.OK
    assert done.data["registers"] > 0


def test_inspect_a_cubin_whose_code_nobody_can_read(cli, compiled, tmp_path):
    image = bytearray((compiled / "scale.cubin").read_bytes())
    code = bytes.fromhex("4d790000000000000000")  # EXIT, whose opcode becomes one that there is not
    assert code in image
    at = image.index(code)
    image[at : at + 2] = b"\xff\xff"
    (tmp_path / "scale.cubin").write_bytes(image)
    done = cli("inspect", tmp_path / "scale.cubin", "--json")
    assert done.status == answer.OK, done.err
    assert done.data["registers"] > 0
    assert "nvdisasm cannot read it" in " ".join(done.data["notes"])


@pytest.fixture(scope="module")
def amd(folder):
    out = folder / "amd"
    assert main(["compile", f"{folder}/cli_kernels.py:scale", "--target", "gfx942", "-o", str(out)]) == 0
    return out


@needs_code_objects
@pytest.mark.parametrize("level", ["ttir", "ttgir", "llir", "amdgcn", "hsaco"])
def test_inspect_for_amd(cli, amd, level):
    data = cli("inspect", amd / f"scale.{level}", "--json").data
    assert (data["level"], data["kernel"], data["target"]) == (level, "scale", "gfx942")
    assert (data["num_warps"], data["warp_size"]) == (4, 64)
    if level == "hsaco":
        assert data["registers"] > 0
        assert (data["spill_bytes"], data["static_shared"]) == (0, 0)
    else:
        assert data["registers"] is None


@needs_code_objects
def test_inspect_compiles_for_amd(cli, amd):
    data = cli("inspect", amd / "scale.ttgir", "--compile", "--target", "gfx942", "--json").data["compiled"]
    assert data["level"] == "hsaco"
    assert data["registers"] == cli("inspect", amd / "scale.hsaco", "--json").data["registers"]


def test_a_module_inside_a_package(cli, tmp_path):
    package = tmp_path / "cli_package"
    package.mkdir()
    (package / "__init__.py").write_text("")
    (package / "other.py").write_text("ONE = 1\n")
    kernel = "import triton\nfrom .other import ONE\n\n\n@triton.jit\ndef f(x_ptr):\n    pass\n"
    (package / "kernel.py").write_text(kernel)
    assert cli("inspect", package / "kernel.py", "--json").data["kernel"] == "f"
    assert cli("inspect", "cli_package.kernel:f", "--json").data["kernel"] == "f"

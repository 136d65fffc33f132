"""Bundles: what is made, what is picked for which device, and what is refused."""

import itertools
import json

import pytest
import torch
import triton
import triton.language as tl

import triton_runner
from triton_runner import bundle
from triton_runner.bundle import Device, Entry, fits, pick
from triton_runner.cli import main
from triton_runner.errors import ArgumentError, ArtifactError, ArtifactNotFoundError

N = 300
SIGNATURE = {"x_ptr": "*fp32:16", "out_ptr": "*fp32:16", "n": "i32", "factor": "fp32"}


@triton.jit
def scale(x_ptr, out_ptr, n, factor, BLOCK: tl.constexpr):
    i = tl.program_id(0) * BLOCK + tl.arange(0, BLOCK)
    tl.store(out_ptr + i, factor * tl.load(x_ptr + i, mask=i < n), mask=i < n)


def entries(*names):
    """ "sm_80 cubin" and the like."""
    return [Entry(*name.split(), "", "", "") for name in names]


ALL = entries(
    "sm_75 cubin", "sm_75 ptx", "sm_80 cubin", "sm_80 ptx", "sm_90a cubin", "sm_90a ptx", "sm_100a cubin",
    "sm_100a ptx", "gfx942 hsaco",
)  # fmt: skip


@pytest.mark.parametrize(
    ("device", "expected"),
    [
        (75, "sm_75 cubin"),
        (80, "sm_80 cubin"),
        (86, "sm_80 cubin"),  # a later minor version of the same major one
        (89, "sm_80 cubin"),
        (90, "sm_90a cubin"),
        (100, "sm_100a cubin"),
        (103, "sm_80 ptx"),  # neither cubin nor PTX of sm_100a runs on another GPU than 10.0
        (120, "sm_80 ptx"),
        ("gfx942", "gfx942 hsaco"),
        ("cpu", "sm_90a ptx"),
    ],
)
def test_what_is_picked(device, expected):
    backend = "cpu" if device == "cpu" else "cuda" if isinstance(device, int) else "hip"
    where = Device(backend, device)
    # In whatever order the bundle has them.
    for order in itertools.islice(itertools.permutations(ALL), 0, 40000, 997):
        found = pick(order, where)
        assert f"{found.target} {found.level}" == expected


@pytest.mark.parametrize("device", [Device("cuda", 70), Device("hip", "gfx90a"), Device("hip", "gfx950")])
def test_nothing_fits(device):
    with pytest.raises(ArtifactError, match=rf"has sm_75 cubin, .*, of which nothing runs on {device.name}: make it"):
        pick(ALL, device)


def test_the_table_of_what_fits():
    """Every image on every device, by the rules as a reader would write them down."""
    capabilities = (70, 75, 80, 86, 87, 89, 90, 100, 103, 110, 120, 121)
    for made, suffix, capability in itertools.product(capabilities, ("", "a", "f"), capabilities):
        cubin, ptx = entries(f"sm_{made}{suffix} cubin", f"sm_{made}{suffix} ptx")
        device = Device("cuda", capability)
        same, later = made // 10 == capability // 10, capability >= made
        assert fits(cubin, device) == (capability == made if suffix == "a" else same and later)
        assert fits(ptx, device) == {"": later, "a": capability == made, "f": same and later}[suffix]
        assert not fits(cubin, Device("cpu"))
        assert not fits(cubin, Device("hip", "gfx942"))
    assert not fits(*entries("gfx942 hsaco"), Device("cuda", 90))


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    folder = tmp_path_factory.mktemp("bundles") / "scale"
    targets = ("sm_75", "sm_80", "sm_90", "gfx942")
    bundle.make(scale, targets=targets, output=folder, signature=SIGNATURE, constexprs={"BLOCK": 128})
    return folder


def test_what_is_made(made):
    name, found = bundle.read(made)
    assert name == "scale"
    assert [f"{entry.target} {entry.level}" for entry in found] == [
        "sm_75 cubin", "sm_75 ptx", "sm_80 cubin", "sm_80 ptx", "sm_90a cubin", "sm_90a ptx", "gfx942 hsaco",
    ]  # fmt: skip
    assert sorted(path.name for path in made.iterdir()) == ["bundle.json", "gfx942", "sm_75", "sm_80", "sm_90"]
    assert not list(made.parent.glob(".scale*"))
    compiled = triton_runner.compile(scale, signature=SIGNATURE, constexprs={"BLOCK": 128}, target="gfx942")
    assert (made / "gfx942" / "scale.hsaco").read_bytes() == compiled.artifacts["hsaco"]


@pytest.mark.parametrize(
    ("target", "levels", "arch"),
    [("sm_86", {"cubin", "ptx"}, "80"), ("sm_90", {"cubin", "ptx"}, "90"), ("sm_120", {"ptx"}, "80"),
     ("gfx942", {"hsaco"}, "gfx942")],
)  # fmt: skip
def test_load_for_a_target(made, target, levels, arch, capsys):
    kernel = triton_runner.load(made, target=target)
    assert (set(kernel.artifacts), kernel.spec.target.arch) == (levels, arch)
    assert f"for {target}, from {made}" in capsys.readouterr().out


def test_load_and_launch_on_the_cpu(made, monkeypatch, capsys):
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    kernel = triton_runner.load(str(made))
    assert "scale: sm_90a ptx for the CPU" in capsys.readouterr().out
    x, out = torch.randn(N), torch.empty(N)
    kernel[(triton.cdiv(N, 128),)](x, out, N, 3.0)
    torch.testing.assert_close(out, 3 * x)


def test_a_bundle_is_replaced_and_nothing_else(made, tmp_path):
    folder = tmp_path / "b"
    folder.mkdir()
    arguments = {"signature": SIGNATURE, "constexprs": {"BLOCK": 128}, "output": folder}
    bundle.make(scale, targets=["sm_80"], to=["ptx"], **arguments)
    bundle.make(scale, targets=["gfx942"], **arguments)
    assert sorted(path.name for path in folder.iterdir()) == ["bundle.json", "gfx942"]
    assert [path.name for path in tmp_path.iterdir()] == ["b"]
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("…")
    with pytest.raises(ArgumentError, match=r"mine is there already and is no bundle"):
        bundle.make(scale, targets=["sm_80"], **arguments | {"output": tmp_path / "mine"})


def test_files_that_were_changed_are_refused(made, tmp_path):
    import shutil

    def copy():
        folder = tmp_path / "copy"
        shutil.rmtree(folder, ignore_errors=True)
        return shutil.copytree(made, folder)

    folder = copy()
    (folder / "sm_80" / "scale.cubin").write_bytes((folder / "sm_75" / "scale.cubin").read_bytes())
    with pytest.raises(ArtifactError, match=r"scale\.cubin is not the file that bundle\.json lists"):
        triton_runner.load(folder, target="sm_80")
    folder = copy()
    (folder / "sm_80" / "scale.json").write_text("{}")
    with pytest.raises(ArtifactError, match=r"scale\.json is not the file that bundle\.json lists"):
        triton_runner.load(folder, target="sm_80")
    folder = copy()
    (folder / "sm_80" / "scale.cubin").unlink()
    with pytest.raises(ArtifactNotFoundError, match=r"scale\.cubin, which bundle\.json lists, cannot be read"):
        triton_runner.load(folder, target="sm_80")
    folder = copy()
    index = json.loads((folder / "bundle.json").read_text())
    for entry in index["entries"]:
        entry["target"] = "sm_80"
    for level in ("cubin", "ptx"):
        wrong = next(entry for entry in index["entries"] if entry["level"] == level)  # of sm_75
        (folder / "bundle.json").write_text(json.dumps(index | {"entries": [wrong]}))
        with pytest.raises(
            ArtifactError, match=rf"scale\.{level} is of a kernel for sm_75, but bundle\.json says sm_80"
        ):
            triton_runner.load(folder, target="sm_80")
    (folder / "bundle.json").write_text("{")
    with pytest.raises(ArtifactError, match=r"the index of the bundle is damaged"):
        triton_runner.load(folder)
    (folder / "bundle.json").write_text('{"version": 99}')
    with pytest.raises(ArtifactError, match=r"the bundle has format 99, expected 1"):
        triton_runner.load(folder)


def test_a_folder_that_is_no_bundle(tmp_path, made):
    with pytest.raises(ArtifactNotFoundError, match=r"is a folder without bundle\.json"):
        triton_runner.load(tmp_path)
    with pytest.raises(ArgumentError, match=r"is a folder: level goes with a single artifact"):
        triton_runner.load(made, level="ptx")


def test_what_cannot_be_made(tmp_path):
    arguments = {"signature": SIGNATURE, "constexprs": {"BLOCK": 128}, "output": tmp_path / "x"}
    for targets, levels, words in (
        (["gfx942"], ["cubin"], r"target gfx942 needs hsaco among the levels, which are cubin"),
        (["sm_80"], ["ttir"], r"a bundle holds cubin, hsaco, ptx, but asked for is ttir"),
        ([], ["cubin"], r"a bundle needs targets"),
    ):
        with pytest.raises(ArgumentError, match=words):
            bundle.make(scale, targets=targets, to=levels, **arguments)
    assert not list(tmp_path.iterdir())


def test_the_command_line(tmp_path, capsys):
    (tmp_path / "kernel.py").write_text(
        "import triton\nimport triton.language as tl\n\n@triton.jit\n"
        "def copy(x_ptr, out_ptr, n, BLOCK: tl.constexpr = 64):\n"
        "    i = tl.program_id(0) * BLOCK + tl.arange(0, BLOCK)\n"
        "    tl.store(out_ptr + i, tl.load(x_ptr + i, mask=i < n), mask=i < n)\n"
    )
    folder = tmp_path / "out"
    command = ["artifacts", "make", str(tmp_path / "kernel.py"), "--target", "sm_75,sm_80,sm_90,gfx942"]
    assert main([*command, "--to", "cubin,hsaco", "-o", str(folder)]) == 0
    assert "gfx942   hsaco" in capsys.readouterr().out
    assert main(["artifacts", "list", str(folder), "--json"]) == 0
    listed = json.loads(capsys.readouterr().out)
    assert listed["kernel"] == "copy"
    assert len(listed["entries"]) == 7
    assert main(command) == 2
    assert "artifacts make needs --target" in capsys.readouterr().err

"""Loads and stores of every width, atomics in global and shared memory, asynchronous copies, and matrix loads."""

from __future__ import annotations

from .form import Form, simple

FLOAT_ATOMICS = (
    ("f32", "sm_80"),
    ("f64", "sm_80"),
    ("f16", "sm_80"),
    ("f16x2", "sm_80"),
    ("bf16", "sm_90"),
    ("bf16x2", "sm_90"),
)
INTEGER_ATOMICS = {
    "add": ("u32", "s32", "u64"),
    "min": ("s32", "u32", "s64", "u64"),
    "max": ("s32", "u32", "s64", "u64"),
    "and": ("b32", "b64"),
    "or": ("b32", "b64"),
    "xor": ("b32", "b64"),
    "exch": ("b32", "b64"),
    "inc": ("u32",),
    "dec": ("u32",),
}


def _width(kind: str) -> int:
    return {"16": 16, "x2": 32, "32": 32, "64": 64}["x2" if kind.endswith("x2") else kind[-2:]]


def _loads() -> list[Form]:
    forms = []
    for t in ("u8", "s8", "u16", "s16"):
        body = f"st.global.b64 [scratch], s0;\nld.global.{t} d0, [scratch];\nld.global.{t} d1, [scratch+2];"
        forms.append(simple(f"ld.global.{t} into b32", "b64 -> b32 b32", body=body))
        forms.append(
            simple(
                f"ld.shared.{t} into b64",
                "b64 -> b64",
                body=f"st.shared.b64 [shared_row], s0;\nld.shared.{t} d0, [shared_row+6];",
            )
        )
    for space, address in (("global", "scratch"), ("shared", "shared_row")):
        four = "{s0, s1, s0, s1}", "{d0, d1, t0, t1}"
        body = f"st.{space}.v4.b32 [{address}], {four[0]};\nld.{space}.v4.b32 {four[1]}, [{address}];"
        forms.append(simple(f"ld.{space}.v4.b32", "b32 b32 -> b32 b32", body=body))
        body = f"st.{space}.v2.b64 [{address}], {{s0, s1}};\nld.{space}.v2.b64 {{d1, d0}}, [{address}];"
        forms.append(simple(f"ld.{space}.v2.b64", "b64 b64 -> b64 b64", body=body))
        body = f"st.{space}.v4.b16 [{address}], {{s0, s1, s1, s0}};\nld.{space}.v2.b32 {{d0, d1}}, [{address}];"
        forms.append(simple(f"st.{space}.v4.b16", "b16 b16 -> b32 b32", body=body))
        body = f"st.{space}.b64 [{address}], 0;\nst.{space}.b8 [{address}+3], s0;\nld.{space}.b64 d0, [{address}];"
        forms.append(simple(f"st.{space}.b8", "b32 -> b64", body=body))
    generic = """cvt.u64.u32 offset, shared_row;
        cvta.shared.u64 offset, offset;
        st.b32 [offset], s0;
        ld.shared.b32 d0, [shared_row];"""
    forms.append(simple("cvta.shared.u64", "b32 -> b32", body=generic))
    swap = "st.shared.b32 [shared_row], s0;\nbar.sync 0;\nxor.b32 t0, shared_row, 1008;\nld.shared.b32 d0, [t0];"
    return [*forms, simple("bar.sync", "b32 -> b32", body=swap)]


def _atomic(op: str, kind: str, space: str, target: str = "sm_80") -> Form:
    """Two results: what the atomic returned, and what memory held afterwards."""
    address = "scratch" if space == "global" else "shared_row"
    width = _width(kind)
    rounding = ".noftz" if kind in ("f16", "f16x2", "bf16", "bf16x2") and op == "add" else ""
    qualifier = ".relaxed.gpu" if space == "global" else ""
    name = f"atom{qualifier}.{space}.{op}{rounding}.{kind}"
    body = f"st.{space}.b{width} [{address}], s0;\n{name} d0, [{address}], s1;\nld.{space}.b{width} d1, [{address}];"
    return simple(name, f"{kind} {kind} -> {kind} {kind}", body=body, target=target)


def _compare_and_swap(width: int, space: str) -> Form:
    """Half of the rows find what they expect."""
    address = "scratch" if space == "global" else "shared_row"
    name = f"atom.{space}.cas.b{width}"
    kind = f"b{width}"
    body = f"""setp.lt.u{width} %p0, s1, s2;
        st.{space}.b{width} [{address}], s0;
        selp.b{width} s1, s0, s1, %p0;
        {name} d0, [{address}], s1, s2;
        ld.{space}.b{width} d1, [{address}];"""
    return simple(name, f"{kind} {kind} {kind} -> {kind} {kind}", body=body)


def _atomics() -> list[Form]:
    forms = [_atomic(op, t, "global") for op, kinds in INTEGER_ATOMICS.items() for t in kinds]
    forms += [_atomic("add", t, "global", target) for t, target in FLOAT_ATOMICS]
    forms += [_atomic(op, "u32", "shared") for op in ("add", "min", "max", "inc", "dec")]
    forms += [_atomic("add", "f32", "shared"), _atomic("exch", "b64", "shared"), _atomic("xor", "b32", "shared")]
    forms += [_compare_and_swap(width, "global") for width in (16, 32, 64)]
    forms += [_compare_and_swap(width, "shared") for width in (32, 64)]
    for op, t in (("add", "u32"), ("max", "s32"), ("or", "b32"), ("add", "f32")):
        body = f"st.global.b32 [scratch], s0;\nred.global.{op}.{t} [scratch], s1;\nld.global.b32 d0, [scratch];"
        forms.append(simple(f"red.global.{op}.{t}", f"{t} {t} -> {t}", body=body))
    contended = """st.shared.b32 [shared_row], 0;
        bar.sync 0;
        and.b32 t0, s0, 31;
        mad.lo.u32 t0, t0, 16, shared_warp;
        atom.shared.add.u32 t1, [t0], s1;
        bar.sync 0;
        ld.shared.b32 d0, [shared_row];"""
    return [*forms, simple("atom.shared.add.u32 contended", "b32 b32 -> b32", body=contended)]


def _copies() -> list[Form]:
    forms = []
    for size, source_size in ((4, 4), (8, 8), (16, 16), (16, 0), (16, 8), (8, 2)):
        cache = "cg" if size == 16 else "ca"
        ignored = f", {source_size}" if source_size != size else ""
        body = f"""st.shared.v2.b64 [shared_row], {{-1, -1}};
            st.global.v2.b64 [scratch], {{s0, s1}};
            cp.async.{cache}.shared.global [shared_row], [scratch], {size}{ignored};
            cp.async.commit_group;
            cp.async.wait_group 0;
            ld.shared.v2.b64 {{d0, d1}}, [shared_row];"""
        forms.append(
            simple(f"cp.async.{cache}.shared.global {size}{ignored}", "b64 b64 -> b64 b64", body=body, rows=256)
        )
    return forms


def _matrices() -> list[Form]:
    forms = []
    fill = "st.shared.v2.b64 [shared_row], {s0, s1};\nbar.warp.sync -1;"
    for count, registers in (("x1", "{d0}"), ("x2", "{d0, d1}"), ("x4", "{d0, d1, d2, d3}")):
        results = " ".join(["b32"] * (registers.count(",") + 1))
        for trans in ("", ".trans"):
            name = f"ldmatrix.sync.aligned.m8n8.{count}{trans}.shared.b16"
            forms.append(
                simple(name, f"b64 b64 -> {results}", body=f"{fill}\n{name} {registers}, [shared_row];", rows=256)
            )
            store = f"stmatrix.sync.aligned.m8n8.{count}{trans}.shared.b16"
            sources = registers.replace("d", "s")
            body = f"st.shared.v2.b64 [shared_row], {{0, 0}};\nbar.warp.sync -1;\n{store} [shared_row], {sources};\n"
            body += "bar.warp.sync -1;\nld.shared.v2.b64 {d0, d1}, [shared_row];"
            forms.append(simple(store, f"{results} -> b64 b64", body=body, target="sm_90", rows=256))
    return [*forms, simple("movmatrix.sync.aligned.m8n8.trans.b16", "b32 -> b32", rows=256)]


FORMS = _loads() + _atomics() + _copies() + _matrices()

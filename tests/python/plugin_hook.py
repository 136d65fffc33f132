"""A plugin in small: it puts a remark into PTX by changing the stages. For test_stage_hook.py, and its worker."""

REMARK = "// made with a plugin"


def change_stages(backend=None, stages=None, options=None, language=None, capability=None):
    """What knobs.runtime.add_stages_inspection_hook may be; without arguments it is asked for its key."""
    if stages is not None:
        make = stages["ptx"]
        stages["ptx"] = lambda module, metadata: f"{make(module, metadata)}\n{REMARK}\n"
    return "remark", "1"


class Holder:
    change = staticmethod(change_stages)

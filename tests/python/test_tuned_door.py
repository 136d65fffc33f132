"""The door of an autotuned function: which calls share a config, and what reaches the function behind it."""

import gc
import weakref

import pytest
import torch

from triton_runner import _C


class Recorder(_C.Indexable):
    """Stands for the autotuned function: what the door does not know comes to `launch`."""

    def __init__(self):
        self.slow = []
        self.best_config = None

    def open_door(self):
        return _C.TunedDoor(["x", "n", "flag", "BLOCK"], [False, True, False, False])

    def launch(self, grid, args, kwargs):
        self.slow.append((grid, args, kwargs))
        return "slow"


class Behind:
    """Stands for the launch of a config."""

    def __init__(self):
        self.calls = []

    def launch(self, grid, args, kwargs):
        self.calls.append((grid, args, kwargs))
        return "fast"


@pytest.fixture
def owner():
    return Recorder()


def remember(owner, *args, **kwargs):
    behind = Behind()
    assert owner.door.add(args, kwargs, behind, {}, f"config of {args[1:]}")
    return behind


def test_the_first_call_is_slow_and_then_the_config_is_launched(owner):
    x = torch.ones(4)
    assert owner[2](x, 7) == "slow"
    behind = remember(owner, x, 7)
    assert owner[(3,)](torch.zeros(9), 7) == "fast"
    assert behind.calls[0][0] == (3,)
    assert behind.calls[0][1][1] == 7
    assert len(owner.slow) == 1


@pytest.mark.parametrize(
    "other",
    [
        lambda: (torch.ones(4), 8),  # another value of the key
        lambda: (torch.ones(4), 7.0),  # equal, and not the same
        lambda: (torch.ones(4, dtype=torch.float16), 7),
        lambda: (torch.ones(4, device="meta"), 7),
        lambda: (None, 7),
        lambda: (torch.ones(4), 7, 1),  # one more argument
        lambda: (torch.nn.Buffer(torch.ones(4)).as_subclass(type("Sub", (torch.Tensor,), {})), 7),
    ],
)
def test_other_forms_are_not_taken_for_it(owner, other):
    remember(owner, torch.ones(4), 7)
    assert owner[1](*other()) == "slow"


def test_descriptors_are_told_apart_by_their_tensors(owner):
    class Descriptor:
        def __init__(self, base):
            self.base = base

    remember(owner, Descriptor(torch.ones(4)), 7)
    assert owner[1](Descriptor(torch.zeros(9)), 7) == "fast"
    assert owner[1](Descriptor(torch.ones(4).half()), 7) == "slow"
    assert owner[1](Descriptor(None), 7) == "slow"
    assert owner[1](object(), 7) == "slow"


def test_values_that_are_not_of_the_key_do_not_count(owner):
    remember(owner, torch.ones(4), 7, 1)
    assert owner[1](torch.ones(5), 7, 2) == "fast"
    assert owner[1](torch.ones(5), 7, "text") == "fast"


def test_keywords_and_positions_are_the_same_form(owner):
    behind = remember(owner, torch.ones(4), 7)
    x = torch.ones(4)
    assert owner[1](x=x, n=7) == "fast"
    assert owner[1](x, n=7) == "fast"
    assert [call[2].keys() for call in behind.calls] == [{"x", "n"}, {"n"}]
    assert owner[1](x, 7, num_warps=2) == "slow"  # an option may contradict the config
    assert owner[1](x, 7, n=7) == "slow"


def test_best_config_follows_the_launches(owner):
    for n in (7, 8):
        remember(owner, torch.ones(4), n)
    for n in (7, 7, 8, 7):
        owner[1](torch.ones(4), n)
        assert owner.best_config == f"config of ({n},)"


def test_the_keywords_of_the_config_reach_the_function(owner):
    class Function(_C.Indexable):
        def open_door(self):
            return _C.TunedDoor(["x", "n", "flag", "BLOCK"], [False] * 4)  # knows nothing, and so calls launch

        def launch(self, grid, args, kwargs):
            return grid, args[1:], kwargs

    x = torch.ones(4)
    for args, kwargs in (((x, 7), {}), ((x, 7), {"flag": True})):
        assert owner.door.add(args, kwargs, Function(), {"BLOCK": 64, "num_warps": 2}, "config")
        for _ in range(2):
            assert owner[5](*args, **kwargs) == (5, (7,), {**kwargs, "BLOCK": 64, "num_warps": 2})
    keywords = {"n": 7, "flag": True}
    assert owner[5](x, **keywords) == (5, (), {**keywords, "BLOCK": 64, "num_warps": 2})


def test_what_cannot_be_a_key_is_refused(owner):
    behind = Behind()
    assert not owner.door.add((torch.ones(4), torch.ones(1)), {}, behind, {}, None)  # would be kept alive
    assert not owner.door.add((torch.ones(4), [1]), {}, behind, {}, None)
    assert owner[1](torch.ones(4), [1]) == "slow"


def test_no_tensor_is_held(owner):
    class Nothing:
        def launch(self, grid, args, kwargs):
            pass

    x = torch.ones(4)
    reference = weakref.ref(x)
    owner.door.add((x, 7), {"flag": x}, Nothing(), {}, None)
    owner[1](x, 7, flag=x)
    assert owner.slow == []
    del x
    gc.collect()
    assert reference() is None


def test_forgetting(owner):
    remember(owner, torch.ones(4), 7)
    owner.door.forget()
    assert owner[1](torch.ones(4), 7) == "slow"


def test_an_error_of_the_launch_arrives(owner):
    class Failing:
        def launch(self, grid, args, kwargs):
            raise ValueError("from the launch")

    owner.door.add((torch.ones(4), 7), {}, Failing(), {}, None)
    with pytest.raises(ValueError, match="from the launch"):
        owner[1](torch.ones(4), 7)

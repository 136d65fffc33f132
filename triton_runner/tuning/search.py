"""The search for the fastest config of one key: read, prune, compile in parallel, check, time.

A config that cannot be read, compiled, loaded or launched, or that computes something else, is reported and left out;
only when none is left is there an error, which lists them all. The outputs are as before when it ends. Tested in
tests/python/test_autotune.py and test_autotune_check.py.
"""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass, field
from typing import Any

import torch

from triton_runner import messages
from triton_runner.compiler.versions import autotuning
from triton_runner.errors import ArgumentError, CompileError, Error
from triton_runner.tuning import arguments as named_arguments
from triton_runner.tuning import store
from triton_runner.tuning.checking import Check
from triton_runner.tuning.config import Candidate, candidate
from triton_runner.tuning.launching import Stack
from triton_runner.tuning.progress import bar
from triton_runner.tuning.result import Key, Outcome, Result
from triton_runner.tuning.timing import Timer

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Settings:
    """What triton_runner's autotune takes beyond Triton's, and how to measure."""

    timer: Timer = field(default_factory=Timer)
    reference: Callable[[dict[str, Any]], Any] | None = None
    rtol: float | None = None
    atol: float | None = None
    check: bool = True
    persist: bool = True
    progress: bool | None = None


@dataclass
class Launch:
    """The launch that the search is for."""

    grid: Any
    args: Sequence[Any]
    kwargs: dict[str, Any]
    arguments: dict[str, Any]  # those of the function, by name
    device: tuple[bool, int]
    target: Any


class Search:
    """One search. It lives as long as it lasts."""

    def __init__(self, autotuner: Any, stack: Stack, settings: Settings, key: Key, launch: Launch) -> None:
        self.autotuner = autotuner
        self.stack = stack
        self.settings = settings
        self.key = key
        self.launch = launch
        self.name = stack.function.__name__

    def run(self) -> tuple[Result, list[Candidate | None]]:
        """The result, and the config of each of its outcomes where it could be read."""
        configs, outcomes = self._read()
        working = [index for index, outcome in enumerate(outcomes) if outcome.error is None]
        if len(working) == 1 and len(outcomes) == 1:
            return Result(self.key, outcomes, 0, 0.0), configs  # nothing to choose from
        readable = [config for config in configs if config is not None]
        content = store.content_key(
            self.stack.function, self.stack.heuristics, readable, self.key, self.launch.target, self._how(len(configs))
        )
        if self.settings.persist and (saved := store.load(content, self.name, self.key, len(configs))):
            return saved, configs
        if self.launch.device[0] and torch.cuda.is_current_stream_capturing():
            raise ArgumentError(
                f"kernel {self.name!r} was not tuned for {self.key.text} yet, and nothing can be measured while a CUDA "
                "graph is captured: launch it once before"
            )
        result = self._measure(configs, outcomes)
        if self.settings.persist:
            store.save(content, self.name, result)
        return result, configs

    def compile_all(self) -> list[Any]:
        """The kernels of all configs that compile."""
        configs, outcomes = self._read()
        with messages.silence():
            return list(self._compile_all(configs, outcomes).values())

    def _how(self, configs: int) -> list[Any]:
        timer, settings = self.settings.timer, self.settings
        return [
            configs,
            [timer.warmup, timer.rep, timer.use_cuda_graph, store.code_of(timer.do_bench)],
            [settings.check, settings.rtol, settings.atol, store.code_of(settings.reference)],
        ]

    # ---- which configs ----

    def _read(self) -> tuple[list[Candidate | None], list[Outcome]]:
        """The configs that are left after pruning, and those that cannot be read."""
        all_configs = list(self.autotuner.configs)
        errors: dict[int, str] = {}
        for config in all_configs:
            try:
                candidate(config, self.stack.function)
            except Error as error:
                errors[id(config)] = str(error)
        kept = self._pruned([config for config in all_configs if id(config) not in errors])
        unread = [config for config in all_configs if id(config) in errors]
        configs: list[Candidate | None] = [candidate(config, self.stack.function) for config in kept]
        outcomes = [Outcome(config.text) for config in configs if config is not None]
        outcomes += [self._left_out(str(config), errors[id(config)]) for config in unread]
        if not kept:
            self._raise(outcomes)
        self._check_conflicts(configs)
        return configs + [None] * len(unread), outcomes

    def _pruned(self, configs: list[Any]) -> Sequence[Any]:
        if len(configs) < 2 or not autotuning.prunes(self.autotuner):
            return configs
        before = self.autotuner.configs
        self.autotuner.configs = configs
        try:
            given = dict(zip(self.stack.names, self.launch.args, strict=False))
            kept = autotuning.prune(self.autotuner, given, {**self.launch.kwargs, **self._as_triton()})
        finally:
            self.autotuner.configs = before
        if not kept:
            raise ArgumentError(f"kernel {self.name!r}: prune_configs_by left no config of {len(configs)}")
        return kept

    def _check_conflicts(self, configs: Sequence[Candidate | None]) -> None:
        for config in configs:
            conflicts = self.launch.arguments.keys() & (config.constants.keys() if config is not None else ())
            if conflicts:
                raise ArgumentError(
                    f"kernel {self.name!r}: {', '.join(sorted(conflicts))} given in the launch, but its configs decide "
                    "on it"
                )

    def _as_triton(self) -> dict[str, Any]:
        """What Triton's hooks find among the keywords of a launch."""
        return {"grid": self.launch.grid, "warmup": False}

    # ---- compile, check, time ----

    def _measure(self, configs: Sequence[Candidate | None], outcomes: list[Outcome]) -> Result:
        start = time.perf_counter()
        with messages.silence():
            kernels = self._compile_all(configs, outcomes)
            compiled = time.perf_counter()
            check = self._check(kernels) if kernels and self.settings.check else None
            try:
                with bar(f"{self.name}: check and time", len(kernels), self.settings.progress) as step:
                    for index in kernels:
                        outcomes[index] = self._outcome(configs[index], check)
                        step()
            finally:
                if check is not None:
                    check.restore()
        result = self._best(outcomes, time.perf_counter() - start)
        config = configs[result.winner]
        assert config is not None, "a config that was timed was read"
        autotuning.reset(self.autotuner, self._hooked(config), only=True)
        self._report(result, compiled - start)
        return result

    def _compile_all(self, configs: Sequence[Candidate | None], outcomes: list[Outcome]) -> dict[int, Any]:
        """The kernels of those that compile, by index; the others' outcomes say why not. On all cores: Triton's passes
        and ptxas run outside of the interpreter's lock."""
        kernels: dict[int, Any] = {}
        indices = [index for index, config in enumerate(configs) if config is not None]
        workers = min(len(indices), len(os.sched_getaffinity(0)))
        with (
            bar(f"{self.name}: compile", len(indices), self.settings.progress) as step,
            ThreadPoolExecutor(max(1, workers), thread_name_prefix="triton_runner-autotune") as pool,
        ):
            jobs = {pool.submit(self._compile, configs[index]): index for index in indices}
            for job in as_completed(jobs):
                index = jobs[job]
                try:
                    kernels[index] = job.result()
                except Error as error:
                    outcomes[index] = self._left_out(outcomes[index].config, str(error))
                step()
        if not kernels:
            self._raise(outcomes)
        return dict(sorted(kernels.items()))

    def _compile(self, config: Candidate | None) -> Any:
        assert config is not None, "only configs that were read are compiled"
        return self.stack.resolve(self.launch.args, self.launch.kwargs, config).kernel

    def _check(self, kernels: Mapping[int, Any]) -> Check:
        """Of what any of the kernels writes."""
        found = named_arguments.tensors(self.launch.arguments)
        params = [param for kernel in kernels.values() for param in kernel.spec.params]
        written = {param.name for param in params if param.is_output}
        if not written <= found.keys():  # an artifact that does not name its parameters
            written = set(found)
        outputs = {name: tensor for name, tensor in found.items() if name in written}
        zeroed = autotuning.zeroed_names(self.autotuner)
        tolerance = (self.settings.rtol, self.settings.atol)
        return Check(outputs, self.settings.reference, self.launch.arguments, tolerance, zeroed)

    def _outcome(self, config: Candidate | None, check: Check | None) -> Outcome:
        assert config is not None, "only configs that were compiled are launched"
        try:
            if check is not None:
                check.restore()
                if wrong := self._call(config, check):
                    return self._left_out(config.text, wrong)
            return Outcome(config.text, self.settings.timer.measure(lambda: self._call(config), self.launch.device[0]))
        except Error as error:
            return self._left_out(config.text, str(error))

    def _call(self, config: Candidate, check: Check | None = None) -> str | None:
        """One launch with all hooks around it; what is wrong with its outputs where ``check`` is to tell."""
        hooked = self._hooked(config)
        if config.pre_hook is not None:
            config.pre_hook(hooked)
        autotuning.reset(self.autotuner, hooked)
        try:
            self.stack.launch(self.launch.grid, self.launch.args, self.launch.kwargs, config)
            wrong = check.compare() if check is not None else None
        except Exception as error:
            autotuning.restore(self.autotuner, hooked, error)
            raise
        autotuning.restore(self.autotuner, hooked, None)
        return wrong

    def _hooked(self, config: Candidate) -> dict[str, Any]:
        keywords = {**self.launch.kwargs, **config.constants, **config.options, **self._as_triton()}
        return self.stack.named(self.launch.args, keywords)

    # ---- what came of it ----

    def _best(self, outcomes: list[Outcome], seconds: float) -> Result:
        timed = [(outcome.times, index) for index, outcome in enumerate(outcomes) if outcome.times is not None]
        if not timed:
            self._raise(outcomes)
        return Result(self.key, outcomes, min(timed)[1], seconds)

    def _left_out(self, config: str, error: str) -> Outcome:
        logger.warning("kernel %s: config (%s) is left out: %s", self.name, config, error)
        return Outcome(config, None, error)

    def _raise(self, outcomes: Sequence[Outcome]) -> None:
        reasons = "".join(f"\n  ({outcome.config}): {outcome.error}" for outcome in outcomes)
        raise CompileError(f"kernel {self.name!r}: none of its {len(outcomes)} configs can be used:{reasons}")

    def _report(self, result: Result, compiling: float) -> None:
        times = result.best.times or ()
        left_out = f", {len(result.left_out)} left out" if result.left_out else ""
        messages.say(
            f"{self.name} tuned for {self.key.text}: {len(result.outcomes)} configs{left_out}, "
            f"{compiling:.1f} s to compile and {result.seconds - compiling:.1f} s to measure; "
            f"best {times[0]:.3g} ms with {result.best.config}"
        )
        if autotuning.prints():
            print(
                f"Triton autotuning for function {self.name},\nwith key as {self.key.text},\n"
                f"finished after {result.seconds:.2f}s,\nbest config selected: {result.best.config};"
            )

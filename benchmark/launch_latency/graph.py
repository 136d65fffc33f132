"""A CUDA graph of 100 launches: what is left of a way to launch once it has been captured."""

from __future__ import annotations

from collections.abc import Callable

import torch
from common.timing import statement

LAUNCHES = 100


def capture(launch: Callable[[int], float]) -> Callable[[int], float]:
    """A ``Row.run`` that replays ``LAUNCHES`` launches of ``launch``, which must follow torch's current stream."""
    launch(1)
    torch.cuda.synchronize()
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        launch(LAUNCHES)
    return statement("replay()", {"replay": graph.replay})

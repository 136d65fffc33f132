"""Errors of triton_runner.

The C++ core throws classes of the same names (``csrc/runtime/error.h``); they arrive here as these. Each is also the
built-in exception that a caller would expect, so that ``except ValueError`` keeps working.
"""


class Error(RuntimeError):
    """Base of all errors that triton_runner raises on purpose."""


class ArgumentError(Error, ValueError, TypeError):
    """An argument, dtype, device or grid does not fit the kernel."""


class ArtifactError(Error, ValueError):
    """An artifact is missing, truncated, foreign, or is not the IR that it was said to be."""


class ArtifactNotFoundError(ArtifactError, FileNotFoundError):
    """The file of an artifact or of its metadata does not exist."""


class MetadataError(Error, ValueError):
    """A sidecar is malformed, incomplete, or belongs to another kernel."""


class CompileError(Error):
    """A stage of the compiler failed."""


class UnsupportedError(Error, NotImplementedError):
    """An instruction, option or Triton version that is not covered."""


class ResourceError(Error):
    """The launch needs more shared memory, threads or blocks than the device has."""


class DriverError(Error):
    """The GPU driver is missing, or one of its calls failed."""


class ExecutionError(Error):
    """The CPU executor caught a fault in the running kernel."""


class InternalError(Error):
    """An invariant of triton_runner itself is broken; please report it."""

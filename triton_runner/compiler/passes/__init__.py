"""The passes between the levels: recorded from the live pipeline, run one at a time, edited.

Runs in the isolated compiler process (stage_worker.py), where nobody else's globals can be disturbed, and therefore
imports the standard library only; ``triton_runner.compiler.pass_runs`` is the other end. In order of use:
``recorder`` stands between a backend's stage functions and Triton's bindings, ``planning`` learns the pipeline without
running it, ``selection`` finds passes by name, ``stepping`` runs the pipeline, ``worker`` reads the job.
"""

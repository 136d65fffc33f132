"""Autotuning: configurations that are compiled, checked, timed, remembered and shipped. docs/autotune.md is for users.

``decorators`` has the entries, ``tuner`` the launch, ``tune`` the search with ``compiling``, ``checking``, ``timing``
and ``store``; ``result`` and ``report`` hold and show what came of it; ``export`` writes folders that ``shipped`` runs
without Triton.
"""

"""What all benchmarks share: timing, the facts of the machine, and reports as a table, JSON and a bar chart.

Tested in tests/python/test_benchmark.py.
"""

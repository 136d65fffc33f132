"""The compiler driver: from any level of a kernel to any lower one, through the compiler inside the installed Triton.

Importing this package imports no Triton; the first use of it goes through ``versions.adapter``.
"""

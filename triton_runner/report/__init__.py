"""The report of a kernel's passes: one HTML page that needs nothing else. ``write_report`` is in page.py."""

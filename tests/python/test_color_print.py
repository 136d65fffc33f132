"""triton_runner/color_print.py: colour on a terminal only."""

import io

import pytest

from triton_runner import color_print

PRINTERS = [
    (color_print.blue_print, "\033[34m"),
    (color_print.yellow_print, "\033[33m"),
    (color_print.red_print, "\033[31m"),
]


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.mark.parametrize(("show", "code"), PRINTERS)
def test_colours_a_terminal(monkeypatch, show, code):
    terminal = Terminal()
    monkeypatch.setattr("sys.stdout", terminal)
    monkeypatch.delenv("NO_COLOR", raising=False)
    show("launched", 3)
    assert terminal.getvalue() == f"{code}launched 3\033[0m\n"


@pytest.mark.parametrize(("show", "code"), PRINTERS)
def test_no_color_is_obeyed(monkeypatch, show, code):
    terminal = Terminal()
    monkeypatch.setattr("sys.stdout", terminal)
    monkeypatch.setenv("NO_COLOR", "1")
    show("launched")
    assert terminal.getvalue() == "launched\n"


@pytest.mark.parametrize(("show", "code"), PRINTERS)
def test_a_pipe_gets_plain_text(capsys, show, code):
    show("launched", "again")
    assert capsys.readouterr().out == "launched again\n"

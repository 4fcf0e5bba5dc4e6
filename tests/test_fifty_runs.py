"""The script that plays bundled scenarios again and again."""

from __future__ import annotations

import pytest

from scripts.fifty_runs import main


def test_a_scenario_is_played_and_compared(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--runs", "2", "start_twice"]) == 0
    assert capsys.readouterr().out.startswith("same   start_twice: 2 runs in ")


def test_a_scenario_that_there_is_not_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["start_twize"])
    assert "no bundled scenario is called start_twize: there are book_appointment, " in capsys.readouterr().err

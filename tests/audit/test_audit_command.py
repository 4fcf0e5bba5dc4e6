"""`telnyx-mockserver audit`: a real application in a process of its own, files, and exit codes."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from xml.etree import ElementTree

from tests.processes import free_port, run

EXAMPLES = Path(__file__).parents[2] / "scenarios" / "examples"
APP = ("--", sys.executable, str(EXAMPLES / "start_twice.py"))


def audit(*arguments: str) -> tuple[int, str, str]:
    done = run("audit", "--port", "0", "--webhook-timeout", "10", *arguments)
    return done.returncode, done.stdout, done.stderr


def test_an_application_that_passes_is_exit_code_0_and_every_check_is_a_row(tmp_path: Path) -> None:
    report, page = tmp_path / "new" / "report.xml", tmp_path / "page.html"
    wanted = ("--only", "duplicates", "--only", "undisturbed")
    code, out, err = audit("start_twice", *wanted, "--junit", str(report), "--html", str(page), *APP)
    assert code == 0, out + err
    rows = [line for line in out.splitlines() if not line.startswith(" ")]
    assert [row.split()[:2] for row in rows[:2]] == [["ok", "undisturbed"], ["ok", "duplicates"]]
    assert rows[-1] == "2 checks passed"
    assert len(ElementTree.parse(report).findall(".//testcase")) == 2
    assert "All 2 checks passed" in page.read_text(encoding="utf-8")


def test_what_failed_is_exit_code_1_and_the_command_that_repeats_it_is_printed(tmp_path: Path) -> None:
    text = (EXAMPLES.parent / "start_twice.yaml").read_text(encoding="utf-8")
    file = tmp_path / "never.yaml"
    file.write_text(text.replace("expect:\n", "expect:\n  - never: {command: answer}\n"), encoding="utf-8")
    report, page = tmp_path / "report.xml", tmp_path / "page.html"
    written = ("--junit", str(report), "--html", str(page))
    code, out, err = audit(str(file), "--only", "in_time", "--seed", "7", *written, *APP)
    assert code == 1, out + err
    assert "FAILED undisturbed" in out
    again = f"gain: telnyx-mockserver audit {file} --only undisturbed --seed 7 --webhook-timeout 10 -- {sys.executable}"
    for told in (out, report.read_text(encoding="utf-8"), page.read_text(encoding="utf-8")):
        assert again in told


def test_the_results_as_json_are_all_that_is_on_standard_output() -> None:
    code, out, err = audit("start_twice", "--only", "ended_calls", "--json", *APP)
    told = json.loads(out)
    assert (code, told["passed"], [check["name"] for check in told["checks"]]) == (0, True, ["ended_calls"])
    assert "ok     ended_calls" in err


def test_a_mistake_in_what_was_asked_for_is_exit_code_2() -> None:
    code, _, err = audit("start_twice")
    assert (code, "--app URL" in err) == (2, True)
    code, _, err = audit("start_twice", "--only", "duplicate", *APP)
    assert (code, "there is no check 'duplicate': did you mean duplicates?" in err) == (2, True)
    code, _, err = audit("start_twice", "--real-address", "--app", "http://127.0.0.1:1/")
    assert (code, "needs a command after --" in err) == (2, True)


def test_a_file_that_is_not_valid_is_exit_code_3_and_an_application_out_of_reach_4(tmp_path: Path) -> None:
    file = tmp_path / "bad.yaml"
    file.write_text("people: 7\n", encoding="utf-8")
    code, _, err = audit(str(file), *APP)
    assert (code, "bad.yaml:1" in err) == (3, True)
    code, _, err = audit("start_twice", "--app", f"http://127.0.0.1:{free_port()}/webhooks")
    assert (code, "cannot be reached" in err) == (4, True)

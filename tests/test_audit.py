"""What the audit of dependencies makes of pip-audit's answers."""

import json
import subprocess
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import pytest

pytest.importorskip("packaging")
_spec = spec_from_file_location("audit", Path(__file__).parents[1] / ".ci" / "audit.py")
assert _spec is not None
assert _spec.loader is not None
audit = module_from_spec(_spec)
_spec.loader.exec_module(audit)

GOOD = {"name": "good", "version": "1", "vulns": []}
BAD = {
    "name": "bad",
    "version": "2",
    "vulns": [{"id": "PYSEC-1", "fix_versions": ["2.1"]}, {"id": "CVE-2", "fix_versions": []}],
}
UNKNOWN = {"name": "odd", "skip_reason": "Dependency not found on PyPI"}


def saying(*told, returncode=0):
    def run(command):
        assert "odd==3\n" in Path(command[-1]).read_text()
        out = json.dumps({"dependencies": told, "fixes": []})
        return subprocess.CompletedProcess(command, returncode, out, "")

    return run


def failing(command):
    raise subprocess.TimeoutExpired(command, 120)


def crashing(command):
    return subprocess.CompletedProcess(command, 1, "", "Traceback\nConnectionError: no such host")


@pytest.mark.parametrize(
    ("run", "code", "strict", "said"),
    [
        (saying(GOOD), 0, 0, "1 packages looked at, 0 known"),
        (saying(GOOD, BAD, returncode=1), 1, 1, "bad 2: PYSEC-1, fixed in 2.1"),
        (saying(GOOD, BAD, returncode=1), 1, 1, "CVE-2, fixed in no version yet"),
        (saying(GOOD, UNKNOWN), 0, 1, "not known there: odd"),
        (saying(UNKNOWN), 0, 1, "NOTHING WAS CHECKED"),
        (failing, 0, 1, "no answer in time"),
        (crashing, 0, 1, "no such host"),
    ],
)
def test_found_is_told_and_unreached_is_not_taken_for_clean(run, code, strict, said, capsys):
    assert audit.main([], run, {"odd": "3"}) == code
    assert said in capsys.readouterr().out
    assert audit.main(["--must-reach"], run, {"odd": "3"}) == strict


def test_what_users_install_is_audited_and_tools_are_not():
    found = audit.needed()
    assert {"requests", "urllib3", "scikit-learn", "joblib"} <= found.keys()
    assert not {"pytest", "mypy", "label-bridge"} & found.keys()

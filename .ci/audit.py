"""Ask for known vulnerabilities of what Bridge needs, at the versions that are installed here.

``pip-audit`` does the asking. It calls a package that its source does not know "skipped", and ends
well; where no advisory could be had at all, this says so instead of "no known vulnerabilities".

    python .ci/audit.py                 # fails if one was found
    python .ci/audit.py --must-reach    # also if the advisories could not be reached (releases)
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from importlib import metadata
from pathlib import Path
from typing import Any

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

PROJECT = "label-bridge"
TOOLS = {"dev"}  # extras that no user installs
Run = Callable[[Sequence[str]], "subprocess.CompletedProcess[str]"]


def needed(project: str = PROJECT) -> dict[str, str]:
    """Return versions by name of what the project and its extras need, as installed here."""
    extras = set(metadata.metadata(project).get_all("Provides-Extra") or ()) - TOOLS
    found: dict[str, str] = {}
    waiting = [(project, extras)]
    seen: set[tuple[str, str]] = set()
    while waiting:
        name, wanted = waiting.pop()
        for text in metadata.requires(name) or ():
            requirement = Requirement(text)
            marker, other = requirement.marker, canonicalize_name(requirement.name)
            applies = marker is None or any(
                marker.evaluate({"extra": extra}) for extra in ("", *wanted)
            )
            key = (other, ",".join(sorted(requirement.extras)))
            if not applies or key in seen or other == project:
                continue
            seen.add(key)
            try:
                found[other] = metadata.version(other)
            except metadata.PackageNotFoundError:
                continue
            waiting.append((other, set(requirement.extras)))
    return found


def ask(versions: dict[str, str], run: Run) -> tuple[list[dict[str, Any]], str]:
    """Return what is told of each package, and why nothing is told (empty if something is)."""
    with tempfile.TemporaryDirectory() as folder:
        listed = Path(folder) / "requirements.txt"
        listed.write_text("".join(f"{n}=={v}\n" for n, v in sorted(versions.items())))
        options = ["--no-deps", "--disable-pip", "--progress-spinner", "off", "--format", "json"]
        try:
            ran = run([sys.executable, "-m", "pip_audit", *options, "-r", str(listed)])
        except subprocess.TimeoutExpired:
            return [], "no answer in time"
    try:
        told = json.loads(ran.stdout)["dependencies"]
    except (ValueError, KeyError, TypeError):
        said = ran.stderr.strip().splitlines() or [f"pip-audit ended with {ran.returncode}"]
        return [], said[-1][:300]
    if all("skip_reason" in one for one in told):
        return [], "the package index here has no advisories"
    return told, ""


def main(arguments: Sequence[str], run: Run, versions: dict[str, str]) -> int:
    """Say what was found; 1 if it must be acted on."""
    told, why_not = ask(versions, run)
    if why_not:
        print(f"audit: the advisories could not be reached ({why_not}): NOTHING WAS CHECKED.")
        return int("--must-reach" in arguments)
    skipped = sorted(one["name"] for one in told if "skip_reason" in one)
    bad = [(one, vuln) for one in told for vuln in one.get("vulns", ())]
    for one, vuln in bad:
        fixed = ", ".join(vuln.get("fix_versions") or ()) or "no version yet"
        print(f"audit: {one['name']} {one['version']}: {vuln['id']}, fixed in {fixed}")
    print(
        f"audit: {len(told) - len(skipped)} packages looked at, {len(bad)} known vulnerabilities"
        + (f"; not known there: {', '.join(skipped)}" if skipped else "")
    )
    return int(bool(bad) or (bool(skipped) and "--must-reach" in arguments))


def _run(command: Sequence[str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], _run, needed()))

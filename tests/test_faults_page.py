"""The tests that the pages on guarantees and faults name are there."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
HOME = {
    "Labelbox": "tests/test_wire_faults.py",
    "Label Studio": "tests/test_wire_faults_labelstudio.py",
}


def has(path: str, name: str) -> bool:
    known = rf"(?:def|class) {name}\b|^{name} = "
    return re.search(known, (ROOT / path).read_text(), re.MULTILINE) is not None


@pytest.mark.parametrize("page", ["guarantees", "faults"])
def test_every_test_that_a_page_names_is_there(page):
    text = (ROOT / "docs" / f"{page}.md").read_text()
    named = re.findall(r"`((?:tests|bridge)/[\w/]+\.py)::(?:\w+::)?(\w+)", text)
    assert len(named) > 10
    assert [one for one in named if not has(*one)] == []


def test_every_fault_has_its_tests():
    text = (ROOT / "docs" / "faults.md").read_text()
    table = text.partition("| Labelbox | Label Studio |\n|---|---|---|---|\n")[2].partition("\n\n")[
        0
    ]
    rows = [[cell.strip() for cell in row.strip("|").split("|")] for row in table.splitlines()]
    assert len(rows) == 15
    for _, _, *cells in rows:
        for home, cell in zip(HOME.values(), cells, strict=True):
            names = re.findall(r"`(test_\w+)`(?: \(`([\w/.]+)`\))?", cell)
            assert all(has(other or home, name) for name, other in names), cell
            assert names or cell.startswith(("the same", "has no")), cell

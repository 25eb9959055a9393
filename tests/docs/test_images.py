"""The README's pictures are there, and do not weigh much."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_every_picture_of_the_readme_is_there_is_told_in_words_and_weighs_little() -> None:
    pictures = re.findall(r"!\[([^\]]*)\]\((docs/images/[\w-]+\.png)\)", (ROOT / "README.md").read_text("utf-8"))

    assert len(pictures) >= 5
    for said, path in pictures:
        assert len(said) > 10
        assert 10_000 < (ROOT / path).stat().st_size < 150_000, path
    assert {path for _, path in pictures} == {f"docs/images/{each.name}" for each in (ROOT / "docs/images").iterdir()}

"""The README's pictures exist and are small."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_readme_images_exist_with_alt_text_and_size() -> None:
    pictures = re.findall(r"!\[([^\]]*)\]\((docs/images/[\w-]+\.png)\)", (ROOT / "README.md").read_text("utf-8"))

    assert len(pictures) >= 5
    for alt_text, path in pictures:
        assert len(alt_text) > 10
        assert 10_000 < (ROOT / path).stat().st_size < 150_000, path
    assert {path for _, path in pictures} == {f"docs/images/{image.name}" for image in (ROOT / "docs/images").iterdir()}

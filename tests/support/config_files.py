"""Files of a user that the program cannot use."""

from collections.abc import Callable
from pathlib import Path

import pytest

from pyf.aggregator.domain.errors import Invalid


def assert_file_is_rejected(
    load: Callable[[str], object], file: Path, content: bytes, setting: str, problem: str
) -> None:
    """Check that loading this content fails with one line that names the setting, the file and the problem."""
    file.write_bytes(content)
    with pytest.raises(Invalid) as error_info:
        load(str(file))

    message = str(error_info.value)
    assert message.startswith(f"{setting} {file}")
    assert problem in message
    assert "\n" not in message

"""Tell Markdown from reStructuredText in a README without a known content type."""

import re

# What only Markdown has. Setext headings and emphasis look alike in both.
_MARKDOWN = tuple(
    re.compile(pattern, re.MULTILINE)
    for pattern in (
        r"^ {0,3}#{1,6} +\S",
        r"^ {0,3}(?:```|~~~)",
        r"!?\[[^\]\n]{0,200}\]\([^)\s]{1,500}[^)\n]{0,200}\)",
        r"^ {0,3}\[[^\]\n]{1,100}\]: +\S",
        r"^\s{0,8}[-*] \[[ xX]\] ",
        r"^ {0,3}\|?(?: ?:?-{3,}:? ?\|)+",
        r"^<(?:p|div|h1|h2|center|img|a|br|details|table)\b",
        r"(?<![`\w])`[^`\n]{1,100}`(?![`_\w])",
        r"\*\*\[",
    )
)
_RST = tuple(
    re.compile(pattern, re.MULTILINE)
    for pattern in (
        r"^ {0,8}\.\. (?:[\w-]+::|_[^:\n]{1,100}:|\|[^|\n]{1,100}\| |\[#?\w*\] )",
        r"`[^`\n]{1,200}<[^>\n]{1,500}>`__?",
        r"(?<!`)``[^`\n]{1,200}``(?!`)",
        r":[a-z]{2,20}:`",
        r"^[^\n]{0,200}\S::$",
        r"^:[A-Za-z][\w ]{0,30}: ",
        r"^(?:=+|-+|~+|\^+|\*+|\++|#+)\n[^\n]{1,200}\n(?:=+|-+|~+|\^+|\*+|\++|#+)$",
        r"\w__?(?![\w`])(?=[\s.,;:)])",
    )
)

# The beginning of a text is enough.
_MAX_LENGTH = 20_000


def is_markdown(text: str) -> bool:
    """Return whether a text plainly is Markdown: it has more of its marks than of reStructuredText's."""
    sample = text[:_MAX_LENGTH].replace("\r\n", "\n")
    markdown = sum(len(pattern.findall(sample)) for pattern in _MARKDOWN)
    return markdown > 0 and markdown > 2 * sum(len(pattern.findall(sample)) for pattern in _RST)

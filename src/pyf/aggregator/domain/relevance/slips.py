"""How far a word may be from one that was meant: a letter too much, too few, another, or two of them swapped."""

# The shortest words that may have one and two wrong letters: of a shorter one, too many others are that near.
_ONE_TYPO_LENGTH, _TWO_TYPOS_LENGTH = 5, 8


def get_allowed_typos(word: str) -> int:
    """Return how many letters of a word may be wrong."""
    if len(word) < _ONE_TYPO_LENGTH or not word.isalpha():
        return 0
    return 1 if len(word) < _TWO_TYPOS_LENGTH else 2


def is_within_typos(word: str, other: str, max_typos: int) -> bool:
    """Tell whether two words differ in so many letters at most."""
    # It takes as long to import as all else together, of which commands that search nothing are spared.
    from rapidfuzz.distance import OSA

    return abs(len(word) - len(other)) <= max_typos and OSA.distance(word, other, score_cutoff=max_typos) <= max_typos

"""How far a word may be from one that was meant: a letter too much, too few, another, or two of them swapped."""

# The shortest words that may have one and two wrong letters: of a shorter one, too many others are that near.
_ONE, _TWO = 5, 8


def slips_in(word: str) -> int:
    """Return how many letters of a word may be wrong."""
    if len(word) < _ONE or not word.isalpha():
        return 0
    return 1 if len(word) < _TWO else 2


def are_near(word: str, other: str, slips: int) -> bool:
    """Tell whether two words differ in so many letters at most."""
    # It takes as long to import as all else together, of which commands that search nothing are spared.
    from rapidfuzz.distance import OSA

    return abs(len(word) - len(other)) <= slips and OSA.distance(word, other, score_cutoff=slips) <= slips

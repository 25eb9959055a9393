"""Says whether a collection is being filled for the first time, so that the journal's run does not do the same."""

from ..domain.errors import NotFound
from ..usecases.target import Target
from .process import Workshop

# Seconds after the last sign of life: whoever filled it is taken to be gone, and the journal's run fills it.
_SILENCE = 1800.0


def show_life(shop: Workshop, target: Target, holder: str) -> None:
    """Note that a fetch is at work on a collection."""
    shop.agreed.locks.take(_right(target), holder, _SILENCE)


def is_being_filled(shop: Workshop, target: Target) -> bool:
    """Tell whether a fetch is at work on a collection that has never been complete."""
    if not shop.agreed.locks.holder(_right(target)):
        return False
    try:
        return shop.services.index.state(target.collection).cursor is None
    except NotFound:
        return True


def come_to_rest(shop: Workshop, target: Target, holder: str) -> None:
    """Note that a fetch is over."""
    shop.agreed.locks.give_back(_right(target), holder)


def _right(target: Target) -> str:
    return f"filling:{target.collection}"

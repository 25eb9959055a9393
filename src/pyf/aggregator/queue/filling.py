"""Follows full fetches by their signs of life: one at work is left alone, one that has fallen silent is ended.

Redis hands a message to a worker before that has noted it. With a worker that is killed just then the message is lost,
and with it a part of a fetch whose end would be waited for in vain.
"""

from ..domain.errors import NotFound
from ..usecases.target import Target
from .process import Workshop

# Seconds after the last sign of life, at most: by then the others go on without whoever was at work.
_SILENCE = 1800.0


def show_life(shop: Workshop, target: Target, holder: str) -> None:
    """Note that a fetch is at work on a collection."""
    shop.agreed.locks.take(_right(target), holder, min(_SILENCE, shop.settings.celery_visibility_timeout))


def is_being_filled(shop: Workshop, target: Target) -> bool:
    """Tell whether a fetch is at work on a collection that has never been complete."""
    if not shop.agreed.locks.holder(_right(target)):
        return False
    try:
        return shop.services.index.state(target.collection).cursor is None
    except NotFound:
        return True


def fallen_silent(shop: Workshop, target: Target) -> str:
    """Return the fetch that is to be ended because nobody is at work on it any more, "" for none."""
    return "" if shop.agreed.locks.holder(_right(target)) else shop.agreed.locks.holder(fetching(target))


def fetching(target: Target) -> str:
    """Return the name of the right to fetch a collection as a whole."""
    return f"fetch:{target.collection}"


def come_to_rest(shop: Workshop, target: Target, holder: str) -> None:
    """Note that a fetch is over."""
    shop.agreed.locks.give_back(_right(target), holder)


def _right(target: Target) -> str:
    return f"filling:{target.collection}"

"""The health score: how safe it is to depend on a project today.

`extract_signals` collects the signals, each module of rules evaluates one group, and `score` combines the results.
Everything is pure: the time and the configuration are arguments.
"""

from .extract_signals import extract_signals
from .rules import Signals
from .score import Score, compute_score
from .scoring_config import ScoringConfig

__all__ = ["Score", "ScoringConfig", "Signals", "compute_score", "extract_signals"]

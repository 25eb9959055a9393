"""How safe it is to depend on a project today: facts are collected in one place, and judged in another.

`collect` says where facts are found, `facts` what can be known, each other module judges one group of rules, and
`score` puts the judgements together. Everything is pure: the time comes in as an argument, weights and thresholds
come in as `Standards`.
"""

from .extract_signals import extract_signals
from .score import Score, compute_score
from .scoring_config import ScoringConfig
from .signals import Signals

__all__ = ["Score", "ScoringConfig", "Signals", "compute_score", "extract_signals"]

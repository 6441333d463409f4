"""What partners' signals are worth: the analysis of a span, and the scorecard of a week. It decides nothing."""

from system.analytics.scorecard import Scorecard, scorecard_of
from system.analytics.signals import Analysis, analysis_of, analyze_partner_signals

__all__ = ["Analysis", "Scorecard", "analysis_of", "analyze_partner_signals", "scorecard_of"]

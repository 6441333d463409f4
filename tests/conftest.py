"""What all tests share: Hypothesis judges what the code does, never how fast this machine happens to be."""

from hypothesis import HealthCheck, settings

settings.register_profile("any machine", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("any machine")

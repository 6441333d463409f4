"""What the system is allowed to do by itself, and who is told when something is wrong."""

from system.governance.circuit_breaker import CircuitBreaker, CircuitBreakerRegistry

__all__ = ["CircuitBreaker", "CircuitBreakerRegistry"]

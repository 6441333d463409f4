"""One executable runbook a failure: what an operator, a controller or a drill runs, step by step or all at once."""

"""From a signal to a validated intent, through a language model that is never believed on its word alone."""

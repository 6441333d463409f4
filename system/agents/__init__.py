"""From a confirmed intent to a load in Motion: once, whatever breaks in between."""

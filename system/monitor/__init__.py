"""The monitor: watches the database from outside the other parts, and tells people while all else is down."""

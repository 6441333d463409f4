"""What the system is allowed to do by itself, and who is told when something is wrong."""

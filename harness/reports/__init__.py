"""Reports read runs and listings and show them; they never start anything."""

"""How many streams a machine sustains: channel density, and what limits it."""

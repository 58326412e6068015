"""Opening a stranger's zip: every file bounded, held to what it must be, and never executed."""

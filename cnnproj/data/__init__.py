"""From whatever the user has to reproducible batches: sources → split → image store → batches."""

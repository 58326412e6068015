"""From whatever the user has to reproducible batches: sources → audit and image store → split → batches."""

"""The checks of a submission, each a function over its ``Evidence`` that yields what it finds, one file a group."""

"""The search for each network's hyperparameters."""

"""Networks taken apart: their layers inside blocks, what each costs and sees, and the famous ones side by side."""

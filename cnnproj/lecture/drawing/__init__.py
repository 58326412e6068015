"""The figures of the lectures: tables of numbers, the window that moves over them, and what is drawn beside."""

"""Training: `recipe.Recipe` says how, `loop.Run` does it, ``colorkit train`` is both."""

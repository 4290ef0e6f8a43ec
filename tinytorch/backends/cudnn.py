"""The switches that scripts set for the sake of runs that can be repeated: here a seed is enough, and nothing looks at them."""

benchmark = False
deterministic = True
enabled = False


def is_available() -> bool:
    """Never."""
    return False

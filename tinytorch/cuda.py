"""There is no GPU here; this says so to scripts that ask."""


def is_available() -> bool:
    """Never."""
    return False


def device_count() -> int:
    """None."""
    return 0


def manual_seed_all(seed: int) -> None:
    """Nothing to seed."""


def manual_seed(seed: int) -> None:
    """Nothing to seed: `tinytorch.manual_seed` starts all random numbers."""


def empty_cache() -> None:
    """Nothing to empty."""

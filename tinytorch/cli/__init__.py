"""The command line: one module for each command, loaded when it is called."""


class CommandError(Exception):
    """What went wrong, in one sentence to the person at the terminal, and the status to exit with."""

    def __init__(self, message: str, status: int = 2) -> None:
        super().__init__(message)
        self.status = status

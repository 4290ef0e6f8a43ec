"""A page as a PDF, printed by a Chromium that is installed: print.py PAGE.html FILE.pdf."""

import shutil
import subprocess
import sys
from pathlib import Path

NAMES = "chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome", "msedge"


def main(page: str, file: str) -> None:
    """Print it, or say in one sentence what is missing."""
    browser = next(filter(None, map(shutil.which, NAMES)), None)
    if browser is None:
        sys.exit(f"book-pdf needs Chromium or Chrome to print with, and finds none of {', '.join(NAMES)}")
    address = Path(page).resolve().as_uri()
    Path(file).unlink(missing_ok=True)  # an older one shall not look like this one
    options = ["--headless", "--no-sandbox", "--disable-gpu", "--no-pdf-header-footer", "--virtual-time-budget=20000"]
    done = subprocess.run([browser, *options, f"--print-to-pdf={file}", address], capture_output=True, text=True)
    if done.returncode or not Path(file).exists():
        sys.exit(f"{browser} could not print {page}: {(done.stderr.splitlines() or ['it does not say why'])[-1]}")
    print(f"The book is in {file}")


if __name__ == "__main__":
    main(*sys.argv[1:])

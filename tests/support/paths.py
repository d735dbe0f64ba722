"""Where this repository lies."""

from pathlib import Path

ROOT = Path(__file__).parents[2]
NETS = ROOT / "tests/support/nets.py"

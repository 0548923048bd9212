"""Where scripts run without a browser."""

from pathlib import Path

import playwright

NODE = Path(playwright.__file__).parent / "driver" / "node"
"""The one that Playwright brings along."""

"""The security headers of everything that we serve. PURE."""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType

_HOST = re.compile(r"[A-Za-z0-9.-]{1,253}(:\d{1,5})?|\[[0-9A-Fa-f:.]{2,45}\](:\d{1,5})?")

_OFF = (
    "accelerometer",
    "encrypted-media",
    "geolocation",
    "gyroscope",
    "hid",
    "magnetometer",
    "midi",
    "payment",
    "picture-in-picture",
    "serial",
    "usb",
    "xr-spatial-tracking",
)
"""What the pages never need."""

_ON = ("autoplay", "camera", "microphone", "fullscreen", "screen-wake-lock")

FIXED: Mapping[str, str] = MappingProxyType(
    {
        "Referrer-Policy": "no-referrer",
        "X-Content-Type-Options": "nosniff",
        "X-Frame-Options": "DENY",
        "Cross-Origin-Opener-Policy": "same-origin",
        "Cross-Origin-Resource-Policy": "same-origin",
    }
)

ASSET: Mapping[str, str] = MappingProxyType(
    {
        "X-Content-Type-Options": "nosniff",
        "Cross-Origin-Resource-Policy": "same-origin",
        # For the script that becomes a worker, and whoever opens a picture by itself.
        "Content-Security-Policy": "default-src 'none'; script-src 'self'",
    }
)
"""Of a file that a page loads: the page's own policies hold for it, and fifty times a kilobyte is half of a page."""


def permissions_policy(*, may_share_screen: bool) -> str:
    """The policy of a page for what a browser can do.

    Args:
        may_share_screen: some programme lists the function `screen`; our button asks for it then. Otherwise nothing
            here captures a screen (SAKAI 5-4).
    """
    on = (*_ON, "display-capture") if may_share_screen else _ON
    off = _OFF if may_share_screen else (*_OFF, "display-capture")
    return ", ".join([f"{name}=(self)" for name in on] + [f"{name}=()" for name in off])


def content_security_policy(host: str | None) -> str:
    """The policy of a page.

    Args:
        host: as the browser named it in `Host`; anything that is not one is left out. Safari before 15.4 does not count
            `ws:` of the same host as `'self'`, so that is named.
    """
    sockets = f" ws://{host} wss://{host}" if host and _HOST.fullmatch(host) else ""
    return "; ".join(
        [
            "default-src 'none'",
            "script-src 'self'",
            "style-src 'self'",
            "img-src 'self' data:",
            "media-src 'self' blob:",
            f"connect-src 'self'{sockets}",
            "font-src 'self'",
            "worker-src 'self'",
            "manifest-src 'self'",
            "frame-ancestors 'none'",
            "base-uri 'none'",
            "form-action 'none'",
        ]
    )

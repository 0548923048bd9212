"""A certificate for a demonstration on the local network: browsers give camera and microphone to HTTPS only."""

from __future__ import annotations

import ipaddress
import os
import socket
from datetime import datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from orchestrator.errors import Misconfigured

VALID_FOR = timedelta(days=90)
"""Well under the 825 days that iOS allows a certificate of one's own (Apple HT210176)."""


def lan_address() -> str | None:
    """This machine's address on the local network; None when it has none. Nothing is sent."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            # A documentation address (RFC 5737): connecting a UDP socket only asks the routing table.
            probe.connect(("192.0.2.1", 9))
        except OSError:
            return None
        address = str(probe.getsockname()[0])
    return None if ipaddress.ip_address(address).is_loopback else address


def ensure_certificate(folder: Path, address: str, now: datetime) -> tuple[Path, Path]:
    """Make a certificate for an address, or find the one that was made before.

    Args:
        folder: where it is kept.
        address: IP address that goes into it.
        now: aware UTC.

    Returns:
        Paths of certificate and key, PEM.

    Raises:
        Misconfigured: the folder cannot be used.
    """
    cert_path, key_path = folder / "lan.crt.pem", folder / "lan.key.pem"
    try:
        if not _still_good(cert_path, key_path, address, now):
            _make(cert_path, key_path, address, now)
    except OSError as wrong:
        raise Misconfigured(
            [f"the data folder {folder} cannot be used: {wrong.strerror}"]
        ) from None
    return cert_path, key_path


def _make(cert_path: Path, key_path: Path, address: str, now: datetime) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"Madoguchi demo {address}")])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + VALID_FOR)
        .add_extension(
            x509.SubjectAlternativeName(
                [x509.IPAddress(ipaddress.ip_address(address)), x509.DNSName("localhost")]
            ),
            critical=False,
        )
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .sign(key, hashes.SHA256())
    )
    cert_path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with os.fdopen(os.open(key_path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(
            key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            )
        )
    cert_path.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))


def _still_good(cert_path: Path, key_path: Path, address: str, now: datetime) -> bool:
    if not (cert_path.exists() and key_path.exists()):
        return False
    try:
        certificate = x509.load_pem_x509_certificate(cert_path.read_bytes())
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except (ValueError, x509.ExtensionNotFound):
        return False
    addresses = names.get_values_for_type(x509.IPAddress)
    is_ours = ipaddress.ip_address(address) in addresses
    return is_ours and certificate.not_valid_after_utc > now + timedelta(days=1)

"""A certificate for the loopback that nobody vouches for, and its key; good until 2126."""

from __future__ import annotations

from pathlib import Path

CERTIFICATE = """\
-----BEGIN CERTIFICATE-----
MIIBqjCCAU+gAwIBAgIUPiTnGYpujs1Cohfhk3BG+vkNLCgwCgYIKoZIzj0EAwIw
GzEZMBcGA1UEAwwQcmVnaXN0cnkuZXhhbXBsZTAgFw0yNjExMjcxNDA4MzZaGA8y
MTI2MTEwMzE0MDgzNlowGzEZMBcGA1UEAwwQcmVnaXN0cnkuZXhhbXBsZTBZMBMG
ByqGSM49AgEGCCqGSM49AwEHA0IABHTnh4YD15l+mRHa4x57yXN1ClOknQgiGj4i
yrR3GnNXU8RHgsy3Kdk1WRjwdoMJe4ic+GlV9LnDggtVDOoTa1ujbzBtMB0GA1Ud
DgQWBBStlsUOlaWFBbGgFq38rYAXfjxJNjAfBgNVHSMEGDAWgBStlsUOlaWFBbGg
Fq38rYAXfjxJNjAPBgNVHRMBAf8EBTADAQH/MBoGA1UdEQQTMBGCCWxvY2FsaG9z
dIcEfwAAATAKBggqhkjOPQQDAgNJADBGAiEArw2bxgEOPjGo2E8OfCW2MXU64Rdu
cmt/a6IOJFL3ACUCIQDB59RVQq8mTn1mtQdD5aWnWu8F9hwakOVzQcfLdxHhcA==
-----END CERTIFICATE-----
"""
KEY = """\
-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgRrVXjG3yPj/O1FXK
45NuHOgYln+eTWbUqQRmIWTGxO2hRANCAAR054eGA9eZfpkR2uMee8lzdQpTpJ0I
Iho+Isq0dxpzV1PER4LMtynZNVkY8HaDCXuInPhpVfS5w4ILVQzqE2tb
-----END PRIVATE KEY-----
"""


def write_pair(folder: Path) -> tuple[Path, Path]:
    """Both as files."""
    certificate, key = folder / "loopback.crt", folder / "loopback.key"
    certificate.write_text(CERTIFICATE)
    key.write_text(KEY)
    return certificate, key

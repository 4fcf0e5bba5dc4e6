"""TLS: a certificate authority that lives as long as a server, and files that let a program trust it.

The keys of the authority and of the server stay in memory, so that nothing on a disk can speak for another name
tomorrow; every start has a new authority. What is written is public: its certificate alone, for programs that add it to
what they trust (Node), and a bundle of it and everything trusted before, for those that trust one file (Python).
"""

from __future__ import annotations

import contextlib
import socket
import ssl
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import NamedTemporaryFile

PLATFORM = "api.telnyx.com"
"""The name that applications have in their code."""

NAMES = (PLATFORM, "localhost", "127.0.0.1", "::1")
"""What the certificate of a server is good for, besides the address that it listens on."""

BEGIN, END = "-----BEGIN CERTIFICATE-----", "-----END CERTIFICATE-----"


@dataclass(frozen=True, slots=True)
class Secured:
    """A listener, its TLS, and the certificate (PEM) of the authority that vouches for it."""

    listener: socket.socket
    context: ssl.SSLContext
    certificate: str

    @property
    def port(self) -> int:
        port: int = self.listener.getsockname()[1]
        return port


def secure(listener: socket.socket) -> Secured:
    """A new authority, and a certificate of it for a listener."""
    import trustme

    authority = trustme.CA(organization_name="telnyx-mockserver", organization_unit_name="until the server ends")
    address = listener.getsockname()[0].partition("%")[0]
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(*dict.fromkeys((*NAMES, address))).configure_cert(context)
    context.set_alpn_protocols(["http/1.1"])  # some clients ask for HTTP/2 first, and take silence for it
    return Secured(listener, context, authority.cert_pem.bytes().decode())


@dataclass(frozen=True, slots=True)
class Trust:
    """Two files: the authority's certificate alone, and together with everything that was trusted before."""

    authority: Path
    bundle: Path

    def variables(self) -> dict[str, str]:
        """The environment variables by which programs find them."""
        return {
            "SSL_CERT_FILE": str(self.bundle),
            "REQUESTS_CA_BUNDLE": str(self.bundle),
            "NODE_EXTRA_CA_CERTS": str(self.authority),
        }


def files(folder: Path) -> Trust:
    """Where the files of a folder are, or will be."""
    return Trust(folder / "authority.pem", folder / "bundle.pem")


def trust(certificate: str, folder: Path, environment: Mapping[str, str]) -> Trust:
    """Write both files into a folder, which is made. What `environment` trusts so far stays trusted.

    Raises `OSError` where the folder cannot be written to.
    """
    folder.mkdir(parents=True, exist_ok=True)
    written = files(folder)
    named = environment.get("NODE_EXTRA_CA_CERTS", "")
    _write(written.authority, [*_certificates(named, but=folder), certificate])
    _write(written.bundle, [*_trusted(environment, folder), certificate])
    return written


def forget(folder: Path) -> None:
    """Take the files away again, and the folder if nothing else is in it."""
    written = files(folder)
    with contextlib.suppress(OSError):
        written.authority.unlink(missing_ok=True)
        written.bundle.unlink(missing_ok=True)
        folder.rmdir()


def _write(path: Path, certificates: list[str]) -> None:
    """All at once, since somebody may be reading the file of an earlier start."""
    text = "\n".join(each.strip() for each in dict.fromkeys(certificates)) + "\n"
    with NamedTemporaryFile("w", dir=path.parent, prefix=path.name, delete=False) as new:
        new.write(text)
    Path(new.name).chmod(0o644)  # public, and the program may be another user's
    Path(new.name).replace(path)


def _trusted(environment: Mapping[str, str], folder: Path) -> Iterator[str]:
    """Everything that is trusted here: what the variables name, the system's certificates, and those of `certifi`."""
    for name in ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        yield from _certificates(environment.get(name, ""), but=folder)
    system = ssl.get_default_verify_paths()
    yield from _certificates(system.openssl_cafile, but=folder)
    for path in sorted(Path(environment.get("SSL_CERT_DIR") or system.openssl_capath).glob("*.0")):
        yield from _certificates(path, but=folder)
    try:
        import certifi
    except ImportError:
        return
    yield from _certificates(certifi.where(), but=folder)


def _certificates(file: Path | str, but: Path) -> Iterator[str]:
    """The certificates of a file, without its comments; none where it cannot be read, or lies in the folder `but`."""
    if not file or Path(file).parent == but:  # an authority of an earlier start is of no use any more
        return
    with contextlib.suppress(OSError, UnicodeDecodeError):
        for part in Path(file).read_text(encoding="utf-8").split(BEGIN)[1:]:
            yield f"{BEGIN}\n{part.partition(END)[0].strip()}\n{END}"

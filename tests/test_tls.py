"""The listener with TLS, the certificate of its authority, and the files by which programs trust it."""

from __future__ import annotations

import http.client
import json
import socket
import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest

from mockserver.tls import BEGIN, NAMES, Secured, forget, secure, trust
from tests.processes import LIMIT_SECS, Server, free_port, run, serve, taken_port

DIAL = {"connection_id": "1", "from": "+12025550100", "to": "+12025550162"}


@pytest.fixture(scope="module")
def secured() -> Iterator[Secured]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield secure(listener)


def shaken(secured: Secured, name: str, certificate: str) -> str | None:
    """The name of the TLS version on which a client that trusts a certificate agrees with a server."""
    client = ssl.create_default_context(cadata=certificate)
    inward, outward = ssl.MemoryBIO(), ssl.MemoryBIO()
    near = client.wrap_bio(inward, outward, server_hostname=name)
    far = secured.context.wrap_bio(outward, inward, server_side=True)
    for _ in range(3):
        for end in (near, far):
            try:
                end.do_handshake()
            except ssl.SSLWantReadError:
                continue
    return near.version()


@pytest.mark.parametrize("name", NAMES)
def test_the_certificate_is_good_for_the_platform_and_for_this_machine(secured: Secured, name: str) -> None:
    assert shaken(secured, name, secured.certificate) == "TLSv1.3"


def test_for_another_name_or_by_another_authority_it_is_not_good(secured: Secured) -> None:
    with pytest.raises(ssl.SSLCertVerificationError, match="Hostname mismatch"):
        shaken(secured, "telnyx.com", secured.certificate)
    with pytest.raises(ssl.SSLCertVerificationError, match=r"unable to get local issuer|self-signed"):
        shaken(secured, "api.telnyx.com", secure(secured.listener).certificate)


def test_no_key_is_written_and_what_was_trusted_stays_trusted(secured: Secured, tmp_path: Path) -> None:
    other = secure(secured.listener).certificate
    before = tmp_path / "before.pem"
    before.write_text(f"# a comment\n{other}", encoding="utf-8")
    folder = tmp_path / "new" / "tls"
    variables = {name: str(before) for name in ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "NODE_EXTRA_CA_CERTS")}
    written = trust(secured.certificate, folder, variables)
    alone, bundle = written.authority.read_text(encoding="utf-8"), written.bundle.read_text(encoding="utf-8")
    assert alone.split() == [*other.split(), *secured.certificate.split()]
    assert all(each.strip() in bundle for each in (other, secured.certificate))
    assert "PRIVATE" not in alone + bundle
    assert ssl.create_default_context(cafile=written.bundle).cert_store_stats()["x509_ca"] == bundle.count(BEGIN)
    assert sorted(path.name for path in folder.iterdir()) == ["authority.pem", "bundle.pem"]


def test_the_authority_of_an_earlier_start_is_trusted_no_more(secured: Secured, tmp_path: Path) -> None:
    earlier = secure(secured.listener).certificate
    variables = trust(earlier, tmp_path, {}).variables()
    written = trust(secured.certificate, tmp_path, variables)
    assert earlier.strip() not in written.bundle.read_text(encoding="utf-8")
    assert written.authority.read_text(encoding="utf-8") == secured.certificate
    forget(tmp_path)
    assert not tmp_path.exists()


# A server ------------------------------------------------------------------------------------------------------------


def ask(server: Server, port: int, certificate: str, name: str = "localhost") -> http.client.HTTPSConnection:
    context = ssl.create_default_context(cadata=certificate)
    return http.client.HTTPSConnection(name, port, timeout=LIMIT_SECS, context=context)


def test_both_listeners_serve_one_world() -> None:
    with serve("--tls-port", "0") as server:
        tls = server.ask("GET", "/_mock/health")["tls"]
        connection = ask(server, **tls)
        headers = {"Authorization": "Bearer KEY_test", "Content-Type": "application/json"}
        connection.request("POST", "/v2/calls", json.dumps(DIAL), headers)
        leg = json.load(connection.getresponse())["data"]["call_control_id"]
        assert server.ask("GET", f"/v2/calls/{leg}")["data"]["call_control_id"] == leg
        assert f"| with TLS    https://127.0.0.1:{tls['port']}/v2" in server.output
        files = [line.split("'")[1] for line in server.lines if "_CERT" in line or "_CA_" in line]
        assert tls["certificate"].strip() in Path(files[0]).read_text(encoding="utf-8")
        assert server.interrupt() < 1
        connection.close()
    assert len(files) == 3
    assert not any(Path(file).exists() for file in files)  # nobody will ever write there again
    assert "Traceback" not in server.output


def test_the_variables_of_a_server_with_tls_name_its_certificate(tmp_path: Path) -> None:
    port = free_port()
    here, there = tmp_path / "here", tmp_path / "there"
    with serve("--port", str(port), "--tls-port", "0", "--tls-folder", str(here)) as server:
        certificate = server.ask("GET", "/_mock/health")["tls"]["certificate"]
        done = run("env", "--format", "json", "--port", str(port), "--tls-folder", str(there))
    told = json.loads(done.stdout)
    assert told["NODE_EXTRA_CA_CERTS"] == str(there / "authority.pem")
    assert told["SSL_CERT_FILE"] == told["REQUESTS_CA_BUNDLE"] == str(there / "bundle.pem")
    assert certificate.strip() in (there / "bundle.pem").read_text(encoding="utf-8")
    assert (here / "authority.pem").read_text(encoding="utf-8").endswith(certificate)


def test_without_the_option_there_is_no_tls() -> None:
    with serve() as server:
        assert server.ask("GET", "/_mock/health")["tls"] is None
        assert "CERT" not in server.output


def test_as_json_the_first_line_names_the_certificate(tmp_path: Path) -> None:
    with serve("--log-format", "json", "--tls-port", "0", "--tls-folder", str(tmp_path)) as server:
        assert json.loads(server.lines[0])["SSL_CERT_FILE"] == str(tmp_path / "bundle.pem")


def test_a_tls_port_that_is_taken_is_told_and_is_wrong_usage() -> None:
    with taken_port() as port:
        done = run("serve", "--port", "0", "--tls-port", str(port))
    assert done.returncode == 2
    assert done.stderr.startswith(f"cannot listen on 127.0.0.1:{port}: Address already in use")
    assert "Choose another --tls-port" in done.stderr


def test_a_folder_that_cannot_be_written_to_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    done = run("serve", "--port", "0", "--tls-port", "0", "--tls-folder", str(tmp_path / "file" / "tls"))
    assert (done.returncode, "Traceback" in done.stderr) == (2, False)
    assert "--tls-folder" in done.stderr

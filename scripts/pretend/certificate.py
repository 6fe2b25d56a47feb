"""A self-signed certificate for one run of the pretend camera, as cameras make for themselves; by the openssl command.

Returns certificate and key, both in PEM, one behind the other. Nothing stays on disk.
"""
import ipaddress
import subprocess


class CertificateError(Exception):
    """A sentence for whoever started the pretend camera."""


def self_signed(host):
    """`host`: the address or name that the certificate names. Raises CertificateError."""
    names = f"subjectAltName={'IP' if _is_address(host) else 'DNS'}:{host}"
    command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "30",
               "-subj", "/O=Pretend/CN=camera", "-addext", names, "-keyout", "-", "-out", "-"]
    try:
        return subprocess.run(command, capture_output=True, check=True, text=True).stdout
    except FileNotFoundError as error:
        raise CertificateError("openssl is not installed: apt-get install -y openssl") from error
    except subprocess.CalledProcessError as error:
        raise CertificateError(f"openssl makes no certificate: {error.stderr.strip().splitlines()[-1]}") from error


def _is_address(host):
    try:
        return bool(ipaddress.ip_address(host))
    except ValueError:
        return False

"""The pretend camera's web server: ONVIF's services by SOAP, and a snapshot of each stream.

Each service answers only at the address that GetServices and GetCapabilities name, and each pull point at its own.
"""
import socket
import ssl
import sys
import tempfile
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from .onvif_device import PATHS
from .onvif_events import SUBSCRIPTION_PATH, action_header
from .rtsp import PortError
from .sign_in import Challenge
from .soap import PREFIXES, Fault, Request, element, envelope

MOST_BYTES = 1 << 20
IDLE_SECONDS = 30
SOAP_TYPE = "application/soap+xml; charset=utf-8"


class OnvifServer:
    """`services`: the services by the prefix of their namespace. `certificate_and_key` in PEM makes it https."""

    def __init__(self, services, streams, sign_in, certificate_and_key=None):
        self.services = {PATHS[prefix]: service for prefix, service in services.items()}
        self.events = services["tev"]
        self.snapshots = {f"/snapshot/{stream.token}.jpg": stream for stream in streams}
        self.sign_in = sign_in
        self.scheme = "https" if certificate_and_key else "http"
        self._certificate_and_key = certificate_and_key

    def listen(self, host, port):
        """Returns the port. Raises PortError."""
        handler = type("Handler", (_Handler,), {"camera": self})
        try:
            server = _Server(host, port, handler)
        except OSError as error:
            raise PortError(f"Port {port} of {host} cannot be opened for ONVIF: {error.strerror}. "
                            "Choose another with --onvif or --listen.") from error
        if self._certificate_and_key:
            context = _tls_context(self._certificate_and_key)
            # The handshake is for the client's own thread: one that never sends a byte must not keep the others waiting.
            server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        return server.server_address[1]

    def answer(self, request, path):
        """The operation's answer as header and body. Raises Fault."""
        if path.startswith(SUBSCRIPTION_PATH):
            operation = self.events.subscription_operations.get(request.name)
            prefix = "wsnt" if request.name in ("Renew", "Unsubscribe") else "tev"
            content = operation(request, self.events.subscription(path)) if operation else None
        else:
            service = self.services[path]
            operation, prefix = service.operations.get(request.name), service.prefix
            if request.namespace != PREFIXES[prefix]:
                raise Fault("Sender", ["ter:UnknownAction"], "Unknown Action", f"{request.namespace} is not answered here.")
            content = operation(request) if operation else None
        if content is None:
            raise Fault("Receiver", ["ter:ActionNotSupported"], "Optional Action Not Implemented", request.name)
        header = action_header(request) if prefix in ("tev", "wsnt") else ()
        return header, element(f"{prefix}:{request.name}Response", *content)


class _Server(ThreadingHTTPServer):
    def __init__(self, host, port, handler):
        self.address_family = socket.AF_INET6 if ":" in host else socket.AF_INET
        super().__init__((host, port), handler)

    def handle_error(self, request, client_address):
        """A client that goes away in the middle, or does not like the certificate, is nothing to write about."""
        if not isinstance(sys.exc_info()[1], OSError):
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version = "pretend-camera"
    timeout = IDLE_SECONDS
    camera: OnvifServer

    def do_POST(self):
        length = self.headers.get("Content-Length", "")
        if not length.isdecimal() or int(length) > MOST_BYTES:
            self.close_connection = True
            return self._send(411 if not length.isdecimal() else 413, "text/plain", b"")
        data = self.rfile.read(int(length))
        if self.path not in self.camera.services and not self.path.startswith(SUBSCRIPTION_PATH):
            return self._send(404, "text/plain", b"")
        try:
            request = Request(data, self._site())
            self.camera.sign_in.check_request(request, "POST", self.path, self.headers.get("Authorization"))
            header, body = self.camera.answer(request, self.path)
            self._send(200, SOAP_TYPE, envelope(body, header))
        except Challenge as challenge:
            self._send(401, "text/plain", b"", challenge=str(challenge))
        except Fault as fault:
            self._send(fault.http_status, SOAP_TYPE, envelope(fault.xml()))

    def do_GET(self):
        stream = self.camera.snapshots.get(self.path)
        if stream is None:
            return self._send(404, "text/plain", b"")
        try:
            self.camera.sign_in.check_http("GET", self.path, self.headers.get("Authorization"))
            self._send(200, "image/jpeg", stream.snapshot())
        except Challenge as challenge:
            self._send(401, "text/plain", b"", challenge=str(challenge))

    def _site(self):
        """Of all the camera's addresses the one that this client has reached."""
        host, port = self.connection.getsockname()[:2]
        return f"{self.camera.scheme}://{f'[{host}]' if ':' in host else host}:{port}"

    def _send(self, status, content_type, data, challenge=None):
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(data)))
        if challenge:
            self.send_header("WWW-Authenticate", challenge)
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_arguments):
        """Standard output is for events, and nobody reads a log."""


def _tls_context(certificate_and_key):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with tempfile.NamedTemporaryFile("w", suffix=".pem") as file:
        file.write(certificate_and_key)
        file.flush()
        context.load_cert_chain(file.name)
    return context

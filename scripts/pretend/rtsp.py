"""The RTSP side, by GStreamer's RTSP server: one media for each client, fed from one of the camera's live pictures.

UDP and TCP, plain or in TLS; with a user set, digest authentication and nothing weaker, or basic for cameras that know no better.
"""
import functools
import operator

import gi

gi.require_version("GstRtspServer", "1.0")
gi.require_version("GstRtsp", "1.0")
from gi.repository import Gio, GstRtsp, GstRtspServer  # noqa: E402

from .live import Viewer  # noqa: E402

ROLE = "viewer"
SOURCE = "appsrc name={} is-live=true format=time max-bytes=0 caps={}"
TRANSPORTS = {"tcp": GstRtsp.RTSPLowerTrans.TCP, "udp": GstRtsp.RTSPLowerTrans.UDP}


class PortError(Exception):
    """A sentence for whoever started the pretend camera."""


class RtspServer:
    """`report(event, **details)` hears of clients. `transports`: names of TRANSPORTS."""

    def __init__(self, report, transports, begins_anywhere):
        self._report = report
        self._transports = functools.reduce(operator.or_, (TRANSPORTS[name] for name in transports))
        self._begins_anywhere = begins_anywhere
        self._server = GstRtspServer.RTSPServer()
        self._server.connect("client-connected", self._client_connected)

    def serve(self, path, live):
        """Shows `live` at `path`."""
        factory = GstRtspServer.RTSPMediaFactory()
        factory.set_launch(_pipeline(live.clip))
        factory.set_protocols(self._transports)
        factory.connect("media-configure", self._media_configured, live)
        permissions = GstRtspServer.RTSPPermissions()
        for permission in ("media.factory.access", "media.factory.construct"):
            permissions.add_permission_for_role(ROLE, permission, True)
        factory.set_permissions(permissions)
        self._server.get_mount_points().add_factory(path, factory)

    def protect(self, user, password, basic, certificate_and_key):
        """Asks for `user`, unless None, and speaks TLS with a certificate in PEM, unless None."""
        token = GstRtspServer.RTSPToken()
        token.set_string("media.factory.role", ROLE)
        auth = GstRtspServer.RTSPAuth()
        if certificate_and_key:
            auth.set_tls_certificate(Gio.TlsCertificate.new_from_pem(certificate_and_key, -1))
        if user is None:
            auth.set_default_token(token)
        elif basic:
            auth.set_supported_methods(GstRtsp.RTSPAuthMethod.BASIC)
            auth.add_basic(GstRtspServer.RTSPAuth.make_basic(user, password), token)
        else:
            auth.set_supported_methods(GstRtsp.RTSPAuthMethod.DIGEST)
            auth.add_digest(user, password, token)
        self._server.set_auth(auth)

    def listen(self, host, port):
        """Returns the port. Raises PortError."""
        self._server.set_address(host)
        self._server.set_service(str(port))
        if not self._server.attach(None):
            raise PortError(f"Port {port} of {host} cannot be opened: another program uses it, or this machine has no such address. "
                            "Choose another with --port or --listen.")
        return self._server.get_bound_port()

    def _client_connected(self, _server, client):
        address = client.get_connection().get_ip()
        self._report("client-connected", address=address)
        client.connect("closed", lambda _client: self._report("client-left", address=address))

    def _media_configured(self, _factory, media, live):
        element = media.get_element()
        viewer = Viewer(element.get_by_name("video"), element.get_by_name("audio"), self._begins_anywhere)
        live.add(viewer)
        media.connect("unprepared", lambda _media: live.remove(viewer))


def _pipeline(clip):
    video = f"{SOURCE.format('video', clip.codec.caps)} ! {clip.codec.payloader} name=pay0 pt=96 config-interval=0"
    if not clip.sound:
        return f"( {video} )"
    caps = f"{clip.sound.caps},rate={clip.sound.rate},channels=1"
    return f"( {video} {SOURCE.format('audio', caps)} ! {clip.sound.payloader} name=pay1 )"

"""WS-Discovery as ONVIF cameras do it (April 2005): Hello at the start, Bye at the end, an answer to each Probe that fits.

One interface only, the one with the given address: a socket on the group and one on the address itself, for unicast probes and all
that the camera sends. Several cameras may share the interface.
"""
import io
import socket
import struct
import threading
import time
import uuid
from urllib.parse import urlsplit
from xml.etree import ElementTree

from .rtsp import PortError
from .soap import ENVELOPE, element

GROUP, PORT = "239.255.255.250", 3702
DISCOVERY = "http://schemas.xmlsoap.org/ws/2005/04/discovery"
ADDRESSING = "http://schemas.xmlsoap.org/ws/2004/08/addressing"
NETWORK = "http://www.onvif.org/ver10/network/wsdl"
DEVICE = "http://www.onvif.org/ver10/device/wsdl"
TYPES = {f"{{{NETWORK}}}NetworkVideoTransmitter", f"{{{DEVICE}}}Device"}
ANONYMOUS = f"{ADDRESSING}/role/anonymous"
EVERYBODY = "urn:schemas-xmlsoap-org:ws:2005:04:discovery"
# Of <linux/in.h>; Python has no name for it.
IP_MULTICAST_ALL = 49


class Discovery:
    """`address`: an IPv4 address of this machine. `xaddr`: where the device service is. Raises PortError."""

    def __init__(self, identity, xaddr, address):
        self._identity = identity
        self._xaddr = xaddr
        self._instance = int(time.time())
        self._sent = 0
        try:
            self._unicast = _socket(address)
            self._unicast.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton(address))
            group = _socket(GROUP)
            # Without this a socket on the group hears what any program on this machine has joined, on whatever interface.
            group.setsockopt(socket.IPPROTO_IP, IP_MULTICAST_ALL, 0)
            membership = struct.pack("4s4s", socket.inet_aton(GROUP), socket.inet_aton(address))
            group.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, membership)
        except OSError as error:
            raise PortError(f"WS-Discovery cannot start on {address}: {error.strerror}. "
                            "Give an IPv4 address of this machine to --discovery.") from error
        self._announce("Hello", self._description())
        for source in (self._unicast, group):
            threading.Thread(target=self._serve, args=(source,), daemon=True).start()

    def close(self):
        self._announce("Bye", [self._endpoint()])

    def _serve(self, source):
        while True:
            data, sender = source.recvfrom(65536)
            message_id = _probe_that_fits(data, self._identity.scopes())
            if message_id is not None:
                match = element("d:ProbeMatch", *self._description())
                self._send("ProbeMatches", ANONYMOUS, element("d:ProbeMatches", match), sender, message_id)

    def _announce(self, kind, content):
        self._send(kind, EVERYBODY, element(f"d:{kind}", *content), (GROUP, PORT))

    def _send(self, kind, to, body, receiver, relates_to=None):
        self._sent += 1
        header = element(
            "env:Header",
            element("wsa:Action", f"{DISCOVERY}/{kind}"),
            element("wsa:MessageID", f"urn:uuid:{uuid.uuid4()}"),
            *([element("wsa:RelatesTo", relates_to)] if relates_to else []),
            element("wsa:To", to),
            element("d:AppSequence", {"InstanceId": self._instance, "MessageNumber": self._sent}),
        )
        namespaces = {"env": ENVELOPE, "wsa": ADDRESSING, "d": DISCOVERY, "dn": NETWORK, "tds": DEVICE}
        declared = {f"xmlns:{prefix}": namespace for prefix, namespace in namespaces.items()}
        message = element("env:Envelope", declared, header, element("env:Body", body))
        try:
            self._unicast.sendto(f'<?xml version="1.0" encoding="UTF-8"?>\n{message}'.encode(), receiver)
        except OSError:
            # The network is away, or the prober is gone: as with any datagram, nobody hears it.
            pass

    def _description(self):
        return [
            self._endpoint(),
            element("d:Types", "dn:NetworkVideoTransmitter tds:Device"),
            element("d:Scopes", " ".join(self._identity.scopes())),
            element("d:XAddrs", self._xaddr),
            element("d:MetadataVersion", 1),
        ]

    def _endpoint(self):
        return element("wsa:EndpointReference", element("wsa:Address", self._identity.urn))


def _socket(address):
    found = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    found.bind((address, PORT))
    return found


def _probe_that_fits(data, scopes):
    """The probe's message id, or None when it is no probe or asks for something else."""
    prefixes = {}
    try:
        for event, value in ElementTree.iterparse(io.BytesIO(data), events=("start-ns", "end")):
            if event == "start-ns":
                prefixes[value[0]] = value[1]
            root = value
    except ElementTree.ParseError:
        return None
    probe = root.find(f"{{{ENVELOPE}}}Body/{{{DISCOVERY}}}Probe")
    message_id = root.findtext(f"{{{ENVELOPE}}}Header/{{{ADDRESSING}}}MessageID")
    if probe is None or not message_id:
        return None
    types = probe.findtext(f"{{{DISCOVERY}}}Types", "").split()
    wanted = probe.findtext(f"{{{DISCOVERY}}}Scopes", "").split()
    fits = all(_qualified(name, prefixes) in TYPES for name in types) and all(
        any(_is_within(scope, prefix) for scope in scopes) for prefix in wanted)
    return message_id.strip() if fits else None


def _qualified(name, prefixes):
    prefix, _, local = name.rpartition(":")
    return f"{{{prefixes.get(prefix, '')}}}{local}"


def _is_within(scope, prefix):
    """The rule that holds when a probe names none: same scheme and host, and whole segments of the path."""
    one, other = urlsplit(scope), urlsplit(prefix)
    inner, outer = one.path.strip("/").split("/"), [part for part in other.path.strip("/").split("/") if part]
    return (one.scheme, one.netloc.lower()) == (other.scheme, other.netloc.lower()) and inner[:len(outer)] == outer

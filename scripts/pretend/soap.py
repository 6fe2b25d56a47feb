"""SOAP 1.2 as ONVIF uses it: requests read, answers and faults written.

Elements are written as `element("tt:Name", {"token": "main"}, child, "text")`: text is escaped, other elements are kept as they are.
Element names carry the prefixes of PREFIXES, which every envelope declares.
"""
from xml.etree import ElementTree
from xml.sax.saxutils import escape, quoteattr

ENVELOPE = "http://www.w3.org/2003/05/soap-envelope"
ADDRESSING = "http://www.w3.org/2005/08/addressing"
PREFIXES = {
    "env": ENVELOPE,
    "ter": "http://www.onvif.org/ver10/error",
    "tds": "http://www.onvif.org/ver10/device/wsdl",
    "trt": "http://www.onvif.org/ver10/media/wsdl",
    "tr2": "http://www.onvif.org/ver20/media/wsdl",
    "tev": "http://www.onvif.org/ver10/events/wsdl",
    "tt": "http://www.onvif.org/ver10/schema",
    "tns1": "http://www.onvif.org/ver10/topics",
    "wsa": ADDRESSING,
    "wsnt": "http://docs.oasis-open.org/wsn/b-2",
    "wstop": "http://docs.oasis-open.org/wsn/t-1",
    "wsrf": "http://docs.oasis-open.org/wsrf/rw-2",
    "xs": "http://www.w3.org/2001/XMLSchema",
}


class Xml(str):
    """Text that is XML already."""


def element(name, *content):
    attributes = ""
    if content and isinstance(content[0], dict):
        attributes = "".join(f" {key}={quoteattr(text(value))}" for key, value in content[0].items())
        content = content[1:]
    inner = "".join(part if isinstance(part, Xml) else escape(text(part)) for part in content)
    return Xml(f"<{name}{attributes}>{inner}</{name}>" if inner else f"<{name}{attributes}/>")


def text(value):
    """As XML Schema writes it."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def envelope(body, header=()):
    declarations = "".join(f' xmlns:{prefix}="{namespace}"' for prefix, namespace in PREFIXES.items())
    parts = ([element("env:Header", *header)] if header else []) + [element("env:Body", body)]
    return f'<?xml version="1.0" encoding="UTF-8"?>\n<env:Envelope{declarations}>{"".join(parts)}</env:Envelope>'.encode()


class Fault(Exception):
    """`code`: Sender or Receiver; `subcodes`: outer to inner, with prefix."""

    def __init__(self, code, subcodes, reason, detail=None):
        super().__init__(reason)
        self.code = code
        self.subcodes = subcodes
        self.reason = reason
        self.detail = detail

    @property
    def http_status(self):
        """SOAP 1.2 part 2, table 20."""
        return 400 if self.code == "Sender" else 500

    def xml(self):
        subcode = ()
        for value in reversed(self.subcodes):
            subcode = (element("env:Subcode", element("env:Value", value), *subcode),)
        code = element("env:Code", element("env:Value", f"env:{self.code}"), *subcode)
        reason = element("env:Reason", element("env:Text", {"xml:lang": "en"}, self.reason))
        detail = [element("env:Detail", element("env:Text", self.detail))] if self.detail else []
        return element("env:Fault", code, reason, *detail)


class Request:
    """`operation` is the first child of the body, `site` the scheme, host and port that the client reached the camera at."""

    def __init__(self, data, site):
        self.site = site
        try:
            root = ElementTree.fromstring(data)
        except ElementTree.ParseError as error:
            raise Fault("Sender", ["ter:WellFormed"], "Well-formed Error", str(error)) from error
        if root.tag != f"{{{ENVELOPE}}}Envelope":
            raise Fault("VersionMismatch", [], "SOAP version mismatch")
        body = root.find(f"{{{ENVELOPE}}}Body")
        if body is None or len(body) == 0:
            raise Fault("Sender", ["ter:Tag"], "No Tag", "The body is empty.")
        self.header = root.find(f"{{{ENVELOPE}}}Header")
        self.operation = body[0]
        namespace, _, self.name = self.operation.tag.rpartition("}")
        self.namespace = namespace.lstrip("{")

    def argument(self, path, default=None):
        """Text of a descendant; `path` has local names, as in Configuration/RateControl/BitrateLimit."""
        found = self.operation.find("/".join(f"{{*}}{name}" for name in path.split("/")))
        return default if found is None else (found.text or "").strip()

    def arguments(self, name):
        return [(found.text or "").strip() for found in self.operation.findall(f"{{*}}{name}")]

    @property
    def message_id(self):
        found = None if self.header is None else self.header.find(f"{{{ADDRESSING}}}MessageID")
        return None if found is None else found.text

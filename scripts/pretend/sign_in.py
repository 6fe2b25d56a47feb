"""Who may ask what by ONVIF: WS-Security UsernameToken digests and HTTP digest authentication (ONVIF Core, 5.9).

A token is good within WINDOW_SECONDS of the camera's own clock and once. What ONVIF calls PRE_AUTH needs no sign-in.
"""
import base64
import binascii
import hashlib
import hmac
import os
import re
import time

from .soap import Fault

WINDOW_SECONDS = 300
NONCE_SECONDS = 300
REALM = "pretend camera"
PRE_AUTH = {"GetSystemDateAndTime", "GetServices", "GetServiceCapabilities", "GetCapabilities", "GetHostname"}
WSSE = "{http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd}"
WSU = "{http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd}"


class Challenge(Exception):
    """The client must sign in by HTTP digest: 401 with this as WWW-Authenticate."""


class SignIn:
    """`user` None lets everybody in. `ways`: wsse, digest or both."""

    def __init__(self, user, password, ways, clock):
        self._user = user
        self._password = password
        self._wsse = ways in ("wsse", "both")
        self._digest = ways in ("digest", "both")
        self._clock = clock
        self._used_tokens = {}
        self._secret = os.urandom(16)

    def check_request(self, request, method, path, authorization):
        """Raises Challenge or Fault."""
        if self._user is None or request.name in PRE_AUTH:
            return
        token = None if request.header is None else request.header.find(f"{WSSE}Security/{WSSE}UsernameToken")
        if self._wsse and token is not None:
            if not self._is_good_token(token):
                raise _not_authorized()
        elif self._digest:
            self.check_http(method, path, authorization)
        else:
            raise _not_authorized()

    def check_http(self, method, path, authorization):
        """Raises Challenge."""
        if self._user is None:
            return
        fields = dict((key.lower(), quoted or plain) for key, quoted, plain in
                      re.findall(r'(\w+)=(?:"([^"]*)"|([^\s,]+))', (authorization or "").removeprefix("Digest ")))
        if not self._is_good_digest(fields, method, path):
            raise Challenge(self._challenge())
        if time.time() - int(fields["nonce"].partition("-")[0], 16) > NONCE_SECONDS:
            raise Challenge(self._challenge() + ", stale=true")

    def _challenge(self):
        return f'Digest realm="{REALM}", qop="auth", algorithm=MD5, nonce="{self._nonce(int(time.time()))}"'

    def _nonce(self, at):
        return f"{at:x}-{hmac.new(self._secret, str(at).encode(), 'sha256').hexdigest()[:32]}"

    def _is_good_digest(self, fields, method, path):
        nonce = fields.get("nonce", "")
        at = nonce.partition("-")[0]
        if not re.fullmatch("[0-9a-f]{1,12}", at) or nonce != self._nonce(int(at, 16)) or fields.get("uri") != path:
            return False
        secret = _md5(f"{self._user}:{REALM}:{self._password}")
        parts = [nonce, fields.get("nc", ""), fields.get("cnonce", ""), "auth"] if fields.get("qop") else [nonce]
        expected = _md5(":".join([secret, *parts, _md5(f"{method}:{path}")]))
        return fields.get("username") == self._user and hmac.compare_digest(fields.get("response", ""), expected)

    def _is_good_token(self, token):
        user, password, nonce, created = (token.findtext(name, "") for name in (
            f"{WSSE}Username", f"{WSSE}Password", f"{WSSE}Nonce", f"{WSU}Created"))
        try:
            raw_nonce = base64.b64decode(nonce, validate=True)
        except (binascii.Error, ValueError):
            return False
        seconds = self._clock.seconds_until(created)
        expected = base64.b64encode(hashlib.sha1(raw_nonce + created.encode() + self._password.encode()).digest()).decode()
        is_right = user == self._user and hmac.compare_digest(password.encode(), expected.encode())
        is_fresh = seconds is not None and abs(seconds) <= WINDOW_SECONDS
        return is_right and is_fresh and self._is_first_use((raw_nonce, created))

    def _is_first_use(self, key):
        now = time.monotonic()
        self._used_tokens = {used: at for used, at in self._used_tokens.items() if now - at < 2 * WINDOW_SECONDS}
        if key in self._used_tokens:
            return False
        self._used_tokens[key] = now
        return True


def _md5(value):
    return hashlib.md5(value.encode()).hexdigest()


def _not_authorized():
    return Fault("Sender", ["ter:NotAuthorized"], "Sender not Authorized",
                 "The action requested requires authorization and the sender is not authorized.")

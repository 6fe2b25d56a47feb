"""Who the pretend camera says it is, in GetDeviceInformation, in its scopes and in WS-Discovery."""
import uuid
from dataclasses import dataclass
from urllib.parse import quote

SCOPE = "onvif://www.onvif.org"


@dataclass(frozen=True)
class Identity:
    name: str
    location: str
    # Where it is on the network: the same camera is the same after every start.
    address: str
    manufacturer: str = "Pretend"
    model: str = "Yard 1"
    firmware_version: str = "1.0"
    hardware_id: str = "PC-1"

    @property
    def urn(self):
        return f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_URL, f'{self.address}/{self.name}')}"

    @property
    def serial_number(self):
        return self.urn[-12:].upper()

    def scopes(self):
        return [
            f"{SCOPE}/type/video_encoder",
            f"{SCOPE}/Profile/Streaming",
            f"{SCOPE}/Profile/T",
            f"{SCOPE}/name/{quote(self.name, safe='')}",
            f"{SCOPE}/hardware/{quote(self.model, safe='')}",
            f"{SCOPE}/location/{quote(self.location, safe='')}",
        ]

"""ONVIF's device service: who the camera is, what time it has, which services there are and where."""
import socket

from .soap import PREFIXES, element

PATHS = {
    "tds": "/onvif/device_service",
    "trt": "/onvif/media_service",
    "tr2": "/onvif/media2_service",
    "tev": "/onvif/events_service",
}


class DeviceService:
    """`others`: the services beside this one, by the prefix of their namespace; each has `capabilities()`."""
    prefix = "tds"

    def __init__(self, identity, clock, tls, others):
        self._identity = identity
        self._clock = clock
        self._tls = tls
        self._services = {"tds": self, **others}
        self.operations = {
            "GetSystemDateAndTime": self._system_date_and_time,
            "GetDeviceInformation": self._device_information,
            "GetCapabilities": self._capabilities,
            "GetServices": self._services_answer,
            "GetServiceCapabilities": lambda request: [self.capabilities()],
            "GetScopes": self._scopes,
            "GetNetworkInterfaces": self._network_interfaces,
            "GetHostname": self._hostname,
        }

    def capabilities(self):
        return element(
            "tds:Capabilities",
            element("tds:Network", {"IPFilter": False, "ZeroConfiguration": False, "IPVersion6": False, "DynDNS": False}),
            element("tds:Security", {"TLS1.1": False, "TLS1.2": self._tls, "UsernameToken": True, "HttpDigest": True}),
            element("tds:System", {"DiscoveryResolve": False, "DiscoveryBye": True, "RemoteDiscovery": False,
                                   "SystemBackup": False, "SystemLogging": False}),
        )

    def _system_date_and_time(self, _request):
        now = self._clock.now()
        time = element("tt:Time", element("tt:Hour", now.hour), element("tt:Minute", now.minute), element("tt:Second", now.second))
        date = element("tt:Date", element("tt:Year", now.year), element("tt:Month", now.month), element("tt:Day", now.day))
        return [element(
            "tds:SystemDateAndTime",
            element("tt:DateTimeType", "Manual"),
            element("tt:DaylightSavings", False),
            element("tt:TimeZone", element("tt:TZ", "UTC0")),
            element("tt:UTCDateTime", time, date),
            element("tt:LocalDateTime", time, date),
        )]

    def _device_information(self, _request):
        identity = self._identity
        return [
            element("tds:Manufacturer", identity.manufacturer),
            element("tds:Model", identity.model),
            element("tds:FirmwareVersion", identity.firmware_version),
            element("tds:SerialNumber", identity.serial_number),
            element("tds:HardwareId", identity.hardware_id),
        ]

    def _capabilities(self, request):
        wanted = set(request.arguments("Category")) or {"All"}
        parts = [("Device", self._device_part), ("Events", self._events_part), ("Media", self._media_part)]
        return [element("tds:Capabilities", *(part(request.site) for name, part in parts if wanted & {"All", name}))]

    def _device_part(self, site):
        names = ("DiscoveryResolve", "DiscoveryBye", "RemoteDiscovery", "SystemBackup", "SystemLogging", "FirmwareUpgrade")
        version = element("tt:SupportedVersions", element("tt:Major", 2), element("tt:Minor", 60))
        flags = ("TLS1.1", "TLS1.2", "OnboardKeyGeneration", "AccessPolicyConfig", "X.509Token", "SAMLToken", "KerberosToken",
                 "RELToken")
        return element(
            "tt:Device",
            element("tt:XAddr", site + PATHS["tds"]),
            element("tt:Network", element("tt:IPFilter", False), element("tt:ZeroConfiguration", False),
                    element("tt:IPVersion6", False), element("tt:DynDNS", False)),
            element("tt:System", *(element(f"tt:{name}", name == "DiscoveryBye") for name in names), version),
            element("tt:IO", element("tt:InputConnectors", 0), element("tt:RelayOutputs", 0)),
            element("tt:Security", *(element(f"tt:{flag}", flag == "TLS1.2" and self._tls) for flag in flags)),
        )

    def _events_part(self, site):
        return element(
            "tt:Events",
            element("tt:XAddr", site + PATHS["tev"]),
            element("tt:WSSubscriptionPolicySupport", False),
            element("tt:WSPullPointSupport", True),
            element("tt:WSPausableSubscriptionManagerInterfaceSupport", False),
        )

    def _media_part(self, site):
        streaming = self._services["trt"].streaming_capabilities()
        parts = [element(f"tt:{name}", value) for name, value in streaming.items()]
        return element("tt:Media", element("tt:XAddr", site + PATHS["trt"]), element("tt:StreamingCapabilities", *parts))

    def _services_answer(self, request):
        with_capabilities = request.argument("IncludeCapability") in ("true", "1")
        return [element(
            "tds:Service",
            element("tds:Namespace", PREFIXES[prefix]),
            element("tds:XAddr", request.site + PATHS[prefix]),
            *([element("tds:Capabilities", service.capabilities())] if with_capabilities else []),
            element("tds:Version", element("tt:Major", 2), element("tt:Minor", 60)),
        ) for prefix, service in self._services.items()]

    def _scopes(self, _request):
        return [element("tds:Scopes", element("tt:ScopeDef", "Fixed"), element("tt:ScopeItem", scope))
                for scope in self._identity.scopes()]

    def _network_interfaces(self, request):
        address = request.site.rpartition("://")[2].rpartition(":")[0].strip("[]")
        info = element("tt:Info", element("tt:Name", "eth0"), element("tt:HwAddress", _hardware_address(self._identity)),
                       element("tt:MTU", 1500))
        ipv4 = [] if ":" in address else [element("tt:IPv4", element("tt:Enabled", True), element(
            "tt:Config",
            element("tt:Manual", element("tt:Address", address), element("tt:PrefixLength", 24)),
            element("tt:DHCP", False),
        ))]
        return [element("tds:NetworkInterfaces", {"token": "eth0"}, element("tt:Enabled", True), info, *ipv4)]

    def _hostname(self, _request):
        return [element("tds:HostnameInformation", element("tt:FromDHCP", False), element("tt:Name", socket.gethostname()))]


def _hardware_address(identity):
    """Locally administered, so that it is nobody's."""
    return "02:" + ":".join(identity.urn[-10:][start:start + 2] for start in range(0, 10, 2))

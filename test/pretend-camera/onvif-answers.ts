// What a camera with two streams in H.264 and AAC answers by ONVIF's WSDLs (version 24.06 and those before): elements, attributes,
// namespaces and order. Where the independent device servers that were tried differ from the WSDL, the comment says so.

const [DEVICE, MEDIA, MEDIA2, EVENTS] = ['device', 'media', 'media2', 'events'].map(name => `/onvif/${name}_service`);

const dateTime = '(tt:Time(tt:Hour tt:Minute tt:Second) tt:Date(tt:Year tt:Month tt:Day))';
const multicast = 'tt:Multicast(tt:Address(tt:Type tt:IPv4Address) tt:Port tt:TTL tt:AutoStart)';
const resolution = 'tt:Resolution(tt:Width tt:Height)';
const sourceContent = '[token](tt:Name tt:UseCount tt:SourceToken';
const encoder = (name: string) =>
  `${name}[token](tt:Name tt:UseCount tt:Encoding ${resolution} tt:Quality tt:RateControl(tt:FrameRateLimit tt:EncodingInterval tt:BitrateLimit) ` +
  `tt:H264(tt:GovLength tt:H264Profile) ${multicast} tt:SessionTimeout)`;
const profile = (name: string) =>
  `${name}[token fixed](tt:Name tt:VideoSourceConfiguration${sourceContent} tt:Bounds[x y width height]) tt:AudioSourceConfiguration${sourceContent}) ` +
  `${encoder('tt:VideoEncoderConfiguration')} tt:AudioEncoderConfiguration[token](tt:Name tt:UseCount tt:Encoding tt:Bitrate tt:SampleRate ${multicast} tt:SessionTimeout))`;
const mediaUri = 'trt:MediaUri(tt:Uri tt:InvalidAfterConnect tt:InvalidAfterReboot tt:Timeout)';
// One of the servers tried has Quality before RateControl: clients must not count on the order.
const encoder2 = (name: string) =>
  `${name}[token GovLength Profile](tt:Name tt:UseCount tt:Encoding ${resolution} tt:RateControl[ConstantBitRate](tt:FrameRateLimit tt:BitrateLimit) ${multicast} tt:Quality)`;
const profile2 =
  `tr2:Profiles[token fixed](tr2:Name tr2:Configurations(tr2:VideoSource${sourceContent} tt:Bounds[x y width height]) tr2:AudioSource${sourceContent}) ` +
  `${encoder2('tr2:VideoEncoder')} tr2:AudioEncoder[token](tt:Name tt:UseCount tt:Encoding ${multicast} tt:Bitrate tt:SampleRate)))`;
const deviceCapabilities =
  'tds:Capabilities(tds:Network[IPFilter ZeroConfiguration IPVersion6 DynDNS] tds:Security[TLS1.1 TLS1.2 UsernameToken HttpDigest] ' +
  'tds:System[DiscoveryResolve DiscoveryBye RemoteDiscovery SystemBackup SystemLogging])';
const mediaCapabilities =
  'trt:Capabilities[SnapshotUri Rotation VideoSourceMode OSD](trt:ProfileCapabilities[MaximumNumberOfProfiles] trt:StreamingCapabilities[RTPMulticast RTP_TCP RTP_RTSP_TCP])';
const media2Capabilities =
  'tr2:Capabilities[SnapshotUri Rotation VideoSourceMode OSD Mask](tr2:ProfileCapabilities[MaximumNumberOfProfiles ConfigurationsSupported] ' +
  'tr2:StreamingCapabilities[RTSPStreaming RTPMulticast RTP_RTSP_TCP SecureRTSPStreaming])';
const eventCapabilities =
  'tev:Capabilities[WSSubscriptionPolicySupport WSPausableSubscriptionManagerInterfaceSupport MaxNotificationProducers MaxPullPoints]';
const mediaPart = 'tt:Media(tt:XAddr tt:StreamingCapabilities(tt:RTPMulticast tt:RTP_TCP tt:RTP_RTSP_TCP))';
const service = (capabilities = '') =>
  `tds:Service(tds:Namespace tds:XAddr ${capabilities}tds:Version(tt:Major tt:Minor))`;
const stream =
  '<trt:StreamSetup><tt:Stream>RTP-Unicast</tt:Stream><tt:Transport><tt:Protocol>RTSP</tt:Protocol></tt:Transport></trt:StreamSetup>';

/** The event service names the action in the header, as WS-Addressing wants. */
export const withAction = (body: string) => `s:Header(wsa:Action) s:Body(${body})`;
const withBody = (body: string) => `s:Body(${body})`;

/** Path of the service, body of the request, outline of the answer. */
export const answers: [path: string | undefined, request: string, outline: string][] = [
  [
    DEVICE,
    '<tds:GetSystemDateAndTime/>',
    withBody(
      `tds:GetSystemDateAndTimeResponse(tds:SystemDateAndTime(tt:DateTimeType tt:DaylightSavings tt:TimeZone(tt:TZ) tt:UTCDateTime${dateTime} tt:LocalDateTime${dateTime}))`,
    ),
  ],
  [
    DEVICE,
    '<tds:GetDeviceInformation/>',
    withBody(
      'tds:GetDeviceInformationResponse(tds:Manufacturer tds:Model tds:FirmwareVersion tds:SerialNumber tds:HardwareId)',
    ),
  ],
  // One of the servers tried puts everything inside of an answer into the namespace of the service: clients go by local names.
  [
    DEVICE,
    '<tds:GetCapabilities><tds:Category>All</tds:Category></tds:GetCapabilities>',
    withBody(
      'tds:GetCapabilitiesResponse(tds:Capabilities(' +
        'tt:Device(tt:XAddr tt:Network(tt:IPFilter tt:ZeroConfiguration tt:IPVersion6 tt:DynDNS) ' +
        'tt:System(tt:DiscoveryResolve tt:DiscoveryBye tt:RemoteDiscovery tt:SystemBackup tt:SystemLogging tt:FirmwareUpgrade tt:SupportedVersions(tt:Major tt:Minor)) ' +
        'tt:IO(tt:InputConnectors tt:RelayOutputs) ' +
        'tt:Security(tt:TLS1.1 tt:TLS1.2 tt:OnboardKeyGeneration tt:AccessPolicyConfig tt:X.509Token tt:SAMLToken tt:KerberosToken tt:RELToken)) ' +
        'tt:Events(tt:XAddr tt:WSSubscriptionPolicySupport tt:WSPullPointSupport tt:WSPausableSubscriptionManagerInterfaceSupport) ' +
        `${mediaPart}))`,
    ),
  ],
  [
    DEVICE,
    '<tds:GetCapabilities><tds:Category>Media</tds:Category></tds:GetCapabilities>',
    withBody(`tds:GetCapabilitiesResponse(tds:Capabilities(${mediaPart}))`),
  ],
  [
    DEVICE,
    '<tds:GetServices><tds:IncludeCapability>false</tds:IncludeCapability></tds:GetServices>',
    withBody(`tds:GetServicesResponse(${Array(4).fill(service()).join(' ')})`),
  ],
  [
    DEVICE,
    '<tds:GetServices><tds:IncludeCapability>true</tds:IncludeCapability></tds:GetServices>',
    withBody(
      `tds:GetServicesResponse(${[deviceCapabilities, mediaCapabilities, media2Capabilities, eventCapabilities]
        .map(capabilities => service(`tds:Capabilities(${capabilities}) `))
        .join(' ')})`,
    ),
  ],
  [DEVICE, '<tds:GetServiceCapabilities/>', withBody(`tds:GetServiceCapabilitiesResponse(${deviceCapabilities})`)],
  [
    DEVICE,
    '<tds:GetScopes/>',
    withBody(`tds:GetScopesResponse(${Array(6).fill('tds:Scopes(tt:ScopeDef tt:ScopeItem)').join(' ')})`),
  ],
  [
    DEVICE,
    '<tds:GetNetworkInterfaces/>',
    withBody(
      'tds:GetNetworkInterfacesResponse(tds:NetworkInterfaces[token](tt:Enabled tt:Info(tt:Name tt:HwAddress tt:MTU) ' +
        'tt:IPv4(tt:Enabled tt:Config(tt:Manual(tt:Address tt:PrefixLength) tt:DHCP))))',
    ),
  ],
  [DEVICE, '<tds:GetHostname/>', withBody('tds:GetHostnameResponse(tds:HostnameInformation(tt:FromDHCP tt:Name))')],

  [MEDIA, '<trt:GetServiceCapabilities/>', withBody(`trt:GetServiceCapabilitiesResponse(${mediaCapabilities})`)],
  [
    MEDIA,
    '<trt:GetProfiles/>',
    withBody(`trt:GetProfilesResponse(${profile('trt:Profiles')} ${profile('trt:Profiles')})`),
  ],
  [
    MEDIA,
    '<trt:GetProfile><trt:ProfileToken>sub</trt:ProfileToken></trt:GetProfile>',
    withBody(`trt:GetProfileResponse(${profile('trt:Profile')})`),
  ],
  [
    MEDIA,
    '<trt:GetVideoSources/>',
    withBody(`trt:GetVideoSourcesResponse(trt:VideoSources[token](tt:Framerate ${resolution}))`),
  ],
  [
    MEDIA,
    '<trt:GetVideoEncoderConfigurations/>',
    withBody(
      `trt:GetVideoEncoderConfigurationsResponse(${encoder('trt:Configurations')} ${encoder('trt:Configurations')})`,
    ),
  ],
  [
    MEDIA,
    '<trt:GetVideoEncoderConfiguration><trt:ConfigurationToken>main-encoder</trt:ConfigurationToken></trt:GetVideoEncoderConfiguration>',
    withBody(`trt:GetVideoEncoderConfigurationResponse(${encoder('trt:Configuration')})`),
  ],
  [
    MEDIA,
    '<trt:GetVideoEncoderConfigurationOptions><trt:ProfileToken>main</trt:ProfileToken></trt:GetVideoEncoderConfigurationOptions>',
    withBody(
      'trt:GetVideoEncoderConfigurationOptionsResponse(trt:Options(tt:QualityRange(tt:Min tt:Max) tt:H264(tt:ResolutionsAvailable(tt:Width tt:Height) ' +
        'tt:GovLengthRange(tt:Min tt:Max) tt:FrameRateRange(tt:Min tt:Max) tt:EncodingIntervalRange(tt:Min tt:Max) tt:H264ProfilesSupported)))',
    ),
  ],
  [
    MEDIA,
    `<trt:GetStreamUri>${stream}<trt:ProfileToken>main</trt:ProfileToken></trt:GetStreamUri>`,
    withBody(`trt:GetStreamUriResponse(${mediaUri})`),
  ],
  [
    MEDIA,
    '<trt:GetSnapshotUri><trt:ProfileToken>main</trt:ProfileToken></trt:GetSnapshotUri>',
    withBody(`trt:GetSnapshotUriResponse(${mediaUri})`),
  ],

  [MEDIA2, '<tr2:GetServiceCapabilities/>', withBody(`tr2:GetServiceCapabilitiesResponse(${media2Capabilities})`)],
  // Without a type a profile is told by its name alone.
  [
    MEDIA2,
    '<tr2:GetProfiles/>',
    withBody('tr2:GetProfilesResponse(tr2:Profiles[token fixed](tr2:Name) tr2:Profiles[token fixed](tr2:Name))'),
  ],
  [
    MEDIA2,
    '<tr2:GetProfiles><tr2:Token>main</tr2:Token><tr2:Type>All</tr2:Type></tr2:GetProfiles>',
    withBody(`tr2:GetProfilesResponse(${profile2})`),
  ],
  [
    MEDIA2,
    '<tr2:GetProfiles><tr2:Token>main</tr2:Token><tr2:Type>VideoEncoder</tr2:Type></tr2:GetProfiles>',
    withBody(
      `tr2:GetProfilesResponse(tr2:Profiles[token fixed](tr2:Name tr2:Configurations(${encoder2('tr2:VideoEncoder')})))`,
    ),
  ],
  [
    MEDIA2,
    '<tr2:GetVideoEncoderConfigurations><tr2:ProfileToken>main</tr2:ProfileToken></tr2:GetVideoEncoderConfigurations>',
    withBody(`tr2:GetVideoEncoderConfigurationsResponse(${encoder2('tr2:Configurations')})`),
  ],
  [
    MEDIA2,
    '<tr2:GetVideoEncoderConfigurationOptions/>',
    withBody(
      'tr2:GetVideoEncoderConfigurationOptionsResponse(tr2:Options[GovLengthRange FrameRatesSupported ProfilesSupported ConstantBitRateSupported]' +
        '(tt:Encoding tt:QualityRange(tt:Min tt:Max) tt:ResolutionsAvailable(tt:Width tt:Height) tt:BitrateRange(tt:Min tt:Max)))',
    ),
  ],
  [
    MEDIA2,
    '<tr2:GetStreamUri><tr2:Protocol>RtspUnicast</tr2:Protocol><tr2:ProfileToken>main</tr2:ProfileToken></tr2:GetStreamUri>',
    withBody('tr2:GetStreamUriResponse(tr2:Uri)'),
  ],
  [
    MEDIA2,
    '<tr2:GetSnapshotUri><tr2:ProfileToken>main</tr2:ProfileToken></tr2:GetSnapshotUri>',
    withBody('tr2:GetSnapshotUriResponse(tr2:Uri)'),
  ],

  [EVENTS, '<tev:GetServiceCapabilities/>', withAction(`tev:GetServiceCapabilitiesResponse(${eventCapabilities})`)],
  [
    EVENTS,
    '<tev:CreatePullPointSubscription><tev:InitialTerminationTime>PT60S</tev:InitialTerminationTime></tev:CreatePullPointSubscription>',
    withAction(
      'tev:CreatePullPointSubscriptionResponse(tev:SubscriptionReference(wsa:Address) wsnt:CurrentTime wsnt:TerminationTime)',
    ),
  ],
];

/** Path of the service, body of the request, HTTP status, codes of the fault from outside in. */
export const faults: [path: string | undefined, request: string, status: number, codes: string[]][] = [
  [DEVICE, '<tds:GetNoSuchThing/>', 500, ['env:Receiver', 'ter:ActionNotSupported']],
  [DEVICE, '<x:GetDeviceInformation xmlns:x="urn:nobody"/>', 400, ['env:Sender', 'ter:UnknownAction']],
  // Each service answers for itself: a client that asks the device service for profiles has not read GetServices.
  [DEVICE, '<trt:GetProfiles/>', 400, ['env:Sender', 'ter:UnknownAction']],
  [DEVICE, '<tds:GetScopes>', 400, ['env:Sender', 'ter:WellFormed']],
  [DEVICE, '', 400, ['env:Sender', 'ter:Tag']],
  [
    MEDIA,
    '<trt:GetProfile><trt:ProfileToken>no-such</trt:ProfileToken></trt:GetProfile>',
    400,
    ['env:Sender', 'ter:InvalidArgVal', 'ter:NoProfile'],
  ],
  [
    MEDIA,
    `<trt:GetStreamUri>${stream}<trt:ProfileToken>no-such</trt:ProfileToken></trt:GetStreamUri>`,
    400,
    ['env:Sender', 'ter:InvalidArgVal', 'ter:NoProfile'],
  ],
  [
    MEDIA,
    '<trt:GetVideoEncoderConfiguration><trt:ConfigurationToken>no-such</trt:ConfigurationToken></trt:GetVideoEncoderConfiguration>',
    400,
    ['env:Sender', 'ter:InvalidArgVal', 'ter:NoConfig'],
  ],
  [
    MEDIA2,
    '<tr2:GetStreamUri><tr2:Protocol>RtspMulticast</tr2:Protocol><tr2:ProfileToken>main</tr2:ProfileToken></tr2:GetStreamUri>',
    400,
    ['env:Sender', 'ter:InvalidArgVal', 'ter:InvalidStreamSetup'],
  ],
  ['/onvif/subscription/99', '<tev:PullMessages/>', 500, ['env:Receiver', 'wsrf:ResourceUnknownFault']],
  [
    EVENTS,
    '<tev:CreatePullPointSubscription><tev:InitialTerminationTime>P1D</tev:InitialTerminationTime></tev:CreatePullPointSubscription>',
    400,
    ['env:Sender', 'wsnt:UnacceptableInitialTerminationTimeFault'],
  ],
];

// Answers of a device, written after the ONVIF specifications and schemas.

const namespaces = [
  'xmlns:env="http://www.w3.org/2003/05/soap-envelope"',
  'xmlns:tds="http://www.onvif.org/ver10/device/wsdl"',
  'xmlns:trt="http://www.onvif.org/ver10/media/wsdl"',
  'xmlns:tr2="http://www.onvif.org/ver20/media/wsdl"',
  'xmlns:tev="http://www.onvif.org/ver10/events/wsdl"',
  'xmlns:tt="http://www.onvif.org/ver10/schema"',
  'xmlns:ter="http://www.onvif.org/ver10/error"',
  'xmlns:wsnt="http://docs.oasis-open.org/wsn/b-2"',
  'xmlns:wsa5="http://www.w3.org/2005/08/addressing"',
  'xmlns:tns1="http://www.onvif.org/ver10/topics"',
].join(' ');

export function soap(body: string): string {
  return `<?xml version="1.0" encoding="UTF-8"?>\n<env:Envelope ${namespaces}><env:Body>${body}</env:Body></env:Envelope>`;
}

export function fault(subcode: string, reason = 'It did not work'): string {
  return soap(
    `<env:Fault><env:Code><env:Value>env:Sender</env:Value><env:Subcode><env:Value>${subcode}</env:Value></env:Subcode></env:Code>` +
      `<env:Reason><env:Text xml:lang="en">${reason}</env:Text></env:Reason></env:Fault>`,
  );
}

export function fault11(code: string, reason: string): string {
  const namespace = 'http://schemas.xmlsoap.org/soap/envelope/';
  return `<SOAP-ENV:Envelope xmlns:SOAP-ENV="${namespace}"><SOAP-ENV:Body><SOAP-ENV:Fault><faultcode>${code}</faultcode><faultstring>${reason}</faultstring></SOAP-ENV:Fault></SOAP-ENV:Body></SOAP-ENV:Envelope>`;
}

export const information = soap(
  '<tds:GetDeviceInformationResponse><tds:Manufacturer>Acme &amp; Sons</tds:Manufacturer><tds:Model>Dome 4K</tds:Model>' +
    '<tds:FirmwareVersion>V5.7.1 build 2026</tds:FirmwareVersion><tds:SerialNumber>A1B2C3</tds:SerialNumber><tds:HardwareId>88</tds:HardwareId></tds:GetDeviceInformationResponse>',
);

function dateTime(ms: number): string {
  const at = new Date(ms);
  return (
    `<tt:Time><tt:Hour>${at.getUTCHours()}</tt:Hour><tt:Minute>${at.getUTCMinutes()}</tt:Minute><tt:Second>${at.getUTCSeconds()}</tt:Second></tt:Time>` +
    `<tt:Date><tt:Year>${at.getUTCFullYear()}</tt:Year><tt:Month>${at.getUTCMonth() + 1}</tt:Month><tt:Day>${at.getUTCDate()}</tt:Day></tt:Date>`
  );
}

export type Shown = { utcMs: number; localMs?: number; timeZone?: string };

export function systemTime({ utcMs, localMs, timeZone = 'UTC0' }: Shown): string {
  const local = localMs === undefined ? '' : `<tt:LocalDateTime>${dateTime(localMs)}</tt:LocalDateTime>`;
  return soap(
    '<tds:GetSystemDateAndTimeResponse><tds:SystemDateAndTime><tt:DateTimeType>NTP</tt:DateTimeType><tt:DaylightSavings>false</tt:DaylightSavings>' +
      `<tt:TimeZone><tt:TZ>${timeZone}</tt:TZ></tt:TimeZone><tt:UTCDateTime>${dateTime(utcMs)}</tt:UTCDateTime>${local}` +
      '</tds:SystemDateAndTime></tds:GetSystemDateAndTimeResponse>',
  );
}

const namespaceOf = {
  device: 'http://www.onvif.org/ver10/device/wsdl',
  media1: 'http://www.onvif.org/ver10/media/wsdl',
  media2: 'http://www.onvif.org/ver20/media/wsdl',
  events: 'http://www.onvif.org/ver10/events/wsdl',
} as const;

export type ServiceList = Partial<Record<keyof typeof namespaceOf, string>>;

export function services(addresses: ServiceList): string {
  const listed = Object.entries(addresses).map(
    ([name, address]) =>
      `<tds:Service><tds:Namespace>${namespaceOf[name as keyof typeof namespaceOf]}</tds:Namespace><tds:XAddr>${address}</tds:XAddr>` +
      '<tds:Version><tt:Major>2</tt:Major><tt:Minor>60</tt:Minor></tds:Version></tds:Service>',
  );
  return soap(`<tds:GetServicesResponse>${listed.join('')}</tds:GetServicesResponse>`);
}

export function capabilities({ media1, events, device }: ServiceList): string {
  const part = (name: string, address: string | undefined) =>
    address === undefined ? '' : `<tt:${name}><tt:XAddr>${address}</tt:XAddr></tt:${name}>`;
  const parts = part('Device', device) + part('Events', events) + part('Media', media1);
  return soap(
    `<tds:GetCapabilitiesResponse><tds:Capabilities>${parts}</tds:Capabilities></tds:GetCapabilitiesResponse>`,
  );
}

export const mainEncoder1 =
  '<tt:Name>main</tt:Name><tt:UseCount>1</tt:UseCount><tt:Encoding>H264</tt:Encoding>' +
  '<tt:Resolution><tt:Width>1920</tt:Width><tt:Height>1080</tt:Height></tt:Resolution><tt:Quality>4.5</tt:Quality>' +
  '<tt:RateControl><tt:FrameRateLimit>25</tt:FrameRateLimit><tt:EncodingInterval>1</tt:EncodingInterval><tt:BitrateLimit>4096</tt:BitrateLimit></tt:RateControl>' +
  '<tt:H264><tt:GovLength>50</tt:GovLength><tt:H264Profile>High</tt:H264Profile></tt:H264>' +
  '<tt:Multicast><tt:Address><tt:Type>IPv4</tt:Type><tt:IPv4Address>0.0.0.0</tt:IPv4Address></tt:Address><tt:Port>0</tt:Port><tt:TTL>1</tt:TTL><tt:AutoStart>false</tt:AutoStart></tt:Multicast>' +
  '<tt:SessionTimeout>PT60S</tt:SessionTimeout>';

const source1 =
  '<tt:VideoSourceConfiguration token="vsc0"><tt:Name>lens</tt:Name><tt:UseCount>2</tt:UseCount><tt:SourceToken>vs0</tt:SourceToken></tt:VideoSourceConfiguration>';

export const profiles1 = soap(
  '<trt:GetProfilesResponse>' +
    `<trt:Profiles token="Profile_1" fixed="true"><tt:Name>mainStream</tt:Name>${source1}` +
    `<tt:VideoEncoderConfiguration token="enc_main">${mainEncoder1}</tt:VideoEncoderConfiguration>` +
    '<tt:AudioEncoderConfiguration token="aud"><tt:Name>a</tt:Name><tt:UseCount>1</tt:UseCount><tt:Encoding>G711</tt:Encoding></tt:AudioEncoderConfiguration></trt:Profiles>' +
    `<trt:Profiles token="Profile_2" fixed="true"><tt:Name>subStream</tt:Name>${source1}` +
    '<tt:VideoEncoderConfiguration token="enc_sub"><tt:Name>sub</tt:Name><tt:UseCount>1</tt:UseCount><tt:Encoding>JPEG</tt:Encoding>' +
    '<tt:Resolution><tt:Width>640</tt:Width><tt:Height>360</tt:Height></tt:Resolution><tt:Quality>3</tt:Quality></tt:VideoEncoderConfiguration></trt:Profiles>' +
    '<trt:Profiles token="Profile_3"><tt:Name>audio only</tt:Name></trt:Profiles>' +
    '</trt:GetProfilesResponse>',
);

export const mainEncoder2 =
  '<tt:Name>main</tt:Name><tt:UseCount>1</tt:UseCount><tt:Encoding>H265</tt:Encoding>' +
  '<tt:Resolution><tt:Width>3840</tt:Width><tt:Height>2160</tt:Height></tt:Resolution>' +
  '<tt:RateControl ConstantBitRate="true"><tt:FrameRateLimit>12.5</tt:FrameRateLimit><tt:BitrateLimit>8192</tt:BitrateLimit></tt:RateControl><tt:Quality>5</tt:Quality>';

export const profiles2 = soap(
  '<tr2:GetProfilesResponse><tr2:Profiles token="T1" fixed="true"><tr2:Name>Haupt–Strom</tr2:Name><tr2:Configurations>' +
    '<tr2:VideoSource token="vsc0"><tt:Name>lens</tt:Name><tt:UseCount>1</tt:UseCount><tt:SourceToken>vs0</tt:SourceToken></tr2:VideoSource>' +
    `<tr2:VideoEncoder token="enc_main" GovLength="40" Profile="Main">${mainEncoder2}</tr2:VideoEncoder>` +
    '<tr2:AudioEncoder token="aud"><tt:Name>a</tt:Name><tt:UseCount>1</tt:UseCount><tt:Encoding>MP4A-LATM</tt:Encoding></tr2:AudioEncoder>' +
    '</tr2:Configurations></tr2:Profiles></tr2:GetProfilesResponse>',
);

export function streamUri1(uri: string): string {
  return soap(
    `<trt:GetStreamUriResponse><trt:MediaUri><tt:Uri>${uri}</tt:Uri><tt:InvalidAfterConnect>false</tt:InvalidAfterConnect>` +
      '<tt:InvalidAfterReboot>false</tt:InvalidAfterReboot><tt:Timeout>PT0S</tt:Timeout></trt:MediaUri></trt:GetStreamUriResponse>',
  );
}

export function streamUri2(uri: string): string {
  return soap(`<tr2:GetStreamUriResponse><tr2:Uri>${uri}</tr2:Uri></tr2:GetStreamUriResponse>`);
}

export function snapshotUri1(uri: string): string {
  return soap(
    `<trt:GetSnapshotUriResponse><trt:MediaUri><tt:Uri>${uri}</tt:Uri></trt:MediaUri></trt:GetSnapshotUriResponse>`,
  );
}

export function encoder1(inside = mainEncoder1): string {
  return soap(
    `<trt:GetVideoEncoderConfigurationResponse><trt:Configuration token="enc_main">${inside}</trt:Configuration></trt:GetVideoEncoderConfigurationResponse>`,
  );
}

export function encoder2(inside = mainEncoder2, attributes = 'GovLength="40" Profile="Main"'): string {
  return soap(
    `<tr2:GetVideoEncoderConfigurationsResponse><tr2:Configurations token="enc_main" ${attributes}>${inside}</tr2:Configurations></tr2:GetVideoEncoderConfigurationsResponse>`,
  );
}

export function pullPoint(address: string, nowMs: number, lifeMs: number): string {
  return soap(
    `<tev:CreatePullPointSubscriptionResponse><tev:SubscriptionReference><wsa5:Address>${address}</wsa5:Address>` +
      '<wsa5:ReferenceParameters><dom0:SubscriptionId xmlns:dom0="http://www.example.org/2009/event">1&amp;7</dom0:SubscriptionId></wsa5:ReferenceParameters></tev:SubscriptionReference>' +
      `<wsnt:CurrentTime>${new Date(nowMs).toISOString()}</wsnt:CurrentTime><wsnt:TerminationTime>${new Date(nowMs + lifeMs).toISOString()}</wsnt:TerminationTime></tev:CreatePullPointSubscriptionResponse>`,
  );
}

export function renewal(nowMs: number, lifeMs: number): string {
  return soap(
    `<wsnt:RenewResponse><wsnt:TerminationTime>${new Date(nowMs + lifeMs).toISOString()}</wsnt:TerminationTime><wsnt:CurrentTime>${new Date(nowMs).toISOString()}</wsnt:CurrentTime></wsnt:RenewResponse>`,
  );
}

export type Notification = { topic: string; atMs: number; data: string; operation?: string };

export function notification({ topic, atMs, data, operation = 'Changed' }: Notification): string {
  return (
    `<wsnt:NotificationMessage><wsnt:Topic Dialect="http://www.onvif.org/ver10/tev/topicExpression/ConcreteSet">${topic}</wsnt:Topic>` +
    `<wsnt:Message><tt:Message UtcTime="${new Date(atMs).toISOString()}" PropertyOperation="${operation}">` +
    '<tt:Source><tt:SimpleItem Name="VideoSourceConfigurationToken" Value="vsc0"/><tt:SimpleItem Name="Rule" Value="MyMotion"/></tt:Source>' +
    `<tt:Data>${data}</tt:Data></tt:Message></wsnt:Message></wsnt:NotificationMessage>`
  );
}

export function messages(nowMs: number, ...notifications: string[]): string {
  const times =
    `<tev:CurrentTime>${new Date(nowMs).toISOString()}</tev:CurrentTime>` +
    `<tev:TerminationTime>${new Date(nowMs + 60_000).toISOString()}</tev:TerminationTime>`;
  return soap(`<tev:PullMessagesResponse>${times}${notifications.join('')}</tev:PullMessagesResponse>`);
}

// The headers that say how media travel and where they begin: Transport, Session, RTP-Info (RFC 2326 12.39, 12.37, 12.33).

/** What the camera's answer to SETUP says of one track. Undefined: it did not say. */
export type AgreedTransport = {
  channels?: [rtp: number, rtcp: number];
  serverPorts?: [rtp: number, rtcp: number];
};

export function readTransport(value: string | undefined): AgreedTransport {
  const channels = pair(value, 'interleaved', 255);
  const serverPorts = pair(value, 'server_port', 65_535);
  return { ...(channels ? { channels } : {}), ...(serverPorts ? { serverPorts } : {}) };
}

/** `name=6970-6971`, or one number, after which comes the next. */
function pair(value: string | undefined, name: string, max: number): [number, number] | undefined {
  const [, first, second] = new RegExp(`${name}\\s*=\\s*(\\d{1,5})(?:-(\\d{1,5}))?`, 'i').exec(value ?? '') ?? [];
  if (first === undefined || Number(first) > max) return undefined;
  return [Number(first), Math.min(max, Number(second ?? Number(first) + 1))];
}

export type SessionHeader = { id: string; timeoutMs: number };

/** RFC 2326 12.37: a minute unless said otherwise. */
const usualTimeoutMs = 60_000;

export function readSession(value: string | undefined): SessionHeader | undefined {
  const [id = '', ...parameters] = (value ?? '').split(';').map(part => part.trim());
  if (id === '') return undefined;
  const seconds = parameters
    .map(part => /^timeout\s*=\s*(\d{1,6})$/i.exec(part)?.[1])
    .find(found => found !== undefined);
  return { id, timeoutMs: seconds === undefined || Number(seconds) === 0 ? usualTimeoutMs : Number(seconds) * 1000 };
}

export type RtpInfo = { url: string; rtpTime?: number };

/** One entry per track, in the camera's order. */
export function readRtpInfo(value: string | undefined): RtpInfo[] {
  return (value ?? '')
    .split(/,\s*(?=url\s*=)/i)
    .map(entry => ({ url: parameter(entry, 'url'), rtpTime: parameter(entry, 'rtptime') }))
    .flatMap(({ url, rtpTime }) => {
      if (url === undefined) return [];
      const ticks = Number(rtpTime ?? Number.NaN);
      return [Number.isInteger(ticks) && ticks >= 0 && ticks < 2 ** 32 ? { url, rtpTime: ticks } : { url }];
    });
}

function parameter(entry: string, name: string): string | undefined {
  return new RegExp(`(?:^|;)\\s*${name}\\s*=\\s*([^;]*)`, 'i').exec(entry)?.[1]?.trim();
}

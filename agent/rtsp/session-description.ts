// What a camera says of its stream (SDP, RFC 8866, as RTSP uses it: RFC 2326 appendix C): which media, in which format,
// and where each is controlled.
import { parse } from 'sdp-transform';
import type { MediaFormat } from '../rtp/media-format.ts';

export type DescribedMedia = {
  /** Undefined for what is neither sound nor picture, and for formats that nothing names. */
  format: MediaFormat | undefined;
  type: string;
  /** Absolute; the address of SETUP. */
  url: string;
};

export type SessionDescription = {
  media: DescribedMedia[];
  /** The address of PLAY. */
  url: string;
};

type Section = ReturnType<typeof parse>['media'][number];

/** Payload types whose meaning is fixed (RFC 3551), as far as cameras use them. */
const fixedFormats: Readonly<Record<number, [encoding: string, clockRate: number]>> = {
  0: ['PCMU', 8000],
  8: ['PCMA', 8000],
  14: ['MPA', 90_000],
  26: ['JPEG', 90_000],
  32: ['MPV', 90_000],
};
const maxMedia = 16;

/**
 * @param text SDP with any line ends
 * @param baseUrl of Content-Base or Content-Location, else of the request
 */
export function readSessionDescription(text: string, baseUrl: string): SessionDescription {
  const session = parse(text);
  const url = controlUrl(controlOf(session), baseUrl);
  const media = session.media.slice(0, maxMedia).map(section => ({
    type: section.type,
    format: formatOf(section),
    url: controlUrl(controlOf(section), url),
  }));
  return { media, url };
}

/** The grammar of the parser has no type for it, but knows it. */
function controlOf(part: object): string {
  return 'control' in part ? String(part.control) : '*';
}

/**
 * RFC 2326 C.1.1. A relative address is put behind the base, query and all, as cameras mean it and players do it: resolving
 * it as web pages do would drop the last part of a path such as `/stream1`.
 */
function controlUrl(control: string, baseUrl: string): string {
  if (control === '*' || control === '') return baseUrl;
  if (/^rtsps?:\/\//i.test(control)) return control;
  return `${baseUrl.replace(/\/$/, '')}/${control.replace(/^\//, '')}`;
}

function formatOf(section: Section): MediaFormat | undefined {
  const { type } = section;
  if (type !== 'video' && type !== 'audio') return undefined;
  const payloadType = Number.parseInt(String(section.payloads ?? ''), 10);
  const map = section.rtp.find(({ payload }) => payload === payloadType);
  const [encoding, clockRate] = map ? [map.codec, map.rate ?? 90_000] : (fixedFormats[payloadType] ?? []);
  if (encoding === undefined || clockRate === undefined || !(clockRate > 0)) return undefined;
  return {
    type,
    payloadType,
    encoding: String(encoding).toUpperCase(),
    clockRate,
    channels: Math.max(1, Number(map?.encoding ?? 1) || 1),
    parameters: parametersOf(section, payloadType),
  };
}

/** `packetization-mode=1; sprop-parameter-sets=Z0…==,aM4=`: values keep their signs of equality, keys lose their case. */
function parametersOf(section: Section, payloadType: number): Map<string, string> {
  const parameters = new Map<string, string>();
  for (const { payload, config } of section.fmtp) {
    if (payload !== payloadType) continue;
    for (const part of String(config).split(';')) {
      const equals = part.indexOf('=');
      if (equals > 0) parameters.set(part.slice(0, equals).trim().toLowerCase(), part.slice(equals + 1).trim());
    }
  }
  // RFC 2435 has no room for pictures larger than 2040; cameras say it beside (as RFC 6064 names it).
  for (const { value } of section.invalid ?? []) {
    const [, dimensions] = /^x-dimensions:(.*)$/.exec(String(value)) ?? [];
    if (dimensions !== undefined) parameters.set('x-dimensions', dimensions.trim());
  }
  return parameters;
}

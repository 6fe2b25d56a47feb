// What session tokens of HLS and DASH open, on streams of good, odd and damaged media: playlists, manifests and segments, their
// addresses followed as a player would and then damaged. An answer is media, a list, or a refusal that is documented.
import { type Media, mediaStartMs, put, storeMedia } from './cloud/media.ts';
import { RunningCloud } from './cloud/running-cloud.ts';
import { mutateBytes } from './mutate-bytes.ts';
import { below, demand, oneOf, type Random, type Target } from './target.ts';

/** Each session is asked this often before another is opened. */
const asksOfSession = 40;
const errors = [
  ...[
    'NotAuthorizedException',
    'ResourceNotFoundException',
    'InvalidArgumentException',
    'ClientLimitExceededException',
  ],
  ...['InvalidCodecPrivateDataException', 'MissingCodecPrivateDataException', 'UnsupportedStreamMediaTypeException'],
  ...['InvalidMediaFrameException', 'NoDataRetentionException'],
];
const files = [
  ...['hls/v1/getHLSMasterPlaylist.m3u8', 'hls/v1/getHLSMediaPlaylist.m3u8', 'hls/v1/getMP4InitFragment.mp4'],
  ...['hls/v1/getMP4MediaFragment.mp4', 'hls/v1/getTSFragment.ts', 'dash/v1/getDASHManifest.mpd'],
  ...['dash/v1/getMP4InitFragment.mp4', 'dash/v1/getMP4MediaFragment.mp4'],
];
const values = [
  '',
  '0',
  '1',
  '2',
  '3',
  '-1',
  '01',
  '1e0',
  '9'.repeat(47),
  '9'.repeat(5000),
  'NaN',
  '__proto__',
  '%00',
  '%ff',
  '../x',
];

export async function cloudPlayerTarget(): Promise<Target> {
  const cloud = await RunningCloud.start();
  const media = await storeMedia(cloud);
  cloud.rebase();
  /** Paths with their query that the session in hand has shown. */
  let known: string[] = [];
  let asks = 0;
  return {
    async feed(random) {
      if (asks++ % asksOfSession === 0) {
        if (asks % (10 * asksOfSession) === 1)
          await put(cloud, 'live', media.samples[2]?.bytes ?? new Uint8Array(), Date.now());
        const opened = await openSession(cloud, media, random);
        if (typeof opened === 'string') return opened;
        ({ known } = opened);
      }
      const target = damaged(oneOf(known.length > 0 ? known : ['/hls/v1/x'], random), media, random);
      const method = random() < 0.95 ? 'GET' : oneOf(['OPTIONS', 'HEAD', 'POST', 'DELETE'], random);
      // What would wait for a body that does not come is told that nothing more will.
      const afterwards = method === 'GET' ? 'stay' : 'close';
      const reply = await cloud.send({
        pieces: [`${method} ${target} HTTP/1.1\r\nhost: ${cloud.host}\r\n\r\n`],
        afterwards,
      });
      if (reply.status === 204) return 'preflight';
      if (reply.status !== 200) return cloud.errorType(reply, errors);
      demand(reply.headers.get('access-control-allow-origin') === '*', `no page may play ${target}`);
      demand(reply.isWhole || method === 'HEAD', `half of ${target}`);
      const type = reply.headers.get('content-type') ?? '';
      if (/mpegurl|dash/.test(type))
        known = [...new Set([...known, ...addressesIn(reply.body.toString(), target)])].slice(-200);
      return type;
    },
    [Symbol.asyncDispose]: () => cloud[Symbol.asyncDispose](),
  };
}

async function openSession(cloud: RunningCloud, media: Media, random: Random): Promise<string | { known: string[] }> {
  const protocol = oneOf(['HLS', 'DASH'] as const, random);
  const StartTimestamp = mediaStartMs / 1000 + (random() < 0.5 ? 0 : below(400, random));
  const byServer = random() < 0.3;
  const TimestampRange = byServer
    ? { StartTimestamp: Date.now() / 1000 - 3600, EndTimestamp: Date.now() / 1000 - 1 }
    : { StartTimestamp, EndTimestamp: StartTimestamp + oneOf([3, 60, 3600], random) };
  const selector = { FragmentSelectorType: byServer ? 'SERVER_TIMESTAMP' : 'PRODUCER_TIMESTAMP', TimestampRange };
  const live = random() < 0.15;
  const input = {
    StreamName: live ? 'live' : oneOf([...media.good, ...media.damaged], random),
    PlaybackMode: live ? 'LIVE' : oneOf(['LIVE_REPLAY', 'ON_DEMAND'], random),
    ...(live ? {} : { [`${protocol}FragmentSelector`]: selector }),
    ...(protocol === 'HLS'
      ? {
          ContainerFormat: oneOf(['FRAGMENTED_MP4', 'MPEG_TS'], random),
          DiscontinuityMode: oneOf(['ALWAYS', 'NEVER', 'ON_DISCONTINUITY'], random),
        }
      : { DisplayFragmentNumber: 'ALWAYS' }),
    DisplayFragmentTimestamp: oneOf(['ALWAYS', 'NEVER'], random),
  };
  const reply = await cloud.call({ path: `/get${protocol}StreamingSessionURL`, body: JSON.stringify(input) });
  if (reply.status !== 200) return `no session: ${cloud.errorType(reply, errors)}`;
  const url = new URL(JSON.parse(reply.body.toString())[`${protocol}StreamingSessionURL`]);
  const first = `${url.pathname}${url.search}`;
  // All that the token may be good for, with tracks and numbers that may be there.
  const others = files
    .filter(file => file.startsWith(protocol.toLowerCase()))
    .map(
      file =>
        `/${file}${url.search}&TrackNumber=${1 + below(2, random)}&FragmentNumber=${oneOf(['1', oneOf(media.numbers, random)], random)}`,
    );
  return { known: [first, first, first, ...others] };
}

/** Relative to the list's own address; of a DASH template, the first numbers. */
function addressesIn(text: string, from: string): string[] {
  const relative = [...text.matchAll(/(?:^|URI="|media="|initialization=")([^#"\s<>]+\?[^"\s<>]+)/gm)].map(match =>
    (match[1] ?? '').replaceAll('&amp;', '&'),
  );
  const folder = from.slice(0, from.lastIndexOf('/', from.indexOf('?')) + 1);
  return relative.flatMap(address => ['1', '2', '3'].map(number => `${folder}${address.replace('$Number$', number)}`));
}

function damaged(target: string, media: Media, random: Random): string {
  const kind = random();
  if (kind < 0.6) return target;
  const [path = '', query = ''] = target.split('?');
  const parts = query.split('&');
  // The first is the token, and without it nothing is looked at.
  const at = random() < 0.1 ? 0 : Math.min(parts.length - 1, 1 + below(2, random));
  const [name = ''] = (parts[at] ?? '').split('=');
  if (kind < 0.75) parts[at] = `${name}=${random() < 0.3 ? oneOf(media.numbers, random) : oneOf(values, random)}`;
  else if (kind < 0.8) parts.splice(at, 1);
  else if (kind < 0.83) parts.push(`${name}=${oneOf(values, random)}`);
  else if (kind < 0.93) return `/${oneOf(files, random)}?${query}`;
  else
    return (
      Buffer.from(mutateBytes(Buffer.from(target), random))
        .toString('latin1')
        .replace(/[\s\0]/g, '+') || '/'
    );
  return `${path}?${parts.join('&')}`;
}

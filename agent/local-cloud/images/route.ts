// POST /getImages: pictures at regular times, page by page.

import { requireRetention } from '../archive-range.ts';
import { jsonOperation } from '../json-operation.ts';
import type { Route, RouteContext, SignedRequest } from '../route.ts';
import { requireStream } from '../stream-reference.ts';
import { picturesOf } from './pictures.ts';
import { encodingOf, type ImagesRequest, imagesRequest, pageOf } from './request.ts';
import { byCodec, placeSamples } from './samples.ts';
import { Turns } from './turns.ts';

/** Longer than any fragment KVS takes. */
const longestFragmentMs = 30_000;
/** Each picture a fragment of its own, thirty a second and more, for as long as a request may reach. */
const looked = 20_000;

type Context = Pick<RouteContext, 'store' | 'clock'>;
type Image = { TimeStamp: number; ImageContent?: string; Error?: 'NO_MEDIA' | 'MEDIA_ERROR' };

export function imagesRoute(context: Context): Route {
  const turns = new Turns({ maxRunning: 2, maxWaiting: 8 });
  return jsonOperation('/getImages', imagesRequest, (input, { gone }) => getImages(context, input, { gone, turns }));
}

async function getImages(
  { store, clock }: Context,
  request: ImagesRequest,
  { gone, turns }: Pick<SignedRequest, 'gone'> & { turns: Turns },
): Promise<object> {
  const stream = requireStream(store, request);
  requireRetention(stream);
  const encoding = encodingOf(request);
  const { timesMs, nextToken } = pageOf(request, stream);
  const by = request.ImageSelectorType === 'PRODUCER_TIMESTAMP' ? 'producer' : 'server';
  const [firstMs = 0, lastMs = 0] = [timesMs[0], timesMs.at(-1)];
  // One fragment beyond the last time shows whether the one before reaches it.
  const range = { fromMs: firstMs - longestFragmentMs, toMs: lastMs + longestFragmentMs };
  const sampled = placeSamples(store.fragments({ stream: stream.name, by, ...range, limit: looked }), timesMs, by);
  const covered = new Set(sampled.flatMap(({ samples }) => samples.map(({ atMs }) => atMs)));
  const pictures = new Map<number, Uint8Array>();
  if (sampled.length > 0)
    await turns.run(async () => {
      for (const group of byCodec(sampled)) {
        if (gone.aborted) return;
        for (const [atMs, data] of await picturesOf(group, { store, clock, encoding, gone })) pictures.set(atMs, data);
      }
    }, gone);
  const images = timesMs.map(atMs => imageOf(atMs, covered.has(atMs), pictures.get(atMs)));
  return { Images: images, ...(nextToken === undefined ? {} : { NextToken: nextToken }) };
}

function imageOf(atMs: number, covered: boolean, data: Uint8Array | undefined): Image {
  const TimeStamp = atMs / 1000;
  if (!covered) return { TimeStamp, Error: 'NO_MEDIA' };
  if (!data) return { TimeStamp, Error: 'MEDIA_ERROR' };
  return { TimeStamp, ImageContent: Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString('base64') };
}

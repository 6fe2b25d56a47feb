// POST /getClip: the fragments of a time range as one MP4 file.
import { requireRetention } from '../archive-range.ts';
import { parseJsonBody } from '../json-operation.ts';
import type { Route, RouteContext } from '../route.ts';
import { requireStream } from '../stream-reference.ts';
import { WireError } from '../wire-error.ts';
import { makeClip } from './clip.ts';
import { clipTracks } from './clip-tracks.ts';
import { clipRequest, rangeOf } from './request.ts';
import { selectFragments } from './selection.ts';

/** More than a clip takes: some may repeat what others have. */
const looked = 1000;

export function clipRoute({ store, clock }: Pick<RouteContext, 'store' | 'clock'>): Route {
  return {
    method: 'POST',
    path: '/getClip',
    signed: true,
    async handle({ body, gone }) {
      const request = parseJsonBody(clipRequest, body);
      const stream = requireStream(store, request);
      requireRetention(stream);
      const range = rangeOf(request, { ...stream, nowMs: clock.nowMs() });
      const found = store.fragments({ stream: stream.name, ...range, limit: looked });
      const fragments = selectFragments(found, range.by);
      if (fragments.length === 0)
        throw new WireError('ResourceNotFoundException', 'No fragments found in the stream for the clip request.');
      const tracks = clipTracks(fragments.map(({ fragment }) => fragment));
      const clip = await makeClip({ store, gone }, fragments, tracks);
      // Nobody is there any more to read an answer.
      if (!clip) return { status: 200 };
      const headers = { 'content-type': 'video/mp4', 'content-length': String(clip.bytes) };
      return { status: 200, headers, body: clip.content };
    },
  };
}

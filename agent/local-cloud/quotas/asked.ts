// What a request asks for, as far as quotas count it: which stream, and how many fragments or pictures. Reads leniently:
// a request that makes no sense costs little here and is refused by its operation.
import type { IncomingHttpHeaders } from 'node:http';
import { z } from 'zod';
import { parseOutside } from '../../../shared/parse-outside.ts';
import { epochSeconds } from '../json-operation.ts';
import type { MediaStore, StoredStream } from '../store/media-store.ts';
import { maxClipFragments } from './table.ts';

const maxPageFragments = 1000;
const defaultPageFragments = 100;
const maxPageImages = 100;
const defaultPageImages = 25;

const askedMembers = z.object({
  StreamName: z.string().optional().catch(undefined),
  StreamARN: z.string().optional().catch(undefined),
  MaxResults: z.int().min(1).max(maxPageFragments).optional().catch(undefined),
  Fragments: z.array(z.unknown()).max(maxPageFragments).default([]).catch([]),
  ClipFragmentSelector: z
    .object({
      FragmentSelectorType: z.enum(['PRODUCER_TIMESTAMP', 'SERVER_TIMESTAMP']),
      TimestampRange: z.object({ StartTimestamp: epochSeconds, EndTimestamp: epochSeconds }),
    })
    .optional()
    .catch(undefined),
});

export type Asked = z.output<typeof askedMembers>;

/** How much of a stream's two shared quotas a request uses up. */
export type Points = { metadata?: number; media?: number };

/** @param body left out for PutMedia, whose headers name the stream */
export function askedFor(headers: IncomingHttpHeaders, body: Buffer | undefined): Asked {
  if (!body)
    return askedMembers.parse({ StreamName: headers['x-amzn-stream-name'], StreamARN: headers['x-amzn-stream-arn'] });
  return parseOutside(askedMembers, jsonOf(body)).data ?? askedMembers.parse({});
}

/** What reading stored media costs, by the guide's tables of the two quotas. */
export function pointsOf(path: string, asked: Asked, sources: Sources): Points {
  switch (path) {
    case '/listFragments':
      return { metadata: asked.MaxResults ?? defaultPageFragments };
    case '/getImages': {
      const images = Math.min(asked.MaxResults ?? defaultPageImages, maxPageImages);
      return { metadata: 400 + images, media: images };
    }
    case '/getMediaForFragmentList':
      return { media: asked.Fragments.length };
    case '/getClip': {
      const fragments = clipFragments(asked, sources);
      return { metadata: fragments, media: fragments };
    }
    default:
      return {};
  }
}

type Sources = { store: Pick<MediaStore, 'fragments'>; stream: StoredStream };

function clipFragments({ ClipFragmentSelector: selector }: Asked, { store, stream }: Sources): number {
  if (!selector) return 0;
  const { StartTimestamp: fromMs, EndTimestamp: toMs } = selector.TimestampRange;
  const by = selector.FragmentSelectorType === 'PRODUCER_TIMESTAMP' ? 'producer' : 'server';
  return store.fragments({ stream: stream.name, by, fromMs, toMs, limit: maxClipFragments }).length;
}

function jsonOf(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString('utf8'));
  } catch {
    return undefined;
  }
}

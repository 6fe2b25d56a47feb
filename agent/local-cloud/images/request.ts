// GetImages: what may be asked for, and at which times pictures are wanted. Pure.
import { z } from 'zod';
import { decodeToken, encodeToken, mediaToken } from '../control/page-token.ts';
import { imageFormat, minSamplingIntervalMs } from '../control/stream-members.ts';
import { epochSeconds } from '../json-operation.ts';
import type { StoredStream } from '../store/media-store.ts';
import { streamReference } from '../stream-reference.ts';
import { WireError } from '../wire-error.ts';

const maxRangeMs = 300_000;
const pageSize = 25;
const defaultQuality = 80;
/** KVS's model names no default; this was its least interval for years. */
const defaultIntervalMs = 3000;

export const imagesRequest = z.object({
  ...streamReference,
  ImageSelectorType: z.enum(['PRODUCER_TIMESTAMP', 'SERVER_TIMESTAMP']),
  StartTimestamp: epochSeconds,
  EndTimestamp: epochSeconds,
  SamplingInterval: z.int().min(minSamplingIntervalMs).default(defaultIntervalMs),
  ...imageFormat,
  MaxResults: z.int().min(1).max(100).default(pageSize),
  NextToken: mediaToken.optional(),
});

export type ImagesRequest = z.output<typeof imagesRequest>;

export type Encoding = {
  format: 'JPEG' | 'PNG';
  /** 1 to 100; of JPEG only. */
  quality: number;
  /** Left out: as the camera sends it. A width only comes with a height. */
  width?: number | undefined;
  height?: number | undefined;
};

export type Page = { timesMs: number[]; nextToken: string | undefined };

/** @throws WireError InvalidArgumentException */
export function encodingOf({ Format, FormatConfig, WidthPixels, HeightPixels }: ImagesRequest): Encoding {
  if (WidthPixels !== undefined && HeightPixels === undefined)
    throw invalid('WidthPixels must not be given without HeightPixels.');
  const quality = Number(FormatConfig?.JPEGQuality ?? defaultQuality);
  return { format: Format, quality, width: WidthPixels, height: HeightPixels };
}

/** @throws WireError InvalidArgumentException */
export function pageOf(request: ImagesRequest, stream: Pick<StoredStream, 'arn'>): Page {
  const { StartTimestamp: fromMs, EndTimestamp: toMs, SamplingInterval: intervalMs } = request;
  if (toMs < fromMs) throw invalid('EndTimestamp must not be before StartTimestamp.');
  if (toMs - fromMs > maxRangeMs)
    throw invalid(`EndTimestamp must be within ${maxRangeMs / 1000} seconds of StartTimestamp.`);
  const count = Math.floor((toMs - fromMs) / intervalMs) + 1;
  const list = `images ${stream.arn} ${request.ImageSelectorType} ${fromMs} ${toMs} ${intervalMs}`;
  const start = request.NextToken === undefined ? 0 : decodeToken(list, z.int().min(0), request.NextToken);
  const end = Math.min(count, start + Math.min(request.MaxResults, pageSize));
  return {
    timesMs: Array.from({ length: end - start }, (_, index) => fromMs + (start + index) * intervalMs),
    nextToken: end < count ? encodeToken(list, end) : undefined,
  };
}

function invalid(message: string): WireError {
  return new WireError('InvalidArgumentException', message);
}

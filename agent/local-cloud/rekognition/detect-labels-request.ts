// DetectLabels: what may be sent, and what is meant by what was left out. Pure.
import { z } from 'zod';
import { parseMembers } from '../constraints.ts';
import { parseJson } from '../json-operation.ts';
import { WireError } from '../wire-error.ts';
import { readImageHeader } from './image-header.ts';

const maxImageBytes = 5_242_880;
const minSidePx = 80;
const maxSidePx = 10_000;

/** As Rekognition's model writes it, in which '-_ is a range. */
const labelPattern = /^[A-Za-z0-9àâèçñó'-_(). ]*$/;

const filter = z.array(z.string().max(50).regex(labelPattern)).max(100).optional();

const s3Object = z.object({
  Bucket: z
    .string()
    .min(3)
    .max(255)
    .regex(/^[0-9A-Za-z.\-_]*$/)
    .optional(),
  Name: z.string().min(1).max(1024).optional(),
  Version: z.string().min(1).max(1024).optional(),
});

const requestSchema = z.object({
  Image: z.object({ Bytes: z.base64().optional(), S3Object: s3Object.optional() }),
  MaxLabels: z.int().min(0).optional(),
  MinConfidence: z.number().min(0).max(100).default(55),
  Features: z
    .array(z.enum(['GENERAL_LABELS', 'IMAGE_PROPERTIES']))
    .max(2)
    .default(['GENERAL_LABELS']),
  Settings: z
    .object({
      GeneralLabels: z
        .object({
          LabelInclusionFilters: filter,
          LabelExclusionFilters: filter,
          LabelCategoryInclusionFilters: filter,
          LabelCategoryExclusionFilters: filter,
        })
        .optional(),
      ImageProperties: z.object({ MaxDominantColors: z.int().min(0).max(20).optional() }).optional(),
    })
    .optional(),
});

export type LabelRequest = {
  image: Uint8Array;
  maxLabels: number;
  minConfidence: number;
  /** Whether a label of this name and category was asked for. */
  wants(name: string, category: string): boolean;
};

/** @throws WireError with the error Rekognition has for it */
export function parseLabelRequest(body: Uint8Array): LabelRequest {
  const request = parse(body);
  const { Bytes, S3Object } = request.Image;
  if (S3Object !== undefined)
    throw new WireError('InvalidS3ObjectException', 'There is no S3 here: send the image itself in Image.Bytes.');
  if (!Bytes) throw invalid('Image.Bytes must have at least one byte.');
  const image = Buffer.from(Bytes, 'base64');
  checkImage(image);
  return {
    image,
    maxLabels: request.MaxLabels ?? Infinity,
    minConfidence: request.MinConfidence,
    wants: wantedLabels(request),
  };
}

function parse(body: Uint8Array): z.output<typeof requestSchema> {
  const request = parseMembers(requestSchema, parseJson(body), 'InvalidParameterException');
  if (request.Features.includes('IMAGE_PROPERTIES'))
    throw invalid('Features IMAGE_PROPERTIES is not served here: ask for GENERAL_LABELS, which is the default.');
  return request;
}

function checkImage(image: Uint8Array): void {
  if (image.length > maxImageBytes)
    throw new WireError(
      'ImageTooLargeException',
      `Image.Bytes has ${image.length} bytes; ${maxImageBytes} are allowed.`,
    );
  const header = readImageHeader(image);
  if (!header)
    throw new WireError('InvalidImageFormatException', 'Request has invalid image format: send JPEG or PNG.');
  const { width, height } = header;
  if (Math.min(width, height) < minSidePx)
    throw invalid(`The image is ${width} × ${height}; both sides must have at least ${minSidePx} pixels.`);
  if (Math.max(width, height) > maxSidePx)
    throw new WireError(
      'ImageTooLargeException',
      `The image is ${width} × ${height}; ${maxSidePx} pixels are allowed.`,
    );
}

function wantedLabels({ Features, Settings }: z.output<typeof requestSchema>): LabelRequest['wants'] {
  const filters = Settings?.GeneralLabels ?? {};
  const named = (list: readonly string[] | undefined, name: string) =>
    list?.some(entry => entry.toLowerCase() === name.toLowerCase()) ?? false;
  const included = [...(filters.LabelInclusionFilters ?? []), ...(filters.LabelCategoryInclusionFilters ?? [])];
  return (name, category) =>
    Features.includes('GENERAL_LABELS') &&
    !named(filters.LabelExclusionFilters, name) &&
    !named(filters.LabelCategoryExclusionFilters, category) &&
    (included.length === 0 ||
      named(filters.LabelInclusionFilters, name) ||
      named(filters.LabelCategoryInclusionFilters, category));
}

function invalid(message: string): WireError {
  return new WireError('InvalidParameterException', message);
}

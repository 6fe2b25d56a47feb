// What a stream is made of in requests, with the limits KVS states for each member.
import { z } from 'zod';

export const maxRetentionHours = 87_600;

export const retentionHours = z.int().min(0).max(maxRetentionHours);

export const deviceName = z
  .string()
  .min(1)
  .max(128)
  .regex(/^[a-zA-Z0-9_.-]+$/);

export const mediaType = z
  .string()
  .min(1)
  .max(128)
  .regex(/^[\w.+-]+\/[\w.+-]+(,[\w.+-]+\/[\w.+-]+)*$/);

export const kmsKeyId = z.string().min(1).max(2048).regex(/^.+$/);

export const storageConfiguration = z.object({ DefaultStorageTier: z.enum(['HOT', 'WARM']) });

const configurationStatus = z.enum(['ENABLED', 'DISABLED']);

const destinationUri = z
  .string()
  .min(1)
  // Looked at no further when it is longer: AWS's pattern takes time by the square of the length to say no.
  .max(255, { abort: true })
  .regex(/^[a-zA-Z_0-9]+:(\/\/)?([^/]+)\/?([^*]*)$/);

const destinationRegion = z
  .string()
  .min(9)
  .max(14)
  .regex(/^[a-z]+(-[a-z]+)?-[a-z]+-[0-9]$/);

/** Members of one picture's making, the same for GetImages and for images made continuously. */
export const imageFormat = {
  Format: z.enum(['JPEG', 'PNG']),
  FormatConfig: z.strictObject({ JPEGQuality: z.string().regex(/^([1-9]\d?|100)$/) }).optional(),
  WidthPixels: z.int().min(1).max(3840).optional(),
  HeightPixels: z.int().min(1).max(2160).optional(),
};

export const minSamplingIntervalMs = 200;

export const imageGeneration = z.object({
  Status: configurationStatus,
  ImageSelectorType: z.enum(['PRODUCER_TIMESTAMP', 'SERVER_TIMESTAMP']),
  DestinationConfig: z.object({ Uri: destinationUri, DestinationRegion: destinationRegion }),
  SamplingInterval: z.int().min(minSamplingIntervalMs),
  ...imageFormat,
});

export const notification = z.object({
  Status: configurationStatus,
  DestinationConfig: z.object({ Uri: destinationUri }),
});

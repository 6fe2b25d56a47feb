// The control plane's changes of a stream that is there: metadata, data retention, storage tier. Each names the version
// it was made for and gives the stream a new one.
import { z } from 'zod';
import { jsonOperation } from '../json-operation.ts';
import type { Route } from '../route.ts';
import type { StoredStream } from '../store/media-store.ts';
import type { Store } from '../store/store.ts';
import { requireStream, type StreamReference, streamReference } from '../stream-reference.ts';
import { WireError } from '../wire-error.ts';
import { deviceName, maxRetentionHours, mediaType, storageConfiguration } from './stream-members.ts';
import { currentVersion, newVersion, requireVersion } from './stream-version.ts';

const changed = { ...streamReference, CurrentVersion: currentVersion };

const updateRequest = z.object({ ...changed, DeviceName: deviceName.optional(), MediaType: mediaType.optional() });

const retentionRequest = z.object({
  ...changed,
  Operation: z.enum(['INCREASE_DATA_RETENTION', 'DECREASE_DATA_RETENTION']),
  DataRetentionChangeInHours: z.int().min(1),
});

const storageRequest = z.object({ ...changed, StreamStorageConfiguration: storageConfiguration });

type Context = { store: Store; random: () => number };

export function streamChangeRoutes(context: Context): Route[] {
  return [
    jsonOperation('/updateStream', updateRequest, input =>
      change(context, input, () => ({
        ...(input.DeviceName === undefined ? {} : { deviceName: input.DeviceName }),
        ...(input.MediaType === undefined ? {} : { mediaType: input.MediaType }),
      })),
    ),
    jsonOperation('/updateDataRetention', retentionRequest, input =>
      change(context, input, stream => changedRetention(stream, input)),
    ),
    jsonOperation('/updateStreamStorageConfiguration', storageRequest, input =>
      change(context, input, () => ({ storageTier: input.StreamStorageConfiguration.DefaultStorageTier })),
    ),
    jsonOperation('/describeStreamStorageConfiguration', z.object(streamReference), input => {
      const { name, arn, storageTier = 'HOT' } = requireStream(context.store, input);
      return { StreamName: name, StreamARN: arn, StreamStorageConfiguration: { DefaultStorageTier: storageTier } };
    }),
  ];
}

function change(
  { store, random }: Context,
  input: StreamReference & { CurrentVersion: string },
  changes: (stream: StoredStream) => Partial<StoredStream>,
): Promise<object> {
  return store.exclusively(async () => {
    const stream = requireStream(store, input);
    requireVersion(stream, input.CurrentVersion);
    await store.saveStream({ ...stream, ...changes(stream), version: newVersion(random) });
    return {};
  });
}

function changedRetention(
  { retentionHours }: StoredStream,
  { Operation, DataRetentionChangeInHours }: z.output<typeof retentionRequest>,
): { retentionHours: number } {
  const sign = Operation === 'INCREASE_DATA_RETENTION' ? 1 : -1;
  const hours = retentionHours + sign * DataRetentionChangeInHours;
  if (hours >= 0 && hours <= maxRetentionHours) return { retentionHours: hours };
  throw new WireError(
    'InvalidArgumentException',
    `The data retention would be ${hours} hours; it must be from 0 to ${maxRetentionHours}.`,
  );
}

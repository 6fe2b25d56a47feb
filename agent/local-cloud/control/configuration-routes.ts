// Image generation and notification of a stream: kept and given back as they were set. This server has no S3 and no SNS
// to deliver to, so nothing is made from them. A request without a configuration takes the one there is away.
import { z } from 'zod';
import { requireRetention } from '../archive-range.ts';
import { jsonOperation } from '../json-operation.ts';
import type { Route } from '../route.ts';
import type { StoredStream } from '../store/media-store.ts';
import type { Store } from '../store/store.ts';
import { requireStream, type StreamReference, streamReference } from '../stream-reference.ts';
import { WireError } from '../wire-error.ts';
import { imageGeneration, notification } from './stream-members.ts';

const imageRequest = z.object({ ...streamReference, ImageGenerationConfiguration: imageGeneration.optional() });
const notificationRequest = z.object({ ...streamReference, NotificationConfiguration: notification.optional() });

export function configurationRoutes(store: Store): Route[] {
  const save = (input: StreamReference, changes: Partial<StoredStream>, destinationRegion?: string) =>
    store.exclusively(async () => {
      const stream = requireStream(store, input);
      requireRetention(stream);
      requireOwnRegion(stream, destinationRegion);
      await store.saveStream({ ...stream, ...changes });
      return {};
    });
  return [
    jsonOperation('/describeImageGenerationConfiguration', z.object(streamReference), input => ({
      ImageGenerationConfiguration: requireStream(store, input).imageGeneration,
    })),
    jsonOperation('/updateImageGenerationConfiguration', imageRequest, input =>
      save(
        input,
        { imageGeneration: input.ImageGenerationConfiguration },
        input.ImageGenerationConfiguration?.DestinationConfig.DestinationRegion,
      ),
    ),
    jsonOperation('/describeNotificationConfiguration', z.object(streamReference), input => ({
      NotificationConfiguration: requireStream(store, input).notification,
    })),
    jsonOperation('/updateNotificationConfiguration', notificationRequest, input =>
      save(input, { notification: input.NotificationConfiguration }),
    ),
  ];
}

/** Pictures are delivered within the stream's region. @throws WireError InvalidArgumentException */
function requireOwnRegion({ arn }: StoredStream, destination: string | undefined): void {
  const region = arn.split(':')[3];
  if (destination !== undefined && destination !== region)
    throw new WireError(
      'InvalidArgumentException',
      `DestinationRegion must be the region of the stream, ${region}, not ${destination}.`,
    );
}

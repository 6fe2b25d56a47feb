// Image generation and notification of a stream: kept and given back as they were set. This server has no S3 and no SNS
// to deliver to, so nothing is made from them. A request without a configuration takes the one there is away.
import { z } from 'zod';
import { jsonOperation } from '../json-operation.ts';
import { requireRetention } from '../list-fragments.ts';
import type { Route } from '../route.ts';
import type { StoredStream } from '../store/media-store.ts';
import type { Store } from '../store/store.ts';
import { requireStream, type StreamReference, streamReference } from '../stream-reference.ts';
import { imageGeneration, notification } from './stream-members.ts';

const imageRequest = z.object({ ...streamReference, ImageGenerationConfiguration: imageGeneration.optional() });
const notificationRequest = z.object({ ...streamReference, NotificationConfiguration: notification.optional() });

export function configurationRoutes(store: Store): Route[] {
  const save = (input: StreamReference, changes: Partial<StoredStream>) =>
    store.exclusively(async () => {
      const stream = requireStream(store, input);
      requireRetention(stream);
      await store.saveStream({ ...stream, ...changes });
      return {};
    });
  return [
    jsonOperation('/describeImageGenerationConfiguration', z.object(streamReference), input => ({
      ImageGenerationConfiguration: requireStream(store, input).imageGeneration,
    })),
    jsonOperation('/updateImageGenerationConfiguration', imageRequest, input =>
      save(input, { imageGeneration: input.ImageGenerationConfiguration }),
    ),
    jsonOperation('/describeNotificationConfiguration', z.object(streamReference), input => ({
      NotificationConfiguration: requireStream(store, input).notification,
    })),
    jsonOperation('/updateNotificationConfiguration', notificationRequest, input =>
      save(input, { notification: input.NotificationConfiguration }),
    ),
  ];
}

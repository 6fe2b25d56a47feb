// Tags of a stream: at most 50, kept in its record.
import { z } from 'zod';
import { jsonOperation } from '../json-operation.ts';
import type { Route } from '../route.ts';
import type { Store } from '../store/store.ts';
import { requireStream, streamReference } from '../stream-reference.ts';
import { WireError } from '../wire-error.ts';

const maxTags = 50;
const tagKey = z.string().min(1).max(128);

export const tagMap = z.record(tagKey, z.string().max(256)).refine(tags => Object.keys(tags).length <= maxTags, {
  error: `must be at most ${maxTags} tags`,
});

export function tagRoutes(store: Store): Route[] {
  return [
    jsonOperation('/tagStream', z.object({ ...streamReference, Tags: tagMap }), async input => {
      const stream = requireStream(store, input);
      const tags = { ...stream.tags, ...input.Tags };
      if (Object.keys(tags).length > maxTags)
        throw new WireError('TagsPerResourceExceededLimitException', `A stream has at most ${maxTags} tags.`);
      await store.saveStream({ ...stream, tags });
      return {};
    }),
    jsonOperation(
      '/untagStream',
      z.object({ ...streamReference, TagKeyList: z.array(tagKey).min(1).max(50) }),
      async input => {
        const stream = requireStream(store, input);
        const kept = Object.entries(stream.tags).filter(([key]) => !input.TagKeyList.includes(key));
        await store.saveStream({ ...stream, tags: Object.fromEntries(kept) });
        return {};
      },
    ),
    jsonOperation('/listTagsForStream', z.object(streamReference), input => ({
      Tags: requireStream(store, input).tags,
    })),
  ];
}

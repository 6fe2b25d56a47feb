// Tags of a stream: at most 50, kept in its record. Two families of operations reach the same tags: the older ones name
// a stream, the newer ones a resource.
import { z } from 'zod';
import { jsonOperation } from '../json-operation.ts';
import type { Route } from '../route.ts';
import type { Store } from '../store/store.ts';
import { requireStream, type StreamReference, streamArn, streamReference } from '../stream-reference.ts';
import { WireError } from '../wire-error.ts';

const maxTags = 50;
const tagKey = z.string().min(1).max(128);
const tagValue = z.string().max(256);
const tagKeyList = z.array(tagKey).min(1).max(maxTags);

export const tagMap = z.record(tagKey, tagValue).refine(tags => Object.keys(tags).length <= maxTags, {
  error: `must be at most ${maxTags} tags`,
});

const tagList = z
  .array(z.object({ Key: tagKey, Value: tagValue }))
  .min(1)
  .max(maxTags);

/** All tags fit one page, so there is no token that could be valid. */
const noNextToken = z.undefined({ error: 'is not valid' }).optional();

const resource = { ResourceARN: streamArn };

export function tagRoutes(store: Store): Route[] {
  return [
    jsonOperation('/tagStream', z.object({ ...streamReference, Tags: tagMap }), input =>
      addTags(store, input, input.Tags),
    ),
    jsonOperation('/untagStream', z.object({ ...streamReference, TagKeyList: tagKeyList }), input =>
      removeTags(store, input, input.TagKeyList),
    ),
    jsonOperation('/listTagsForStream', z.object({ ...streamReference, NextToken: noNextToken }), input => ({
      Tags: requireStream(store, input).tags,
    })),
    jsonOperation('/TagResource', z.object({ ...resource, Tags: tagList }), ({ ResourceARN, Tags }) => {
      const tags = Object.fromEntries(Tags.map(({ Key, Value }) => [Key, Value]));
      return addTags(store, { StreamARN: ResourceARN }, tags);
    }),
    jsonOperation('/UntagResource', z.object({ ...resource, TagKeyList: tagKeyList }), ({ ResourceARN, TagKeyList }) =>
      removeTags(store, { StreamARN: ResourceARN }, TagKeyList),
    ),
    jsonOperation('/ListTagsForResource', z.object({ ...resource, NextToken: noNextToken }), ({ ResourceARN }) => ({
      Tags: requireStream(store, { StreamARN: ResourceARN }).tags,
    })),
  ];
}

function addTags(store: Store, reference: StreamReference, added: Record<string, string>): Promise<object> {
  return store.exclusively(async () => {
    const stream = requireStream(store, reference);
    const tags = { ...stream.tags, ...added };
    if (Object.keys(tags).length > maxTags)
      throw new WireError('TagsPerResourceExceededLimitException', `A stream has at most ${maxTags} tags.`);
    await store.saveStream({ ...stream, tags });
    return {};
  });
}

function removeTags(store: Store, reference: StreamReference, keys: readonly string[]): Promise<object> {
  return store.exclusively(async () => {
    const stream = requireStream(store, reference);
    const kept = Object.entries(stream.tags).filter(([key]) => !keys.includes(key));
    await store.saveStream({ ...stream, tags: Object.fromEntries(kept) });
    return {};
  });
}

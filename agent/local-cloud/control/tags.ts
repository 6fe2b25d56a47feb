// Tags of a stream: at most 50, kept in its record. Two families of operations reach the same tags: the older ones name
// a stream, the newer ones a resource.
import { z } from 'zod';
import { parseMembers } from '../constraints.ts';
import { entries } from '../entries.ts';
import { jsonOperation } from '../json-operation.ts';
import type { Route } from '../route.ts';
import type { Store } from '../store/store.ts';
import { requireStream, type StreamReference, streamArn, streamName } from '../stream-reference.ts';
import { WireError } from '../wire-error.ts';
import { invalidToken, listToken } from './page-token.ts';

const maxTags = 50;
const tagKey = z
  .string()
  .min(1)
  .max(128)
  .regex(/^[\p{L}\p{Z}\p{N}_.:/=+\-@]*$/u);
const tagValue = z
  .string()
  .max(256)
  .regex(/^[\p{L}\p{Z}\p{N}_.:/=+\-@]*$/u);
const tagKeyList = z.array(tagKey).min(1).max(maxTags);

/** AWS keeps this prefix to itself, in any service. */
const ownTagKey = tagKey.refine(key => !/^aws:/i.test(key), { error: 'must not begin with aws:' });

export const tagMap = entries(ownTagKey, tagValue)
  .refine(tags => Object.keys(tags).length > 0, { error: 'must have length greater than or equal to 1' })
  .refine(tags => Object.keys(tags).length <= maxTags, { error: `must have length less than or equal to ${maxTags}` });

const tagList = z
  .array(z.object({ Key: ownTagKey, Value: tagValue }))
  .min(1)
  .max(maxTags);

const paged = { NextToken: listToken.optional() };

const resource = { ResourceARN: streamArn };

/** The older family documents an error of its own for what is no ARN: `referenceOf` looks at it. */
const streamReference = { StreamName: streamName.optional(), StreamARN: z.string().optional() };
const arnMember = z.object({ StreamARN: streamArn.optional() });

/** @throws WireError InvalidResourceFormatException */
function referenceOf({ StreamName, StreamARN }: StreamReference): StreamReference {
  parseMembers(arnMember, { StreamARN }, 'InvalidResourceFormatException');
  return { StreamName, StreamARN };
}

export function tagRoutes(store: Store): Route[] {
  return [
    jsonOperation('/tagStream', z.object({ ...streamReference, Tags: tagMap }), input =>
      addTags(store, referenceOf(input), input.Tags),
    ),
    jsonOperation('/untagStream', z.object({ ...streamReference, TagKeyList: tagKeyList }), input =>
      removeTags(store, referenceOf(input), input.TagKeyList),
    ),
    jsonOperation('/listTagsForStream', z.object({ ...streamReference, ...paged }), input =>
      listTags(store, referenceOf(input), input.NextToken),
    ),
    jsonOperation('/TagResource', z.object({ ...resource, Tags: tagList }), ({ ResourceARN, Tags }) => {
      const tags = Object.fromEntries(Tags.map(({ Key, Value }) => [Key, Value]));
      return addTags(store, { StreamARN: ResourceARN }, tags);
    }),
    jsonOperation('/UntagResource', z.object({ ...resource, TagKeyList: tagKeyList }), ({ ResourceARN, TagKeyList }) =>
      removeTags(store, { StreamARN: ResourceARN }, TagKeyList),
    ),
    jsonOperation('/ListTagsForResource', z.object({ ...resource, ...paged }), ({ ResourceARN, NextToken }) =>
      listTags(store, { StreamARN: ResourceARN }, NextToken),
    ),
  ];
}

/** All tags fit one page, so no token but an empty one can be of this server. */
function listTags(store: Store, reference: StreamReference, token = ''): object {
  const { tags } = requireStream(store, reference);
  if (token !== '') throw invalidToken();
  return { Tags: tags };
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

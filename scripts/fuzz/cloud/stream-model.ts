// What streams must be after a sequence of good requests: a model beside the server, and one request after the other that
// both get. Their answers must agree.
import { below, demand, oneOf, type Random } from '../target.ts';
import type { RunningCloud } from './running-cloud.ts';

type Stream = { arn: string; version: string; hours: number; device: string | undefined; tags: Record<string, string> };

const names = ['model-a', 'model-b', 'model-c'];
const tagKeys = ['a', 'b', 'Ä', 'constructor', '__proto__', 'x y', 'toString'];

export class StreamModel {
  readonly #cloud: RunningCloud;
  readonly #streams = new Map<string, Stream>();

  constructor(cloud: RunningCloud) {
    this.#cloud = cloud;
  }

  /** @throws BrokenPromise when the server's answer is not the model's */
  async step(random: Random): Promise<string> {
    const name = oneOf(names, random);
    const stream = this.#streams.get(name);
    return oneOf(this.#steps, random)(name, stream, random);
  }

  readonly #steps: ((name: string, stream: Stream | undefined, random: Random) => Promise<string>)[] = [
    (name, stream, random) => this.#create(name, stream, random),
    (name, stream) => this.#compare(name, stream),
    (name, stream) => this.#compare(name, stream),
    async (name, stream, random) => {
      const version = random() < 0.7 ? (stream?.version ?? 'v') : 'notThisOne';
      const device = `device-${below(100, random)}`;
      const type = await this.#expect(
        '/updateStream',
        { StreamName: name, CurrentVersion: version, DeviceName: device },
        versioned(stream, version),
      );
      if (stream && type === '') Object.assign(stream, { device, version: await this.#version(name) });
      return type;
    },
    async (name, stream, random) => {
      const version = random() < 0.7 ? (stream?.version ?? 'v') : 'notThisOne';
      const change = below(3, random) + 1;
      const more = random() < 0.6;
      const hours = (stream?.hours ?? 0) + (more ? change : -change);
      const input = {
        ...{ StreamName: name, CurrentVersion: version, DataRetentionChangeInHours: change },
        Operation: more ? 'INCREASE_DATA_RETENTION' : 'DECREASE_DATA_RETENTION',
      };
      const expected = versioned(stream, version) || (hours < 0 ? 'InvalidArgumentException' : '');
      const type = await this.#expect('/updateDataRetention', input, expected);
      if (stream && type === '') Object.assign(stream, { hours, version: await this.#version(name) });
      return type;
    },
    async (name, stream, random) => {
      const [key, value] = [oneOf(tagKeys, random), String(below(10, random))];
      const asList = random() < 0.5 && stream;
      const type = asList
        ? await this.#expect('/TagResource', { ResourceARN: stream.arn, Tags: [{ Key: key, Value: value }] }, '')
        : await this.#expect('/tagStream', { StreamName: name, Tags: own(key, value) }, stream ? '' : missing);
      if (stream) stream.tags = { ...stream.tags, ...own(key, value) };
      return type;
    },
    async (name, stream, random) => {
      const key = oneOf(tagKeys, random);
      const type = await this.#expect('/untagStream', { StreamName: name, TagKeyList: [key] }, stream ? '' : missing);
      if (stream) stream.tags = Object.fromEntries(Object.entries(stream.tags).filter(([known]) => known !== key));
      return type;
    },
    async (name, stream, random) => {
      if (!stream || random() < 0.5) return 'kept';
      const version = random() < 0.7 ? stream.version : 'notThisOne';
      const type = await this.#expect(
        '/deleteStream',
        { StreamARN: stream.arn, CurrentVersion: version },
        versioned(stream, version),
      );
      if (type === '') this.#streams.delete(name);
      return type;
    },
    // Two at once, for one version: one of them is too late.
    async (name, stream) => {
      if (!stream) return 'kept';
      const input = { StreamName: name, CurrentVersion: stream.version, DeviceName: 'both' };
      const both = await Promise.all([this.#call('/updateStream', input), this.#call('/updateStream', input)]);
      const types = both.map(({ type }) => type).toSorted();
      demand(types.join() === ',VersionMismatchException', `two changes of one version gave ${types}`);
      Object.assign(stream, { device: 'both', version: await this.#version(name) });
      return 'one of two';
    },
  ];

  async #create(name: string, stream: Stream | undefined, random: Random): Promise<string> {
    const tags = random() < 0.5 ? own(oneOf(tagKeys, random), 'made') : {};
    const hours = below(3, random);
    const input = {
      StreamName: name,
      DataRetentionInHours: hours,
      ...(Object.keys(tags).length > 0 ? { Tags: tags } : {}),
    };
    const { type, told } = await this.#call('/createStream', input);
    demand(type === (stream ? 'ResourceInUseException' : ''), `CreateStream of ${name}: ${type}`);
    if (stream) return type;
    this.#streams.set(name, {
      arn: String(told.StreamARN),
      version: await this.#version(name),
      hours,
      device: undefined,
      tags,
    });
    return 'created';
  }

  async #compare(name: string, stream: Stream | undefined): Promise<string> {
    const { type, told } = await this.#call('/describeStream', { StreamName: name });
    demand(type === (stream ? '' : missing), `DescribeStream of ${name}: ${type}`);
    if (!stream) return type;
    const info = told.StreamInfo as Record<string, unknown>;
    const seen = JSON.stringify([info.StreamARN, info.Version, info.DataRetentionInHours, info.DeviceName]);
    const expected = JSON.stringify([stream.arn, stream.version, stream.hours, stream.device]);
    demand(seen === expected, `${name} is ${seen}, not ${expected}`);
    const { told: tagged } = await this.#call('/listTagsForStream', { StreamName: name });
    const sorted = (tags: object) => JSON.stringify(Object.entries(tags).toSorted());
    demand(
      sorted(tagged.Tags as object) === sorted(stream.tags),
      `the tags are ${JSON.stringify(tagged)}, not ${JSON.stringify(stream.tags)}`,
    );
    return 'as it should be';
  }

  async #version(name: string): Promise<string> {
    const { told } = await this.#call('/describeStream', { StreamName: name });
    return String((told.StreamInfo as Record<string, unknown>).Version);
  }

  async #expect(path: string, input: object, expected: string): Promise<string> {
    const { type } = await this.#call(path, input);
    demand(type === expected, `${path} ${JSON.stringify(input)}: ${type || 'done'}, not ${expected || 'done'}`);
    return type;
  }

  async #call(path: string, input: object): Promise<{ type: string; told: Record<string, unknown> }> {
    const { status, headers, body } = await this.#cloud.call({ path, body: JSON.stringify(input) });
    return {
      type: status === 200 ? '' : (headers.get('x-amzn-errortype') ?? `${status}`),
      told: JSON.parse(body.toString()),
    };
  }
}

const missing = 'ResourceNotFoundException';

function versioned(stream: Stream | undefined, version: string): string {
  if (!stream) return missing;
  return version === stream.version ? '' : 'VersionMismatchException';
}

/** A member of that name and no prototype. */
function own(key: string, value: string): Record<string, string> {
  return Object.fromEntries([[key, value]]);
}

// What may be changed of a stream, asked for by the AWS SDK for JavaScript and the AWS CLI.
import {
  CreateStreamCommand,
  DescribeImageGenerationConfigurationCommand,
  DescribeNotificationConfigurationCommand,
  DescribeStreamCommand,
  DescribeStreamStorageConfigurationCommand,
  ListTagsForResourceCommand,
  ListTagsForStreamCommand,
  TagResourceCommand,
  UntagResourceCommand,
  UpdateImageGenerationConfigurationCommand,
  UpdateNotificationConfigurationCommand,
  UpdateStreamCommand,
  UpdateStreamStorageConfigurationCommand,
} from '@aws-sdk/client-kinesis-video';
import { expect, test } from 'vitest';
import { awsCli, controlClient, testCloud } from './control-cloud.ts';

const refusal = (name: string) => expect.objectContaining({ name });

test('media type and device change for who knows the version; what is not named stays', async () => {
  await using running = await testCloud();
  const client = controlClient(running.cloud.url);
  await client.send(new CreateStreamCommand({ StreamName: 'cam', DeviceName: 'gate', MediaType: 'video/h264' }));
  const describe = async () => (await client.send(new DescribeStreamCommand({ StreamName: 'cam' }))).StreamInfo;
  const before = await describe();
  const update = (changes: { MediaType?: string; DeviceName?: string }, CurrentVersion = before?.Version) =>
    client.send(new UpdateStreamCommand({ StreamName: 'cam', CurrentVersion, ...changes }));
  await update({ MediaType: 'video/h265' });
  const after = await describe();
  expect(after).toMatchObject({ DeviceName: 'gate', MediaType: 'video/h265', CreationTime: before?.CreationTime });
  expect(after?.Version).not.toBe(before?.Version);
  await expect(update({ DeviceName: 'yard' })).rejects.toThrow(refusal('VersionMismatchException'));
  await expect(update({ DeviceName: 'no blanks' }, after?.Version)).rejects.toThrow(
    refusal('InvalidArgumentException'),
  );
  await update({ DeviceName: 'yard' }, after?.Version);
  expect(await describe()).toMatchObject({ DeviceName: 'yard', MediaType: 'video/h265' });
});

test('the storage tier is HOT until it is changed', async () => {
  await using running = await testCloud();
  const client = controlClient(running.cloud.url);
  const { StreamARN } = await client.send(new CreateStreamCommand({ StreamName: 'cam' }));
  const tier = async () =>
    (await client.send(new DescribeStreamStorageConfigurationCommand({ StreamARN }))).StreamStorageConfiguration;
  expect(await tier()).toEqual({ DefaultStorageTier: 'HOT' });
  const { StreamInfo } = await client.send(new DescribeStreamCommand({ StreamARN }));
  const change = new UpdateStreamStorageConfigurationCommand({
    StreamARN,
    CurrentVersion: StreamInfo?.Version,
    StreamStorageConfiguration: { DefaultStorageTier: 'WARM' },
  });
  await client.send(change);
  expect(await tier()).toEqual({ DefaultStorageTier: 'WARM' });
  await expect(client.send(change)).rejects.toThrow(refusal('VersionMismatchException'));
});

test('tags of a resource and tags of a stream are the same', async () => {
  await using running = await testCloud();
  const client = controlClient(running.cloud.url);
  const { StreamARN: ResourceARN } = await client.send(new CreateStreamCommand({ StreamName: 'cam' }));
  const tags = (from: number, count: number) =>
    Array.from({ length: count }, (_, index) => ({ Key: `tag-${from + index}`, Value: `${index}` }));
  await client.send(new TagResourceCommand({ ResourceARN, Tags: tags(0, 50) }));
  await expect(client.send(new TagResourceCommand({ ResourceARN, Tags: tags(50, 1) }))).rejects.toThrow(
    refusal('TagsPerResourceExceededLimitException'),
  );
  const TagKeyList = tags(2, 48).map(({ Key }) => Key);
  await client.send(new UntagResourceCommand({ ResourceARN, TagKeyList }));
  const left = { 'tag-0': '0', 'tag-1': '1' };
  expect((await client.send(new ListTagsForResourceCommand({ ResourceARN }))).Tags).toEqual(left);
  expect((await client.send(new ListTagsForStreamCommand({ StreamName: 'cam' }))).Tags).toEqual(left);
  const elsewhere = 'arn:aws:kinesisvideo:us-west-2:000000000000:stream/none/1';
  await expect(client.send(new ListTagsForResourceCommand({ ResourceARN: elsewhere }))).rejects.toThrow(
    refusal('ResourceNotFoundException'),
  );
  await expect(client.send(new ListTagsForResourceCommand({ ResourceARN, NextToken: 'AAAA' }))).rejects.toThrow(
    refusal('InvalidArgumentException'),
  );
});

test('changes made at once are all there afterwards', async () => {
  await using running = await testCloud();
  const client = controlClient(running.cloud.url);
  const { StreamARN: ResourceARN } = await client.send(new CreateStreamCommand({ StreamName: 'cam' }));
  const { StreamInfo } = await client.send(new DescribeStreamCommand({ StreamName: 'cam' }));
  const keys = Array.from({ length: 12 }, (_, index) => `tag-${index}`);
  await Promise.all([
    ...keys.map(Key => client.send(new TagResourceCommand({ ResourceARN, Tags: [{ Key, Value: '' }] }))),
    client.send(
      new UpdateStreamCommand({ StreamName: 'cam', CurrentVersion: StreamInfo?.Version, DeviceName: 'gate' }),
    ),
  ]);
  const { Tags } = await client.send(new ListTagsForStreamCommand({ StreamName: 'cam' }));
  expect(Object.keys(Tags ?? {}).sort()).toEqual(keys.sort());
  expect((await client.send(new DescribeStreamCommand({ StreamName: 'cam' }))).StreamInfo?.DeviceName).toBe('gate');
});

test('image generation and notification are kept across a restart, and can be taken away', async () => {
  await using running = await testCloud();
  const client = controlClient(running.cloud.url);
  await client.send(new CreateStreamCommand({ StreamName: 'cam', DataRetentionInHours: 1 }));
  const ImageGenerationConfiguration = {
    Status: 'ENABLED' as const,
    ImageSelectorType: 'SERVER_TIMESTAMP' as const,
    DestinationConfig: { Uri: 's3://pictures/cam', DestinationRegion: 'us-west-2' },
    SamplingInterval: 3000,
    Format: 'JPEG' as const,
    FormatConfig: { JPEGQuality: '70' },
    WidthPixels: 640,
  };
  const NotificationConfiguration = {
    Status: 'DISABLED' as const,
    DestinationConfig: { Uri: 'sns:us-west-2:1:topic' },
  };
  const StreamName = 'cam';
  const images = () => new DescribeImageGenerationConfigurationCommand({ StreamName });
  expect(await client.send(images())).not.toHaveProperty('ImageGenerationConfiguration');
  await client.send(new UpdateImageGenerationConfigurationCommand({ StreamName, ImageGenerationConfiguration }));
  await client.send(new UpdateNotificationConfigurationCommand({ StreamName, NotificationConfiguration }));
  await running.restart();
  const again = controlClient(running.cloud.url);
  expect(await again.send(images())).toMatchObject({ ImageGenerationConfiguration });
  expect(await again.send(new DescribeNotificationConfigurationCommand({ StreamName }))).toMatchObject({
    NotificationConfiguration,
  });
  await again.send(new UpdateImageGenerationConfigurationCommand({ StreamName }));
  expect(await again.send(images())).not.toHaveProperty('ImageGenerationConfiguration');
  const odd = { ...ImageGenerationConfiguration, FormatConfig: { JPEGQuality: '0' } };
  await expect(
    again.send(new UpdateImageGenerationConfigurationCommand({ StreamName, ImageGenerationConfiguration: odd })),
  ).rejects.toThrow(refusal('InvalidArgumentException'));
  await again.send(new CreateStreamCommand({ StreamName: 'keeps-nothing' }));
  await expect(
    again.send(new UpdateNotificationConfigurationCommand({ StreamName: 'keeps-nothing', NotificationConfiguration })),
  ).rejects.toThrow(refusal('NoDataRetentionException'));
});

test('the AWS CLI changes a stream, and its own paging sees every stream', async () => {
  await using running = await testCloud();
  const { url } = running.cloud;
  const client = controlClient(url);
  for (const StreamName of ['a', 'b', 'c']) await client.send(new CreateStreamCommand({ StreamName }));
  const { StreamInfo } = await client.send(new DescribeStreamCommand({ StreamName: 'a' }));
  const arn = StreamInfo?.StreamARN ?? '';
  const changes = ['--stream-name', 'a', '--current-version', StreamInfo?.Version ?? '', '--media-type', 'audio/aac'];
  const [, , listed] = await Promise.all([
    awsCli(url, 'kinesisvideo', 'update-stream', ...changes),
    awsCli(url, 'kinesisvideo', 'tag-resource', '--resource-arn', arn, '--tags', 'Key=site,Value=home'),
    awsCli(url, 'kinesisvideo', 'list-streams', '--page-size', '1'),
  ]);
  expect(listed).toMatchObject({ StreamInfoList: ['a', 'b', 'c'].map(StreamName => ({ StreamName })) });
  const after = await client.send(new DescribeStreamCommand({ StreamName: 'a' }));
  expect(after.StreamInfo?.MediaType).toBe('audio/aac');
  expect((await client.send(new ListTagsForStreamCommand({ StreamName: 'a' }))).Tags).toEqual({ site: 'home' });
});

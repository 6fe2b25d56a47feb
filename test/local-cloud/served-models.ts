// The operations the embedded server answers, as AWS models them, and a request of each that is right in every member.
import { type Model, type Shape, serviceModel } from './service-model.ts';

export type Served = {
  name: string;
  service: 'kinesisvideo' | 'rekognition';
  path: string;
  target?: string;
  shapes: Model['shapes'];
  input: string;
  output: string | undefined;
  /** Name → HTTP status. */
  errors: Map<string, number>;
  /** What breaks a limit of the model is refused with one of these. */
  refusals: readonly string[];
};

/** Models newer than Debian's; where Debian's are of 2022. Their members are held to the SDK for JavaScript by the test. */
function bringUpToDate(control: Model, archive: Model): void {
  const stream = { StreamName: { shape: 'StreamName' }, StreamARN: { shape: 'ResourceARN' } };
  const storage = { StreamStorageConfiguration: { shape: 'StreamStorageConfiguration' } };
  const newer: Record<string, Shape> = {
    DefaultStorageTier: { type: 'string', enum: ['HOT', 'WARM'] },
    StreamStorageConfiguration: {
      type: 'structure',
      required: ['DefaultStorageTier'],
      members: { DefaultStorageTier: { shape: 'DefaultStorageTier' } },
    },
    DescribeStreamStorageConfigurationInput: { type: 'structure', members: stream },
    DescribeStreamStorageConfigurationOutput: { type: 'structure', members: { ...stream, ...storage } },
    UpdateStreamStorageConfigurationInput: {
      type: 'structure',
      required: ['CurrentVersion', 'StreamStorageConfiguration'],
      members: { ...stream, ...storage, CurrentVersion: { shape: 'Version' } },
    },
    UpdateStreamStorageConfigurationOutput: { type: 'structure', members: {} },
    NextToken: { type: 'string', min: 0, max: 1024, pattern: '[a-zA-Z0-9+/=]*' },
    SamplingInterval: { type: 'integer', min: 200 },
  };
  const update = ['ResourceInUseException', 'VersionMismatchException'];
  for (const [name, more] of [
    ['Describe', []],
    ['Update', update],
  ] as const) {
    const operation = `${name}StreamStorageConfiguration`;
    const errors = ['AccessDeniedException', 'ClientLimitExceededException', 'InvalidArgumentException', ...more];
    control.operations[operation] = {
      name: operation,
      http: { requestUri: `/${operation.charAt(0).toLowerCase()}${operation.slice(1)}` },
      input: { shape: `${operation}Input` },
      output: { shape: `${operation}Output` },
      errors: [...errors, 'ResourceNotFoundException'].map(shape => ({ shape })),
    };
  }
  Object.assign(control.shapes, newer);
  Object.assign(control.shapes.CreateStreamInput?.members ?? {}, storage);
  archive.shapes.GetImagesSamplingInterval = { type: 'integer', min: 200 };
  const images = archive.shapes.GetImagesInput;
  if (images?.members) {
    images.required = images.required?.filter(name => name !== 'SamplingInterval');
    images.members.SamplingInterval = { shape: 'GetImagesSamplingInterval' };
  }
  archive.operations.GetImages?.errors?.push({ shape: 'NoDataRetentionException' });
}

const notServed = /Signaling|Edge|MediaStorage|MappedResource/;

export async function servedOperations(): Promise<Served[]> {
  const version = '2017-09-30';
  const control = await serviceModel('kinesisvideo', version);
  const media = await serviceModel('kinesis-video-media', version);
  const archive = await serviceModel('kinesis-video-archived-media', version);
  const rekognition = await serviceModel('rekognition', '2016-06-27');
  bringUpToDate(control, archive);
  const refusals = ['InvalidArgumentException'];
  const video = [control, media, archive].flatMap(model =>
    Object.values(model.operations)
      .filter(({ name }) => !notServed.test(name))
      .map(operation => served(model, operation, { service: 'kinesisvideo', refusals })),
  );
  const { DetectLabels } = rekognition.operations;
  if (!DetectLabels) throw new Error('the model has no DetectLabels');
  const target = { target: 'RekognitionService.DetectLabels' };
  const labels = served(rekognition, DetectLabels, {
    service: 'rekognition',
    refusals: ['InvalidParameterException', 'ImageTooLargeException'],
  });
  return [...video, { ...labels, ...target }];
}

function served(
  { shapes }: Model,
  { name, http, input, output, errors = [] }: Model['operations'][string],
  of: Pick<Served, 'service' | 'refusals'>,
): Served {
  // JSON 1.1 services state no status: what is not the server's own failure is 400.
  const failure = (type: string) => (type === 'InternalServerError' ? 500 : 400);
  const statuses = errors.map(({ shape }): [string, number] => [
    shape,
    shapes[shape]?.error?.httpStatusCode ?? failure(shape),
  ]);
  return {
    ...{ name, path: http.requestUri, shapes, input: input.shape, output: output?.shape, errors: new Map(statuses) },
    ...of,
  };
}

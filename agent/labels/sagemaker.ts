// Labels from a model of one's own behind a SageMaker endpoint: a JPEG in, JSON out.
import { InvokeEndpointCommand, SageMakerRuntimeClient } from '@aws-sdk/client-sagemaker-runtime';
import type { SageMakerSettings } from '../../shared/label-settings.ts';
import { type Aws, clientOptions } from '../aws/aws.ts';
import { AgentError, isAbort } from '../errors.ts';
import { wanted } from './label-filter.ts';
import { readLabels } from './labels-file.ts';
import { checkPictureSize } from './picture-size.ts';
import type { LabelProvider } from './provider.ts';
import { labelsOf } from './sagemaker-answer.ts';
import { sageMakerError } from './sagemaker-errors.ts';

/** A picture's labels are a few kilobytes; probabilities of many classes some hundred. */
const maxAnswerBytes = 4 * 1024 * 1024;

/** One client for each model. The labels file is read with the first picture. */
export function sageMaker(aws: Aws, settings: SageMakerSettings): LabelProvider & Disposable {
  const { endpointName, variant, labelsFile } = settings;
  const client = new SageMakerRuntimeClient(clientOptions(aws));
  let names: readonly string[] | undefined;
  return {
    async detect(still, { signal, ...wishes }) {
      checkPictureSize(still, 'SageMaker');
      if (labelsFile !== undefined) names ??= await readLabels(labelsFile).catch(error => blameLabels(error));
      const command = new InvokeEndpointCommand({
        EndpointName: endpointName,
        ...(variant === undefined ? {} : { TargetVariant: variant }),
        ContentType: 'image/jpeg',
        Accept: 'application/json',
        Body: still.jpeg,
      });
      try {
        const { Body = new Uint8Array() } = await client.send(command, { abortSignal: signal });
        const answer = labelsOf(parse(Body, endpointName), { names, width: still.width, height: still.height });
        if ('problem' in answer) throw invalid(endpointName, answer.problem);
        return wanted(answer.labels, wishes);
      } catch (error) {
        if (isAbort(error, signal)) throw error;
        throw sageMakerError(error, endpointName);
      }
    },
    [Symbol.dispose]: () => client.destroy(),
  };
}

function parse(body: Uint8Array, endpoint: string): unknown {
  if (body.length > maxAnswerBytes)
    throw invalid(endpoint, 'answers with more than 4 MiB. Let it answer with labels only.');
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body));
  } catch (error) {
    throw invalid(
      endpoint,
      'answers with something that is no JSON. See docs/labels.md, and change what the model answers.',
      error,
    );
  }
}

function blameLabels(error: unknown): never {
  const why = error instanceof Error ? error.message : String(error);
  throw new AgentError({
    code: 'model-invalid',
    kind: 'invalid',
    retry: 'later',
    message: `The labels of a SageMaker endpoint are missing: ${why} Set labelsFile.`,
    cause: error,
  });
}

function invalid(endpoint: string, problem: string, cause?: unknown): AgentError {
  const message = `The endpoint ${endpoint} ${problem}`;
  return new AgentError({ code: 'model-invalid', kind: 'invalid', retry: 'later', message, cause });
}

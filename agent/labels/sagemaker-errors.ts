// Every way InvokeEndpoint can fail, as errors the owner can act on. The only place that knows the service's own error names.
import { rowsByName } from '../aws/error-names.ts';
import { AgentError } from '../errors.ts';
import { type LabelErrorRow, labelError, serviceRows } from './service-rows.ts';

const rows = serviceRows({
  name: 'SageMaker',
  action: 'sagemaker:InvokeEndpoint',
  throttledAdvice: 'Raise everySeconds of the cameras, or give the endpoint more instances.',
});

/** `{}` is where the endpoint's name goes. */
const unknownEndpoint: LabelErrorRow = {
  code: 'model-invalid',
  kind: 'invalid',
  retry: 'later',
  message:
    'SageMaker has no endpoint {} in service in this region, or it has no such variant. Set endpointName, variant or aws.region.',
};
const modelFailed: LabelErrorRow = {
  code: 'model-failed',
  kind: 'unavailable',
  retry: 'later',
  message:
    'The model behind the SageMaker endpoint {} failed. Look into its log in CloudWatch, and whether it takes image/jpeg and answers with JSON.',
};
const notReady: LabelErrorRow = {
  code: 'model-failed',
  kind: 'unavailable',
  retry: 'later',
  message: 'The model behind the SageMaker endpoint {} is still being loaded. It is asked again after a pause.',
};

const byName: Record<string, LabelErrorRow> = {
  ...rowsByName(rows),
  ValidationError: unknownEndpoint,
  ModelError: modelFailed,
  ModelNotReadyException: notReady,
  ServiceUnavailable: rows.trouble,
  InternalFailure: rows.trouble,
  InternalDependencyException: rows.trouble,
};

export function sageMakerError(error: unknown, endpoint: string): AgentError {
  const { code, kind, retry, message } = labelError(error, byName, rows);
  return new AgentError({ code, kind, retry, message: message.replace('{}', endpoint), cause: error });
}

// Every way DetectLabels can fail, as errors the owner can act on. The only place that knows the service's own error names.
import { rowsByName } from '../aws/error-names.ts';
import type { AgentError } from '../errors.ts';
import { type LabelErrorRow, labelError, serviceRows } from './service-rows.ts';

const rows = serviceRows({
  name: 'Rekognition',
  action: 'rekognition:DetectLabels',
  throttledAdvice: 'Raise everySeconds of the cameras, or the quota of the account.',
});

const byName: Record<string, LabelErrorRow> = {
  ...rowsByName(rows),
  ProvisionedThroughputExceededException: rows.throttled,
  LimitExceededException: rows.throttled,
  ImageTooLargeException: rows.badPicture,
  InvalidImageFormatException: rows.badPicture,
  InvalidParameterException: rows.badPicture,
  InternalServerError: rows.trouble,
};

export function rekognitionError(error: unknown): AgentError {
  return labelError(error, byName, rows);
}

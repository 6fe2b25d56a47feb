// One row for each way in which the service can misbehave: name and plan. `forMs` is filled in by the size of the run.
import type { FaultInput } from '../../agent/local-cloud/faults/plan.ts';
import { ackErrorIds } from '../../agent/local-cloud/put-media/ack.ts';

export type ServiceFault = {
  name: string;
  faults: (forMs: number) => FaultInput[];
  /** As of a scenario. */
  forgets?: boolean;
  /** Seconds of the published run; left out: 20. */
  longSeconds?: number;
};

const streamGone: FaultInput = {
  fault: 'answer',
  operation: 'PutMedia',
  status: 404,
  errorType: 'ResourceNotFoundException',
  times: 1,
};
const dropOnce: FaultInput = { fault: 'drop', afterBytes: 0, times: 1 };

const answers = (
  operation: 'PutMedia' | 'GetDataEndpoint' | 'DescribeStream' | 'ListFragments',
  status: number,
  errorType: string,
): ServiceFault => ({
  name: `${status} ${errorType.replace(/Exception$/, '')} to ${operation}`,
  // The connection breaks first: an upload that runs asks for nothing.
  faults: forMs => [
    { fault: 'answer', operation, status, errorType, forMs },
    // Only after something arrived unacknowledged there is a doubt to settle.
    operation === 'ListFragments' ? { fault: 'drop-before-acks', stored: true, times: 1 } : dropOnce,
    // The endpoint is asked for again only after an answer that puts it in doubt.
    ...(operation === 'GetDataEndpoint' || operation === 'DescribeStream' ? [streamGone] : []),
  ],
});

export const serviceFaults: readonly ServiceFault[] = [
  { name: 'connections refused', faults: forMs => [{ fault: 'refuse', forMs }], longSeconds: 60 },
  { name: 'connections reset', faults: forMs => [{ fault: 'reset', forMs }] },
  { name: 'half-open connection', faults: forMs => [{ fault: 'half-open', forMs }] },
  { name: 'dropped in mid-body', faults: forMs => [{ fault: 'drop', afterBytes: 20_000, forMs }] },
  {
    name: 'dropped after the body, before acks; stored',
    faults: forMs => [{ fault: 'drop-before-acks', stored: true, forMs }],
  },
  {
    name: 'dropped after the body, before acks; not stored',
    faults: forMs => [{ fault: 'drop-before-acks', stored: false, forMs }],
  },
  answers('PutMedia', 400, 'ClientLimitExceededException'),
  answers('PutMedia', 400, 'ConnectionLimitExceededException'),
  answers('PutMedia', 400, 'InvalidArgumentException'),
  answers('PutMedia', 400, 'InvalidEndpointException'),
  answers('PutMedia', 401, 'NotAuthorizedException'),
  answers('PutMedia', 403, 'AccessDeniedException'),
  answers('PutMedia', 404, 'ResourceNotFoundException'),
  answers('PutMedia', 429, 'TooManyRequestsException'),
  answers('PutMedia', 500, 'InternalFailure'),
  answers('PutMedia', 503, 'ServiceUnavailable'),
  answers('GetDataEndpoint', 503, 'ServiceUnavailable'),
  answers('DescribeStream', 503, 'ServiceUnavailable'),
  answers('ListFragments', 503, 'ServiceUnavailable'),
  { name: 'answers 3 s late', faults: forMs => [{ fault: 'slow', headersMs: 3000, forMs }, dropOnce] },
  { name: 'acks 2 s late', faults: forMs => [{ fault: 'slow', acksMs: 2000, forMs }] },
  { name: 'body read slower than real time', faults: forMs => [{ fault: 'slow', bytesPerSecond: 5000, forMs }] },
  ...ackErrorIds.map(
    (id): ServiceFault => ({
      name: `ack error ${id}`,
      faults: forMs => [{ fault: 'ack-error', id, times: 1, forMs: forMs * 10 }],
    }),
  ),
  {
    name: 'an ack error 5000 for every fragment',
    faults: forMs => [{ fault: 'ack-error', id: 5000, forMs }],
  },
  {
    name: 'PERSISTED withheld; stored',
    faults: forMs => [{ fault: 'withhold', acks: 'PERSISTED', stored: true, forMs }],
    longSeconds: 90,
  },
  {
    name: 'PERSISTED withheld; not stored',
    faults: forMs => [{ fault: 'withhold', acks: 'PERSISTED', stored: false, forMs }],
    forgets: true,
    longSeconds: 90,
  },
  {
    name: 'one PERSISTED withheld; stored',
    faults: () => [{ fault: 'withhold', acks: 'PERSISTED', stored: true, times: 1 }],
  },
  {
    name: 'one PERSISTED withheld; not stored',
    faults: () => [{ fault: 'withhold', acks: 'PERSISTED', stored: false, times: 1 }],
    forgets: true,
  },
  {
    name: 'every ack withheld; stored',
    faults: forMs => [{ fault: 'withhold', acks: 'all', stored: true, forMs }],
    longSeconds: 45,
  },
  {
    name: 'every ack withheld; not stored',
    faults: forMs => [{ fault: 'withhold', acks: 'all', stored: false, forMs }],
    forgets: true,
    longSeconds: 45,
  },
  { name: 'acks glued', faults: forMs => [{ fault: 'acks', as: 'glued', forMs }] },
  { name: 'acks byte by byte', faults: forMs => [{ fault: 'acks', as: 'split', forMs }] },
  { name: 'garbage between acks', faults: forMs => [{ fault: 'acks', as: 'garbage', forMs }] },
  { name: 'endpoint moved', faults: forMs => [{ fault: 'endpoint-moved', forMs }, dropOnce] },
  {
    name: 'ListFragments 2 s behind',
    faults: forMs => [
      { fault: 'list-late', lateMs: 2000, forMs },
      { fault: 'drop-before-acks', stored: true, times: 2 },
    ],
  },
];

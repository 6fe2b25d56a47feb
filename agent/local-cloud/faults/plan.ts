// The faults the embedded server can be told to have, and when. A plan is a list of them; each stands for itself.
import { z } from 'zod';
import { ackErrorIds } from '../put-media/ack.ts';
import { concernsStream, faultyOperations } from './operations.ts';

const dayMs = 86_400_000;

const when = {
  /** Begins so long after the plan is put … */
  afterMs: z.int().min(0).max(dayMs).default(0),
  /** … or at this wall time, milliseconds since 1970. */
  atMs: z.int().min(0).optional(),
  /** Over after this time; left out: not before the plan is deleted or replaced. */
  forMs: z.int().min(1).max(dayMs).optional(),
  /** Over when it was met so often. */
  times: z.int().min(1).optional(),
};

/** Only PutMedia connections of this stream; left out: of all. */
const ofStream = { ...when, stream: z.string().min(1).optional() };

/** Requests of this operation; left out: of every one. Those of one stream; left out: of all and none. */
const ofRequest = {
  ...ofStream,
  operation: z.enum(faultyOperations, { error: 'must be an operation of the server, such as GetMedia' }).optional(),
  /** With 3 the first that it would strike, the fourth, the seventh, and so on. */
  every: z.int().min(1).max(1_000_000).default(1),
};

const faults = [
  /** Nobody listens on the port; open connections are reset. The plan itself cannot be reached meanwhile. */
  z.strictObject({ fault: z.literal('refuse'), ...when }),
  /** Connections are accepted and reset at once; open ones are reset too. */
  z.strictObject({ fault: z.literal('reset'), ...when }),
  /** Connections stay open, but nothing is read and nothing answered: a router that forgot them. */
  z.strictObject({ fault: z.literal('half-open'), ...when }),
  /** An error answer in place of the operation. */
  z.strictObject({
    fault: z.literal('answer'),
    ...ofRequest,
    /** Left out: what the server has for this error, or else 500. */
    status: z.int().min(400).max(599).optional(),
    errorType: z
      .string()
      .regex(/^[A-Za-z0-9_.:#-]{1,128}$/, 'must be the name of an error, such as ThrottlingException'),
  }),
  /** The request is answered only after this time. */
  z.strictObject({ fault: z.literal('late-answer'), lateMs: z.int().min(1).max(dayMs), ...ofRequest }),
  /** The request is never answered; its connection stays open. */
  z.strictObject({ fault: z.literal('no-answer'), ...ofRequest }),
  /** The connection breaks after so many bytes of the answer's body. Of PutMedia: of its acks. */
  z.strictObject({ fault: z.literal('cut-answer'), afterBytes: z.int().min(0), ...ofRequest }),
  /** The answer's body comes no faster than this. Of PutMedia: its acks. */
  z.strictObject({ fault: z.literal('slow-answer'), bytesPerSecond: z.int().min(1), ...ofRequest }),
  /** Late answers, late acks, a body read slowly. */
  z.strictObject({
    fault: z.literal('slow'),
    headersMs: z.int().min(0).max(dayMs).default(0),
    acksMs: z.int().min(0).max(dayMs).default(0),
    bytesPerSecond: z.int().min(1).optional(),
    ...ofStream,
  }),
  /** The connection breaks after so many bytes of the body. */
  z.strictObject({ fault: z.literal('drop'), afterBytes: z.int().min(0), ...ofStream }),
  /** The connection breaks when a fragment is complete, before any of its acks; it is stored or not. */
  z.strictObject({ fault: z.literal('drop-before-acks'), stored: z.boolean(), ...ofStream }),
  /** The next fragment gets this ERROR, and the connection ends. */
  z.strictObject({
    fault: z.literal('ack-error'),
    id: z.int().refine(id => ackErrorIds.includes(id), 'must be an error id of PutMedia'),
    ...ofStream,
  }),
  /** Acks that do not come: PERSISTED only, or all. The fragments are stored or not. */
  z.strictObject({
    fault: z.literal('withhold'),
    acks: z.enum(['PERSISTED', 'all']),
    stored: z.boolean(),
    ...ofStream,
  }),
  /** Acks several in one write, byte by byte, or with garbage between them. */
  z.strictObject({ fault: z.literal('acks'), as: z.enum(['glued', 'split', 'garbage']), ...ofStream }),
  /** GetDataEndpoint names another port; the usual one says InvalidEndpointException to media calls. */
  z.strictObject({ fault: z.literal('endpoint-moved'), ...when }),
  /** The key's token is expired, also for connections that are open; the renewed key id (same secret) is accepted. */
  z.strictObject({
    fault: z.literal('token-expired'),
    accessKeyId: z.string().min(1),
    renewedAccessKeyId: z.string().min(1),
    ...when,
  }),
  /** ListFragments shows a fragment only so long after it is complete. */
  z.strictObject({ fault: z.literal('list-late'), lateMs: z.int().min(1).max(dayMs), ...when }),
] as const;

const kinds = faults.map(({ shape }) => shape.fault.value);

export const faultSchema = z
  .discriminatedUnion('fault', faults, {
    error: issue => (issue.code === 'invalid_union' ? `must be one of ${kinds.join(', ')}` : undefined),
  })
  .superRefine((fault, context) => {
    const refuse = (member: string, message: string) =>
      context.addIssue({ code: 'custom', path: [member], message, input: fault });
    if (fault.atMs !== undefined && fault.afterMs > 0) refuse('afterMs', 'cannot be given together with atMs');
    if (!('operation' in fault) || fault.operation === undefined || fault.stream === undefined) return;
    if (!concernsStream(fault.operation)) refuse('stream', `cannot be given: ${fault.operation} is about no stream`);
  });

export const planSchema = z.strictObject({ faults: z.array(faultSchema).max(1000) });

export type Fault = z.output<typeof faultSchema>;
export type FaultInput = z.input<typeof faultSchema>;
export type FaultKind = Fault['fault'];
/** Faults of single requests, whatever they are for. */
export const requestFaults = ['answer', 'late-answer', 'no-answer', 'cut-answer', 'slow-answer'] as const;
export type RequestFaultKind = (typeof requestFaults)[number];
export type FaultOf<Kind extends FaultKind> = Extract<Fault, { fault: Kind }>;

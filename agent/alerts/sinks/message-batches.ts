// What SNS and SQS share: the form and the limits of their batches, and the order of FIFO topics and queues.
import type { Alert } from '../../../shared/alert.ts';
import { type Entry, type Outcomes, orderKeyOf } from './aws-batches.ts';
import { awsEntryError } from './aws-errors.ts';

/** Of one call. Queues may be set to take less than the 1 MiB of SQS; this is what all of them took for years. */
const messageCallBytes = 256 * 1024;
/** Of one message: names, types and values count. */
const attributeBytes = 512;
const messagesInCall = 10;

export const messageLimits = {
  most: messagesInCall,
  mostBytes: messageCallBytes - messagesInCall * attributeBytes,
  entryBytes: messageCallBytes - messagesInCall * attributeBytes,
} as const;

/** What a topic or queue that keeps an order, `….fifo`, must be told of a message; nothing for others. */
export function fifoOrder(
  topicOrQueue: string,
  alert: Alert,
): { MessageGroupId?: string; MessageDeduplicationId?: string } {
  return topicOrQueue.endsWith('.fifo') ? { MessageGroupId: orderKeyOf(alert), MessageDeduplicationId: alert.id } : {};
}

/** What SNS and SQS say of single entries, whose ids are their places in the call. */
export function outcomesById(
  entries: readonly Entry[],
  failed: readonly { Id: string | undefined; Code: string | undefined }[],
  destination: string,
): Outcomes {
  const codes = new Map(failed.map(({ Id, Code }) => [Id, Code]));
  return entries.map((_, index) =>
    codes.has(String(index)) ? awsEntryError(codes.get(String(index)), destination) : undefined,
  );
}

// SOAP faults, of SOAP 1.2 and 1.1: what they mean for the caller.
import { descend, textAt, type XmlElement } from '../soap/xml.ts';
import { UnreadableAnswer } from './unreadable.ts';

export type FaultMeaning = 'not-authorized' | 'not-offered' | 'busy' | 'refused';

export class OnvifFault extends Error {
  override readonly name = 'OnvifFault';
  readonly means: FaultMeaning;

  constructor(means: FaultMeaning, said: string) {
    super(said);
    this.means = means;
  }
}

/** In order: subcodes as ONVIF and WS-Security define them, then what cameras write as the reason instead. */
const meanings: readonly [pattern: RegExp, means: FaultMeaning][] = [
  [
    /NotAuthorized|FailedAuthentication|FailedCheck|InvalidSecurity|MessageExpired|InvalidUser|SecurityError/i,
    'not-authorized',
  ],
  [/OperationProhibited|AuthenticationRequired/i, 'not-authorized'],
  [/ActionNotSupported|NotImplemented|MethodNotFound|NotSupported|UnknownAction/i, 'not-offered'],
  [/OutofMemory|MaxNumber|MaxPullPoints|MaxNotificationProducers|TooMany|Busy/i, 'busy'],
  [/not\s+authori[sz]ed|unauthori[sz]ed|authentication|wrong (user|password)/i, 'not-authorized'],
  [/not\s+(supported|implemented)|no such (method|operation)|method .* not/i, 'not-offered'],
];

/**
 * What is inside the body of an envelope.
 * @throws OnvifFault when that is a fault; UnreadableAnswer when it is no envelope or empty
 */
export function bodyOf(root: XmlElement): XmlElement {
  if (root.name !== 'Envelope') throw new UnreadableAnswer('it is not a SOAP envelope');
  const body = descend(root, 'Body');
  const fault = descend(body, 'Fault');
  if (fault) throw faultOf(fault);
  const [content] = body?.children ?? [];
  if (!content) throw new UnreadableAnswer('its SOAP body is empty');
  return content;
}

/** @throws UnreadableAnswer when the answer is to something else */
export function expectAnswer(content: XmlElement, operation: string): XmlElement {
  if (content.name !== `${operation}Response`) throw new UnreadableAnswer('it answers another question');
  return content;
}

function faultOf(fault: XmlElement): OnvifFault {
  const codes = [
    textAt(fault, 'Code', 'Subcode', 'Subcode', 'Value'),
    textAt(fault, 'Code', 'Subcode', 'Value'),
    textAt(fault, 'Code', 'Value'),
    textAt(fault, 'faultcode'),
  ].filter(code => code !== undefined);
  const reason = textAt(fault, 'Reason', 'Text') ?? textAt(fault, 'faultstring') ?? '';
  const said = [...codes, reason].join(' ').slice(0, 300);
  const known = meanings.find(([pattern]) => pattern.test(said));
  return new OnvifFault(known?.[1] ?? 'refused', said);
}

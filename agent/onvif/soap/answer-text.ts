// The body of an HTTP answer → the text of its XML, or why it is none. Pure.
import type { IncomingHttpHeaders } from 'node:http';
import { UnreadableAnswer } from '../answers/unreadable.ts';

/** Types that cameras give their XML, rightly or not. What is a web page shows only inside. */
const possibleTypes = /^($|application\/([\w.+-]*xml|octet-stream)|text\/(xml|plain|html)|multipart\/related)/i;

export class WebPage extends Error {
  override readonly name = 'WebPage';
}

/** @throws WebPage for HTML; UnreadableAnswer for what is neither */
export function answerText(headers: IncomingHttpHeaders, body: Uint8Array): string {
  const type = headers['content-type'] ?? '';
  const encoding = headers['content-encoding'] ?? 'identity';
  // It was asked for as it is; unpacking it could make gigabytes of kilobytes.
  if (!/^(identity)?$/i.test(encoding.trim())) throw new UnreadableAnswer('it is compressed, which was not asked for');
  if (!possibleTypes.test(type.trim())) throw new UnreadableAnswer('it is of a type that is not XML');
  const text = decode(body, type);
  if (/^\s*<(!doctype\s+html|html)\b/i.test(text.slice(0, 1000))) throw new WebPage();
  const start = text.indexOf('<');
  if (start < 0) throw new UnreadableAnswer(text.trim() === '' ? 'it is empty' : 'it is not XML');
  return text.slice(start);
}

/** As the header or the XML declaration says; UTF-8 when that is unknown. Broken characters are replaced. */
function decode(body: Uint8Array, type: string): string {
  const head = Buffer.from(body.subarray(0, 200)).toString('latin1');
  const declared = /^[^<]{0,4}<\?xml[^>]*?encoding\s*=\s*["']([\w.:-]{1,40})["']/i.exec(head)?.[1];
  const named = /;\s*charset\s*=\s*"?([\w.:-]{1,40})/i.exec(type)?.[1];
  return (decoderOf(named) ?? decoderOf(declared) ?? new TextDecoder()).decode(body);
}

function decoderOf(label: string | undefined): InstanceType<typeof TextDecoder> | undefined {
  if (label === undefined) return undefined;
  try {
    return new TextDecoder(label);
  } catch {
    return undefined;
  }
}

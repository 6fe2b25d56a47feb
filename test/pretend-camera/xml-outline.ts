// What an XML answer is made of, without its texts: read by Python's parser, so that no code under test judges itself.
import { execFile } from 'node:child_process';

const PROGRAM = `
import json, sys
from xml.etree import ElementTree
PREFIXES = {
    'http://www.w3.org/2003/05/soap-envelope': 's', 'http://www.onvif.org/ver10/device/wsdl': 'tds',
    'http://www.onvif.org/ver10/media/wsdl': 'trt', 'http://www.onvif.org/ver20/media/wsdl': 'tr2',
    'http://www.onvif.org/ver10/events/wsdl': 'tev', 'http://www.onvif.org/ver10/schema': 'tt',
    'http://docs.oasis-open.org/wsn/b-2': 'wsnt', 'http://docs.oasis-open.org/wsn/t-1': 'wstop',
    'http://www.onvif.org/ver10/topics': 'tns1', 'http://www.w3.org/2005/08/addressing': 'wsa',
    'http://schemas.xmlsoap.org/ws/2004/08/addressing': 'wsa04', 'http://schemas.xmlsoap.org/ws/2005/04/discovery': 'd',
}
def name(tag):
    namespace, _, local = tag.rpartition('}')
    return (PREFIXES.get(namespace[1:], namespace) + ':' if namespace else '') + local
def outline(element):
    attributes = '[' + ' '.join(name(key) for key in element.attrib) + ']' if element.attrib else ''
    children = '(' + ' '.join(outline(child) for child in element) + ')' if len(element) else ''
    return name(element.tag) + attributes + children
json.dump([' '.join(outline(part) for part in ElementTree.fromstring(text)) for text in json.load(sys.stdin)], sys.stdout)
`;

/** For each document what is in its root: elements as prefix:name[attributes](children), in their order. */
export function xmlOutlines(documents: string[]): Promise<string[]> {
  const { promise, resolve, reject } = Promise.withResolvers<string[]>();
  const python = execFile('/usr/bin/python3', ['-c', PROGRAM], (error, stdout) => {
    if (error) reject(error);
    else resolve(JSON.parse(stdout));
  });
  python.stdin?.end(JSON.stringify(documents));
  return promise;
}

/** The texts of all elements with this local name, in their order. */
export function textsOf(xml: string, localName: string): string[] {
  return [...xml.matchAll(new RegExp(`<(?:[\\w-]+:)?${localName}(?: [^>]*)?>([^<]*)<`, 'g'))].map(
    match => match[1] ?? '',
  );
}

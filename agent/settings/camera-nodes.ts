// Cameras and rules as nodes of the settings' YAML document: found by id, added, changed setting by setting, taken out.
import { isDeepStrictEqual } from 'node:util';
import { type Document, isMap, isScalar, isSeq, visit, type YAMLMap, YAMLSeq } from 'yaml';
import { listNotPlain } from './edit-errors.ts';
import { type Group, isGroup } from './merge-patch.ts';

/** At the end of the list, which is made when there is none. Throws AgentError `settings-invalid` for a list made of aliases. */
export function addCameras(document: Document, cameras: readonly Group[]): void {
  const list = cameraList(document);
  for (const camera of cameras) list.add(newNode(document, camera, { itself: list.flow === true }));
}

/** Sets what differs from `camera`, and takes out what it does not have. Throws as `addCameras` does. */
export function changeCamera(document: Document, id: string, camera: Group): void {
  const { items } = listOf(document, 'cameras');
  const node = items.find(item => idOf(item) === id);
  if (!isMap(node)) throw listNotPlain();
  changeGroup(document, node, camera);
}

/** Throws as `addCameras` does. */
export function dropCamera(document: Document, id: string): void {
  drop(listOf(document, 'cameras'), id);
}

/** Throws as `addCameras` does. */
export function dropRule(document: Document, id: string): void {
  drop(listOf(document, 'rules'), id);
}

/** Takes the camera out of the cameras the rule is for. Throws as `addCameras` does. */
export function dropFromRule(document: Document, ruleId: string, cameraId: string): void {
  const rule = listOf(document, 'rules').items.find(item => idOf(item) === ruleId);
  const cameras = isMap(rule) ? rule.getIn(['when', 'cameras']) : undefined;
  if (!isSeq(cameras)) throw listNotPlain();
  cameras.items = cameras.items.filter(item => !(isScalar(item) && item.value === cameraId));
}

function cameraList(document: Document): YAMLSeq {
  if (!document.has('cameras')) document.set('cameras', new YAMLSeq());
  const list = listOf(document, 'cameras');
  if (list.items.length === 0) list.flow = isMap(document.contents) && document.contents.flow === true;
  return list;
}

function listOf(document: Document, name: string): YAMLSeq {
  const list = document.get(name);
  if (!isSeq(list)) throw listNotPlain();
  return list;
}

function drop(list: YAMLSeq, id: string): void {
  const at = list.items.findIndex(item => idOf(item) === id);
  if (at < 0) throw listNotPlain();
  list.delete(at);
  // An empty list has only one way to be written.
  if (list.items.length === 0) list.flow = true;
}

function idOf(item: unknown): unknown {
  return isMap(item) ? item.get('id') : undefined;
}

/** Only what differs is touched, so that the comments beside the rest stay. */
function changeGroup(document: Document, node: YAMLMap, group: Group): void {
  const keys = node.items.flatMap(({ key }) => (isScalar(key) ? String(key.value) : []));
  for (const key of keys) if (group[key] === undefined) node.delete(key);
  for (const [key, value] of Object.entries(group)) {
    const old = node.get(key, true);
    const present = old?.toJS(document);
    if (value === undefined || isDeepStrictEqual(present, value)) continue;
    if (isMap(old) && isGroup(value)) changeGroup(document, old, value);
    else if (isScalar(old) && !isGroup(value)) node.set(key, value);
    else node.set(key, newNode(document, value, { itself: true }));
  }
}

/** Groups within the value are written on one line, as in the documentation, and so is the value `itself` if asked for. */
function newNode(document: Document, value: unknown, { itself }: { itself: boolean }) {
  const node = document.createNode(value);
  visit(node, {
    Collection(key, collection) {
      collection.flow = key !== null || itself;
    },
  });
  return node;
}

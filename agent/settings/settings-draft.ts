// A settings file that is being changed: cameras are added, changed and removed in memory, each checked as it comes. What
// comes out is the new text, the passwords to keep beside it, and the cameras that may have old ones to forget.
import { dirname, resolve } from 'node:path';
import type { Document } from 'yaml';
import type { CameraChanges, NewCamera } from '../../shared/camera-edits.ts';
import { cameraSchema } from '../../shared/camera-settings.ts';
import type { SecretReference } from '../../shared/names.ts';
import { AgentError } from '../errors.ts';
import { Secret } from '../secret.ts';
import { addCameras, changeCamera, dropCamera, dropFromRule, dropRule } from './camera-nodes.ts';
import { isOwnSecret, nextSecretFile, referenceTo, type SecretPlaces } from './camera-secrets.ts';
import {
  cameraExists,
  cameraInRules,
  cameraUnknown,
  fieldsInvalid,
  fileInvalidMeanwhile,
  listNotPlain,
} from './edit-errors.ts';
import { editYaml } from './edit-text.ts';
import { type AgentSettings, parseWritten } from './load.ts';
import { type Group, isGroup, mergePatch } from './merge-patch.ts';
import { cameraProblems } from './problems.ts';

/** With a password as it was typed, or the place of one. */
export type CameraEntry = Omit<NewCamera, 'password'> & { password?: string | SecretReference };

/** Ids of rules. */
export type RuleChanges = { changedRules: string[]; removedRules: string[] };

/** A camera as it is written in the file. */
type Written = Group & { id: string };

const order = Object.keys(cameraSchema.shape);

export class SettingsDraft {
  /** As the file is. */
  readonly settings: AgentSettings;
  /** Typed passwords by the file that each goes to. */
  readonly secrets = new Map<string, Secret>();
  /** Ids of cameras that may have secret files which nothing refers to any more. */
  readonly touched = new Set<string>();
  readonly #path: string;
  readonly #text: string;
  readonly #cameras: Map<string, Written>;
  readonly #changes: ((document: Document) => void)[] = [];
  readonly #added: Group[] = [];

  /** `text` is what the file at `path` holds. @throws AgentError `settings-unreadable`, `settings-invalid` when it is not right */
  constructor(path: string, text: string) {
    this.#path = path;
    this.#text = text;
    try {
      const { settings, written } = parseWritten(path, text);
      this.settings = settings;
      this.#cameras = new Map(writtenCameras(written).map(camera => [camera.id, camera]));
    } catch (error) {
      throw error instanceof AgentError ? fileInvalidMeanwhile(error) : error;
    }
  }

  /** @throws AgentError `camera-exists`, `settings-invalid` with the fields that are wrong */
  add({ password, ...entry }: CameraEntry): void {
    const { id } = entry;
    if (this.#cameras.has(id)) throw cameraExists(id);
    const camera: Written = { ...entry, id };
    const secret = this.#refer(camera, password);
    requireRight(camera, this.settings.models);
    this.#keep(camera, secret);
    this.#added.push(inOrder(camera));
  }

  /** @throws AgentError `camera-unknown`, `settings-invalid` with the fields that are wrong */
  change(id: string, { password, ...changes }: CameraChanges): void {
    const old = this.#known(id);
    if ('id' in changes && changes.id !== id)
      throw fieldsInvalid(`the camera ${id}`, [{ path: 'id', message: idIsFixed }]);
    const camera: Written = { ...mergePatch(old, changes), id };
    if (password === null || camera.username === undefined) delete camera.password;
    else if (password === undefined) requireSameHosts(old, camera);
    const secret = this.#refer(camera, password ?? undefined);
    requireRight(camera, this.settings.models);
    this.#keep(camera, secret);
    this.#changes.push(document => changeCamera(document, id, camera));
  }

  /** @throws AgentError `camera-unknown`, `camera-in-rules` unless `force` */
  remove(id: string, { force }: { force: boolean }): RuleChanges {
    this.#known(id);
    const naming = this.settings.rules.filter(({ when }) => when.cameras?.includes(id));
    const ids = naming.map(rule => rule.id);
    if (naming.length > 0 && !force) throw cameraInRules(id, ids);
    // Without any camera in its list, a rule would be for all of them.
    const lone = naming.filter(({ when }) => when.cameras?.every(camera => camera === id)).map(rule => rule.id);
    const changed = ids.filter(rule => !lone.includes(rule));
    for (const rule of lone) this.#changes.push(document => dropRule(document, rule));
    for (const rule of changed) this.#changes.push(document => dropFromRule(document, rule, id));
    this.#changes.push(document => dropCamera(document, id));
    this.#cameras.delete(id);
    this.touched.add(id);
    return { changedRules: changed, removedRules: lone };
  }

  /** The cameras as they are written; a password that the agent keeps itself is nobody else's, and is left out. */
  written(): Group[] {
    const places = placesOf(this.#path, this.settings);
    return [...this.#cameras.values()].map(({ password, ...camera }) => {
      const place = this.settings.cameras.find(({ id }) => id === camera.id)?.password;
      return isOwnSecret(camera.id, place, places) ? camera : inOrder({ ...camera, password });
    });
  }

  /**
   * The file's new text. One change after the other: each leaves all lines but its own as they are.
   * @throws AgentError `settings-invalid` for a file whose aliases stand in the way
   */
  text(): string {
    const added = this.#added.length === 0 ? [] : [(document: Document) => addCameras(document, this.#added)];
    try {
      return [...this.#changes, ...added].reduce(editYaml, this.#text);
    } catch (error) {
      // The parser's, for an alias whose anchor went with what was changed.
      throw error instanceof AgentError ? error : listNotPlain(error);
    }
  }

  #known(id: string): Written {
    const camera = this.#cameras.get(id);
    if (!camera) throw cameraUnknown(id, [...this.#cameras.keys()]);
    return camera;
  }

  /** Puts the place of the password into the camera; resolves to what is to be written there. */
  #refer(
    camera: Written,
    password: string | SecretReference | undefined,
  ): { file: string; secret: Secret } | undefined {
    if (password === undefined) return undefined;
    if (typeof password !== 'string') {
      camera.password = password;
      return undefined;
    }
    const places = placesOf(this.#path, this.settings);
    const present = this.settings.cameras.find(({ id }) => id === camera.id)?.password;
    const file = nextSecretFile(camera.id, present, places);
    camera.password = referenceTo(file, places);
    return { file, secret: new Secret(password) };
  }

  #keep(camera: Written, secret: { file: string; secret: Secret } | undefined): void {
    this.#cameras.set(camera.id, camera);
    this.touched.add(camera.id);
    if (secret) this.secrets.set(secret.file, secret.secret);
  }
}

export function placesOf(path: string, { dataDir }: AgentSettings): SecretPlaces {
  return { dataDir, folder: resolve(dirname(path)) };
}

const idIsFixed =
  'cannot change, for recordings are kept under it: add the camera under its new id and remove this one';

function requireRight(camera: Written, models: AgentSettings['models']): void {
  const problems = cameraProblems(camera, models);
  if (problems.length > 0) throw fieldsInvalid(camera.id ? `the camera ${camera.id}` : 'the camera', problems);
}

/**
 * Whoever may change an address must not learn the password by it: the agent would send it to any host that the new address
 * names. So it is kept only while no other host comes in.
 */
function requireSameHosts(old: Written, camera: Written): void {
  if (camera.password === undefined) return;
  const known = hostsOf(old);
  const foreign = [...hostsOf(camera)].filter(host => !known.has(host));
  if (foreign.length === 0) return;
  const message =
    `is needed again: the address names another host (${foreign.join(', ')}), and the password that is kept is only ` +
    'sent to the host it was given for';
  throw fieldsInvalid(`the camera ${camera.id}`, [{ path: 'password', message }]);
}

/** Every host that the camera's user and password are sent to. */
function hostsOf({ url, onvif }: Written): Set<string> {
  const addresses = [url, isGroup(onvif) ? onvif.url : undefined];
  const hosts = addresses.map(address =>
    typeof address === 'string' && URL.canParse(address) ? new URL(address).hostname.toLowerCase() : '',
  );
  return new Set(hosts.filter(host => host !== ''));
}

/** Settings in the order in which they are documented; what is undefined is left out. */
function inOrder(entry: object): Group {
  const place = (key: string) => (order.includes(key) ? order.indexOf(key) : order.length);
  const set = Object.entries(entry).filter(([, value]) => value !== undefined);
  return Object.fromEntries(set.sort(([a], [b]) => place(a) - place(b)));
}

/** `written` has passed the schema. */
function writtenCameras(written: unknown): Written[] {
  const cameras = isGroup(written) ? written.cameras : undefined;
  return Array.isArray(cameras) ? cameras : [];
}

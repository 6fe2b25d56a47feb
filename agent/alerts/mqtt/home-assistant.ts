// The cameras and rules as Home Assistant's MQTT discovery wants them described: one retained message for each entity, by
// which Home Assistant shows it, and which is emptied when it goes. Pure.
import { createHash } from 'node:crypto';
import type { Site, SiteState } from '../site-state.ts';
import { type Watch, watchesOf } from './states.ts';
import type { StateTopics } from './topics.ts';

export type DiscoveryOptions = {
  prefix: string;
  /** Names this agent among others at the broker; see `nodeOf`. */
  node: string;
  topics: StateTopics;
  site: { site: Pick<Site, 'siteName'> };
  cameraIds: readonly string[];
  watches: readonly Watch[];
  commands: boolean;
  consoleUrl?: string | undefined;
};

type Entity = {
  component: 'binary_sensor' | 'sensor' | 'switch';
  /** Unique among those of the agent. */
  id: string;
  device: Record<string, unknown>;
  config: Record<string, unknown>;
  /** Left out for what tells of the agent itself, which is off, not unavailable, when the agent is. */
  alwaysAvailable?: true;
};

/** Topic and payload of each entity. */
export function discovery(options: DiscoveryOptions): [topic: string, payload: string][] {
  return entitiesOf(options).map(({ component, id, device, config, alwaysAvailable }) => [
    `${options.prefix}/${component}/${options.node}/${id}/config`,
    JSON.stringify({
      ...config,
      unique_id: `${options.node}_${id}`,
      ...(alwaysAvailable ? {} : { availability_topic: options.topics.availability }),
      device,
      origin: { name: 'kvs-edge' },
    }),
  ]);
}

export type AnnouncedSite = Pick<DiscoveryOptions, 'prefix' | 'node' | 'topics' | 'commands'> & {
  site: SiteState;
  destination: string;
  /** May become known later. */
  consoleUrl: () => string | undefined;
};

/** `discovery` of what there is now. With many cameras and rules it is long: it is made anew only when settings changed. */
export function announcementsOf(options: AnnouncedSite): () => ReturnType<typeof discovery> {
  let made: { site: Site; consoleUrl: string | undefined; entities: ReturnType<typeof discovery> } | undefined;
  return () => {
    const { site, destination } = options;
    const consoleUrl = options.consoleUrl();
    if (made?.site === site.site && made.consoleUrl === consoleUrl) return made.entities;
    const cameraIds = site.site.cameras.map(({ id }) => id);
    const watches = watchesOf(site, destination);
    const entities = discovery({ ...options, consoleUrl, cameraIds, watches });
    made = { site: site.site, consoleUrl, entities };
    return entities;
  };
}

/** Filter for everything that this agent has announced, also in an earlier run. */
export function discoveryFilter({ prefix, node }: Pick<DiscoveryOptions, 'prefix' | 'node'>): string {
  return `${prefix}/+/${node}/+/config`;
}

/** A site's name as Home Assistant wants names, and without _, which parts ids. Different names stay different. */
export function nodeOf(site: string): string {
  const plain = site.replace(/[^a-zA-Z0-9-]+/g, '-');
  const mark = plain === site ? '' : `-${createHash('sha256').update(site).digest('hex').slice(0, 6)}`;
  return `kvs-edge-${plain}${mark}`;
}

function entitiesOf(options: DiscoveryOptions): Entity[] {
  const { topics, cameraIds, watches, commands, node, site, consoleUrl } = options;
  const agent = {
    identifiers: [node],
    name: site.site.siteName,
    model: 'kvs-edge agent',
    ...(consoleUrl ? { configuration_url: consoleUrl } : {}),
  };
  const cameraDevice = (cameraId: string) => ({
    identifiers: [`${node}_${cameraId}`],
    name: cameraId,
    model: 'Camera',
    via_device: node,
    ...(consoleUrl ? { configuration_url: new URL(`/camera/${cameraId}`, consoleUrl).href } : {}),
  });
  const connectivity = { device_class: 'connectivity', payload_on: 'online', payload_off: 'offline' };
  const diagnostic = { ...connectivity, entity_category: 'diagnostic' };
  const snooze = (target: { cameraId?: string; ruleId?: string }, name: string) => ({
    component: 'switch' as const,
    id: [...idsOf(target), 'snooze'].join('_'),
    config: {
      name,
      icon: 'mdi:bell-sleep',
      state_topic: topics.snoozed(target),
      command_topic: topics.snoozeCommand(target),
      entity_category: 'config',
    },
  });
  return [
    {
      component: 'binary_sensor',
      id: 'agent',
      device: agent,
      config: { name: 'Agent', state_topic: topics.availability, ...diagnostic },
      alwaysAvailable: true,
    },
    ...(commands ? [{ ...snooze({}, 'Snooze all alerts'), device: agent }] : []),
    ...cameraIds.flatMap((cameraId): Entity[] => [
      {
        component: 'binary_sensor',
        id: `${plainId(cameraId)}_video`,
        device: cameraDevice(cameraId),
        config: { name: 'Video', state_topic: topics.camera(cameraId), ...diagnostic },
      },
      {
        component: 'sensor',
        id: `${plainId(cameraId)}_label`,
        device: cameraDevice(cameraId),
        config: {
          name: 'Last seen',
          icon: 'mdi:eye',
          state_topic: topics.label(cameraId),
          value_template: '{{ value_json.label }}',
          json_attributes_topic: topics.label(cameraId),
        },
      },
      ...(commands ? [{ ...snooze({ cameraId }, 'Snooze alerts'), device: cameraDevice(cameraId) }] : []),
    ]),
    ...watches.flatMap(({ cameraId, rule }): Entity[] => [
      {
        component: 'binary_sensor',
        id: `${plainId(cameraId)}_${plainId(rule.id)}_rule`,
        device: cameraDevice(cameraId),
        config: { name: rule.id, device_class: 'motion', state_topic: topics.rule(cameraId, rule.id) },
      },
      ...(commands
        ? [{ ...snooze({ cameraId, ruleId: rule.id }, `Snooze ${rule.id}`), device: cameraDevice(cameraId) }]
        : []),
    ]),
  ];
}

function idsOf({ cameraId, ruleId }: { cameraId?: string; ruleId?: string }): string[] {
  return [cameraId, ruleId].flatMap(id => (id === undefined ? [] : [plainId(id)]));
}

/** Ids may contain _ themselves, which parts them here: doubled, no two pairs of ids become the same. */
function plainId(id: string): string {
  return id.replaceAll('_', '__');
}

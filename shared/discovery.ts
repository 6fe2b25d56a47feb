// What a search for cameras tells, as it happens: the network interfaces it used, each camera once, and at the end what
// the owner can do when cameras are missing. Everything a device said of itself is bounded and free of control characters.
import { z } from 'zod';

export type DiscoveredCamera = {
  /** The device's own urn; its address when it names none. */
  id: string;
  /** Where the answer came from: an IPv4 address, or an IPv6 one, link-local ones with `%interface`. */
  address: string;
  vendor?: string;
  model?: string;
  name?: string;
  location?: string;
  /** Of its ONVIF device service. The host is always `address`, whatever the device said. */
  onvifUrl?: string;
  /** Without a path: where RTSP was answered. Cameras found through ONVIF tell their stream themselves, once signed in. */
  rtspUrl?: string;
  /** What its RTSP server calls itself. */
  rtspServer?: string;
  /** `ws-discovery`: it answered a multicast; `unicast`: it answered to its own address; `scan`: an RTSP port is open. */
  how: 'ws-discovery' | 'unicast' | 'scan';
  /** Addresses the device named that are not its own. Nothing is ever sent there. */
  ignoredAddresses?: string[];
  /** The camera of the settings that is this one. */
  alreadyAdded?: string;
};

export type DiscoveryAdvice = {
  code:
    | 'no-network'
    | 'container-network'
    | 'probe-failed'
    | 'nothing-answered'
    | 'onvif-off'
    | 'other-network'
    | 'firewall'
    | 'host-silent'
    | 'host-without-camera'
    | 'answers-unreadable'
    | 'answers-too-many'
    | 'addresses-ignored'
    | 'ipv6-only';
  /** One or two sentences. */
  text: string;
};

export type DiscoveryEvent =
  /** `reason` says why not, when it was not probed. `address` is empty when the interface has none. */
  | { type: 'interface'; name: string; address: string; probed: boolean; reason?: string }
  | { type: 'found'; camera: DiscoveredCamera }
  | { type: 'done'; advice: DiscoveryAdvice[] };

export type InterfaceEvent = Extract<DiscoveryEvent, { type: 'interface' }>;

/** What the console asks for: nothing searches the device's own networks, `scan` every address of a range (192.168.1.0/24). */
export const discoveryRequestSchema = z
  .strictObject({
    host: z
      .string()
      .max(255)
      .regex(/^[\w.:%[\]-]+$/)
      .optional(),
    scan: z
      .string()
      .max(64)
      .regex(/^[\d./]+$/)
      .optional(),
    /** The owner agreed to have this very range scanned. */
    consent: z.boolean().default(false),
  })
  .refine(({ host, scan }) => host === undefined || scan === undefined, 'takes host or scan, not both');

export type DiscoveryRequest = z.input<typeof discoveryRequestSchema>;

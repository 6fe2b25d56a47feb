// The cameras of one search, each once: by urn and address, and by the service it names, for firmware that makes up a
// new urn for every answer. A camera with IPv4 and IPv6 is shown with IPv4. Bounded, whoever floods.
import type { DiscoveredCamera } from '../../shared/discovery.ts';

const mostCameras = 512;
/** A recorder answers for each of its channels. */
const mostOfOneAddress = 64;

export class FoundCameras {
  readonly #seen = new Set<string>();
  readonly #shownUrns = new Set<string>();
  readonly #perAddress = new Map<string, number>();
  readonly #heldBack = new Map<string, DiscoveredCamera>();
  #count = 0;
  #overflowed = false;

  /** How many cameras were shown. */
  get count(): number {
    return this.#count;
  }

  /** Whether there were more than fit. */
  get overflowed(): boolean {
    return this.#overflowed;
  }

  /** True when this camera is to be shown: it is new, and nothing better is expected of it. */
  add(camera: DiscoveredCamera): boolean {
    const isIpv6 = camera.address.includes(':');
    if (isIpv6 && !this.#shownUrns.has(camera.id)) this.#holdBack(camera);
    if (isIpv6) return false;
    this.#heldBack.delete(camera.id);
    return this.#isNew(camera);
  }

  /** Those that were only heard over IPv6. To be called once, at the end. */
  *onlyIpv6(): Generator<DiscoveredCamera> {
    for (const camera of this.#heldBack.values()) if (this.#isNew(camera)) yield camera;
  }

  #holdBack(camera: DiscoveredCamera): void {
    if (this.#heldBack.has(camera.id)) return;
    if (this.#heldBack.size < mostCameras) this.#heldBack.set(camera.id, camera);
    else this.#overflowed = true;
  }

  #isNew({ id, address, onvifUrl }: DiscoveredCamera): boolean {
    const keys = [`${id} ${address}`, ...(onvifUrl ? [onvifUrl] : [])];
    if (keys.some(key => this.#seen.has(key))) return false;
    const ofAddress = this.#perAddress.get(address) ?? 0;
    if (this.#count >= mostCameras || ofAddress >= mostOfOneAddress) {
      this.#overflowed = true;
      return false;
    }
    this.#perAddress.set(address, ofAddress + 1);
    for (const key of keys) this.#seen.add(key);
    this.#shownUrns.add(id);
    this.#count++;
    return true;
  }
}

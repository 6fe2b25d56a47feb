// What the settings say of a device certificate.

export type IotSettings = {
  /** Host, with a port when it is not 443. */
  endpoint: string;
  roleAlias: string;
  thingName?: string | undefined;
  /** Paths of PEM files. */
  certificateFile: string;
  privateKeyFile: string;
  /** Left out: the authorities Node.js knows. */
  caFile?: string | undefined;
};

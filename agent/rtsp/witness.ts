// What can be seen of a camera on the way to a session and is nobody's business afterwards: for whoever examines it.

export type SeenCertificate = {
  /** Colon-separated SHA-256. */
  fingerprint: string;
  /** An authority this machine trusts vouches for it. */
  vouchedFor: boolean;
};

export type Witness = {
  /** TCP, and TLS when there is one, stand. */
  connected(tookMs: number): void;
  /** Before it is decided whether the certificate will do. */
  certificate(seen: SeenCertificate): void;
  /** The camera wants a sign-in, in one of these ways. */
  challenged(schemes: readonly ('basic' | 'digest')[]): void;
};

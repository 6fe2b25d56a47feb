// What the owner may decide after a check instead of changing the camera: that its own certificate is the right one, and
// that its pictures are made anew on the device.
import type { CameraCheck, CameraFacts } from '../../shared/camera-check.ts';
import { findingWords, repairable, repairCostWords, unknownCertificate } from '../words/check-words.ts';

type CertificateProps = { facts: CameraFacts; busy: boolean; onTrust: (fingerprint: string) => void };

export function CertificateChoice({ facts, busy, onTrust }: CertificateProps) {
  const fingerprint = unknownCertificate(facts);
  if (fingerprint === undefined) return null;
  return (
    <div class="note choice" data-certificate>
      <p>
        The camera made its certificate itself, as most do. If this is its fingerprint, let the agent trust it, and no
        other camera at this address:
      </p>
      <code class="fingerprint">{fingerprint}</code>
      <button type="button" disabled={busy} onClick={() => onTrust(fingerprint)}>
        Trust this certificate
      </button>
    </div>
  );
}

type TranscodeProps = { check: CameraCheck; isChosen: boolean; onChoose: (isChosen: boolean) => void };

export function TranscodeChoice({ check, isChosen, onChoose }: TranscodeProps) {
  const repaired = repairable(check);
  if (repaired.length === 0) return null;
  return (
    <label class="tick choice note" data-transcode>
      <input type="checkbox" checked={isChosen} onChange={({ currentTarget }) => onChoose(currentTarget.checked)} />
      <span>
        Re-encode its pictures on the device instead of changing the camera. That takes care of:{' '}
        {repaired.map(finding => findingWords(finding).title).join(', ')}. {repairCostWords(check.facts)}
      </span>
    </label>
  );
}

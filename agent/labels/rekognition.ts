// Labels from Rekognition's DetectLabels, or from anything that speaks its protocol.
import { type BoundingBox, DetectLabelsCommand, type Label, RekognitionClient } from '@aws-sdk/client-rekognition';
import type { Box } from '../../shared/sighting.ts';
import { type Aws, clientOptions } from '../aws/aws.ts';
import { isAbort } from '../errors.ts';
import type { DetectedLabel, LabelProvider } from './provider.ts';
import { rekognitionError } from './rekognition-errors.ts';

/** Plenty for one frame; keeps an answer small. */
const maxLabels = 50;

/** One client for all cameras. */
export function rekognition(aws: Aws): LabelProvider {
  const client = new RekognitionClient(clientOptions(aws));
  return {
    async detect({ jpeg }, { minConfidence, signal }) {
      const command = new DetectLabelsCommand({
        Image: { Bytes: jpeg },
        MinConfidence: minConfidence,
        MaxLabels: maxLabels,
        Features: ['GENERAL_LABELS'],
      });
      try {
        const { Labels = [] } = await client.send(command, { abortSignal: signal });
        return Labels.flatMap(label => labelOf(label, minConfidence));
      } catch (error) {
        if (isAbort(error, signal)) throw error;
        throw rekognitionError(error);
      }
    },
  };
}

/** None for a label without name or confidence, which the API's types allow. */
function labelOf(
  { Name: name, Confidence: confidence, Instances = [] }: Label,
  minConfidence: number,
): DetectedLabel[] {
  if (name === undefined || confidence === undefined || confidence < minConfidence) return [];
  const instances = Instances.flatMap(({ BoundingBox: bounds, Confidence = confidence }) =>
    bounds && Confidence >= minConfidence ? [{ box: boxOf(bounds), confidence: Confidence }] : [],
  );
  return [{ name, confidence, instances }];
}

/** Rekognition's boxes may reach over the edge of the picture. */
function boxOf({ Left = 0, Top = 0, Width = 0, Height = 0 }: BoundingBox): Box {
  const left = fraction(Left);
  const top = fraction(Top);
  return { left, top, width: fraction(Left + Width) - left, height: fraction(Top + Height) - top };
}

function fraction(value: number): number {
  return Math.min(1, Math.max(0, value));
}

// Labels from Rekognition's DetectLabels, or from anything that speaks its protocol.
import {
  type BoundingBox,
  DetectLabelsCommand,
  type GeneralLabelsSettings,
  type Label,
  RekognitionClient,
} from '@aws-sdk/client-rekognition';
import type { Box } from '../../shared/sighting.ts';
import { type Aws, clientOptions } from '../aws/aws.ts';
import { isAbort } from '../errors.ts';
import { wanted } from './label-filter.ts';
import { checkPictureSize } from './picture-size.ts';
import type { DetectedLabel, LabelProvider, LabelWishes } from './provider.ts';
import { rekognitionError } from './rekognition-errors.ts';

/** One client for all cameras. */
export function rekognition(aws: Aws): LabelProvider & Disposable {
  const client = new RekognitionClient(clientOptions(aws));
  return {
    async detect(still, { signal, ...wishes }) {
      checkPictureSize(still, 'Rekognition');
      const command = new DetectLabelsCommand({
        Image: { Bytes: still.jpeg },
        MinConfidence: wishes.minConfidence,
        MaxLabels: wishes.maxLabels,
        Features: ['GENERAL_LABELS'],
        ...settingsOf(wishes),
      });
      try {
        const { Labels = [] } = await client.send(command, { abortSignal: signal });
        return wanted(Labels.flatMap(labelOf), wishes);
      } catch (error) {
        if (isAbort(error, signal)) throw error;
        throw rekognitionError(error);
      }
    },
    [Symbol.dispose]: () => client.destroy(),
  };
}

/** What the API takes in a filter; a name with anything else is none of its labels, and would make it refuse the picture. */
const filterPattern = /^[A-Za-z0-9àâèçñó'-_(). ]{1,50}$/;

function settingsOf({ include, exclude, includeCategories, excludeCategories }: LabelWishes) {
  const known = (names: string[] = []) => names.filter(name => filterPattern.test(name));
  const filters = {
    LabelInclusionFilters: known(include),
    LabelExclusionFilters: known(exclude),
    LabelCategoryInclusionFilters: known(includeCategories),
    LabelCategoryExclusionFilters: known(excludeCategories),
  };
  const GeneralLabels: GeneralLabelsSettings = Object.fromEntries(
    Object.entries(filters).filter(([, names]) => names.length > 0),
  );
  return Object.keys(GeneralLabels).length > 0 ? { Settings: { GeneralLabels } } : {};
}

/** None for a label without name or confidence, which the API's types allow. */
function labelOf({ Name: name, Confidence: confidence, Instances = [] }: Label): DetectedLabel[] {
  if (name === undefined || confidence === undefined) return [];
  const instances = Instances.flatMap(({ BoundingBox: bounds, Confidence = confidence }) =>
    bounds ? [{ box: boxOf(bounds), confidence: Confidence }] : [],
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

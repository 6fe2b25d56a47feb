// A model in memory: a picture in, what was found on it out. Runs in the model's own process (model-child.ts).
import { readFile } from 'node:fs/promises';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import type { OnnxSettings } from '../../../shared/label-settings.ts';
import { systemCode } from '../../errors.ts';
import { readLabels } from '../labels-file.ts';
import type { DetectedLabel } from '../provider.ts';
import { anomalyLabel, objectLabels, sceneLabels } from './found-labels.ts';
import { checkInput, type ModelTensor } from './model-checks.ts';
import { fillInput, placementOf } from './model-input.ts';
import { ModelProblem } from './model-problem.ts';
import { decodePicture, type Picture } from './picture.ts';
import { readClasses, readScore } from './scene-output.ts';
import { type NamedTensor, readSsd } from './ssd-output.ts';
import { type Found, suppress } from './suppress.ts';
import { readYolo, readYoloNms } from './yolo-output.ts';

/** Models give every box a score; those of noise would only cost time. */
const lowestScore = 0.01;

export class LoadedModel {
  readonly #settings: OnnxSettings;
  readonly #labels: readonly string[];
  readonly #session: InferenceSession;
  readonly #inputName: string;
  /** One for all pictures: it is some megabytes. */
  readonly #pixels: Float32Array | Uint8Array;

  private constructor(
    settings: OnnxSettings,
    parts: { labels: readonly string[]; session: InferenceSession; input: ModelTensor },
  ) {
    this.#settings = settings;
    this.#labels = parts.labels;
    this.#session = parts.session;
    this.#inputName = parts.input.name;
    const size = 3 * settings.width * settings.height;
    this.#pixels = parts.input.type === 'uint8' ? new Uint8Array(size) : new Float32Array(size);
  }

  /** Rejects with a ModelProblem: a file that is missing or no model, or a model that does not go with the settings. */
  static async load(settings: OnnxSettings): Promise<LoadedModel> {
    const { labelsFile, modelFile, threads } = settings;
    const labels = labelsFile === undefined ? [anomalyLabel] : await readLabels(labelsFile).catch(blameLabels);
    const bytes = await readFile(modelFile).catch(error => {
      const why = systemCode(error) === 'ENOENT' ? 'is not there' : `cannot be read (${systemCode(error)})`;
      throw new ModelProblem('invalid', `has no model: ${modelFile} ${why}. Set modelFile.`, error);
    });
    const session = await InferenceSession.create(bytes, {
      executionProviders: ['cpu'],
      intraOpNumThreads: threads,
      interOpNumThreads: 1,
      logSeverityLevel: 4,
    }).catch(error => {
      throw new ModelProblem(
        'invalid',
        `cannot be loaded: ${modelFile} is no ONNX model, or of a newer kind than this agent knows (${words(error)}). Set modelFile.`,
        error,
      );
    });
    return new LoadedModel(settings, { labels, session, input: checkInput(session.inputMetadata, settings) });
  }

  /** What is on the JPEG, each label at least as sure as `minConfidence` (0–100). One at a time. Rejects with a ModelProblem. */
  async detect(jpeg: Uint8Array, minConfidence: number): Promise<DetectedLabel[]> {
    const picture = decodePicture(jpeg);
    const tensors = await this.#run(picture);
    const minScore = Math.max(lowestScore, minConfidence / 100);
    const { output } = this.#settings;
    if (output === 'classes')
      return sceneLabels(readClasses(first(tensors), this.#labels.length), this.#labels, minScore);
    if (output === 'score') return sceneLabels([readScore(tensors)], this.#labels, minScore);
    return objectLabels(this.#objects(tensors, minScore), this.#labels, placementOf(picture, this.#settings));
  }

  #objects(tensors: readonly NamedTensor[], minScore: number): Found[] {
    const settings = this.#settings;
    const options = { ...settings, labels: this.#labels.length, minScore };
    switch (settings.output) {
      case 'ssd':
        return suppress(readSsd(tensors, options), settings.iou);
      case 'yolo-nms':
        // The model has suppressed what is double; boxes that touch exactly are two things to it.
        return suppress(readYoloNms(first(tensors), options), 1);
      default:
        return suppress(readYolo(first(tensors), options), settings.iou);
    }
  }

  async #run(picture: Picture): Promise<NamedTensor[]> {
    const settings = this.#settings;
    fillInput(this.#pixels, picture, { settings, placement: placementOf(picture, settings) });
    const { width, height, layout } = settings;
    const dims = layout === 'nchw' ? [1, 3, height, width] : [1, height, width, 3];
    const pixels = this.#pixels;
    const input =
      pixels instanceof Uint8Array ? new Tensor('uint8', pixels, dims) : new Tensor('float32', pixels, dims);
    const answer = await this.#session.run({ [this.#inputName]: input }).catch(error => {
      throw new ModelProblem(
        'failed',
        `cannot be run (${words(error)}). Check width, height and layout, and that the device has memory for it.`,
        error,
      );
    });
    return this.#session.outputNames.flatMap(name => {
      const tensor = answer[name];
      return tensor ? [numbersOf(name, tensor)] : [];
    });
  }
}

function blameLabels(error: unknown): never {
  const why = error instanceof Error ? error.message : String(error);
  throw new ModelProblem('invalid', `has no labels: ${why} Set labelsFile.`, error);
}

/** What the runtime says, on one line that fits into a sentence. */
function words(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return text.replace(/\s+/g, ' ').slice(0, 200).trim();
}

/** The answer's tensor of a model with one; exports may carry others behind it. */
function first(tensors: readonly NamedTensor[]): NamedTensor {
  const [tensor] = tensors;
  if (!tensor) throw new ModelProblem('invalid', 'answers with nothing. Set modelFile.');
  return tensor;
}

function numbersOf(name: string, { dims, data, type }: Tensor): NamedTensor {
  if (data instanceof Float32Array || data instanceof Float64Array) return { name, dims, data, integers: false };
  if (data instanceof BigInt64Array) return { name, dims, data: Array.from(data, Number), integers: true };
  if (data instanceof Int32Array || data instanceof Uint8Array) return { name, dims, data, integers: true };
  throw new ModelProblem('invalid', `answers ${name} as ${type}. Export it with 32-bit floats.`);
}

// Who looks at a camera's pictures: the provider its settings name. Models are shared by the cameras that use them, are begun
// when the first picture comes, and follow the settings while the agent runs.
import { statSync } from 'node:fs';
import { isDeepStrictEqual } from 'node:util';
import type { LabelSettings, ModelSettings } from '../../shared/label-settings.ts';
import type { Aws } from '../aws/aws.ts';
import type { Clock } from '../clock.ts';
import { AgentError } from '../errors.ts';
import { wanted } from './label-filter.ts';
import { ModelProcess } from './onnx/model-process.ts';
import type { LabelProvider } from './provider.ts';
import { rekognition } from './rekognition.ts';
import { sageMaker } from './sagemaker.ts';

type Provider = LabelProvider & Disposable;
type Running = { settings: ModelSettings; files: string; provider: Provider };

export type LabelProvidersOptions = { aws: Aws; clock: Clock; models: readonly ModelSettings[] };

export class LabelProviders implements Disposable {
  readonly #options: LabelProvidersOptions;
  #models: readonly ModelSettings[];
  #rekognition: Provider | undefined;
  readonly #running = new Map<string, Running>();

  constructor(options: LabelProvidersOptions) {
    this.#options = options;
    this.#models = options.models;
  }

  /**
   * The provider of a camera with these settings. What it is made of is looked up for each picture, so it stays right when
   * models change. With the provider `none` there is nobody to ask: every picture comes back without labels.
   */
  of({ provider, model }: Pick<LabelSettings, 'provider' | 'model'>): LabelProvider {
    return {
      detect: async (still, options) => {
        if (provider === 'none') return [];
        const found = provider === 'rekognition' ? this.#cloud() : this.#model(model ?? '', provider);
        return found.detect(still, options);
      },
    };
  }

  /**
   * From now on these are the models. Those that were changed, those whose files were, and those that are gone, end; the
   * others go on.
   */
  follow(models: readonly ModelSettings[]): void {
    this.#models = models;
    for (const [id, { settings, files, provider }] of this.#running) {
      if (isDeepStrictEqual(settings, this.#settingsOf(id)) && files === filesOf(settings)) continue;
      this.#running.delete(id);
      provider[Symbol.dispose]();
    }
  }

  [Symbol.dispose](): void {
    this.#rekognition?.[Symbol.dispose]();
    for (const { provider } of this.#running.values()) provider[Symbol.dispose]();
    this.#running.clear();
  }

  #cloud(): Provider {
    this.#rekognition ??= rekognition(this.#options.aws);
    return this.#rekognition;
  }

  #model(id: string, kind: 'onnx' | 'sagemaker'): Provider {
    const settings = this.#settingsOf(id);
    if (!settings?.[kind]) throw missing(id, kind);
    const running = this.#running.get(id);
    if (running) return running.provider;
    const provider = this.#begin(settings);
    this.#running.set(id, { settings, files: filesOf(settings), provider });
    return provider;
  }

  #begin({ id, onnx, sagemaker }: ModelSettings): Provider {
    const { aws, clock } = this.#options;
    if (sagemaker) return sageMaker(aws, sagemaker);
    if (!onnx) throw missing(id, 'onnx');
    const model = new ModelProcess({ id, settings: onnx, clock });
    return {
      async detect({ jpeg }, { signal, ...wishes }) {
        const { minConfidence } = wishes;
        return wanted(await model.detect({ jpeg, minConfidence, signal }), wishes);
      },
      [Symbol.dispose]: () => model[Symbol.dispose](),
    };
  }

  #settingsOf(id: string): ModelSettings | undefined {
    return this.#models.find(model => model.id === id);
  }
}

/** Changes whenever one of the model's files does. */
function filesOf({ onnx, sagemaker }: ModelSettings): string {
  const files = [onnx?.modelFile, onnx?.labelsFile, sagemaker?.labelsFile];
  return files
    .flatMap(file => {
      const stat = file === undefined ? undefined : statSync(file, { throwIfNoEntry: false });
      return stat ? [`${stat.ino} ${stat.size} ${stat.mtimeMs}`] : ['none'];
    })
    .join(', ');
}

function missing(id: string, kind: 'onnx' | 'sagemaker'): AgentError {
  return new AgentError({
    code: 'model-invalid',
    kind: 'invalid',
    retry: 'later',
    message: `None of the models is called ${id} and has ${kind}. Set labels.model of the camera, or its provider.`,
  });
}

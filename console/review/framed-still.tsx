// The still a sighting was made on, with its box. An SVG of the picture's own size, fitted like the picture, so that the
// box stays on it whatever the shape of the frame.
import { useSignal } from '@preact/signals';
import type { Sighting } from '../../shared/sighting.ts';
import { sightingStillUrl } from '../link/agent-api.ts';
import type { Size } from '../player/letterbox.ts';
import { labelHue, sightingWords } from '../words/label-hue.ts';

export function FramedStill({ sighting }: { sighting: Sighting }) {
  const picture = useSignal<Size | undefined>(undefined);
  const gone = useSignal(false);
  if (gone.value) return <div class="framed-still soft small">The picture is not kept any more</div>;
  return (
    <div class={`framed-still hue-${labelHue(sighting.label)}`}>
      <img
        src={sightingStillUrl(sighting.id, sighting.confidence)}
        alt={`Frame with ${sightingWords(sighting)}`}
        loading="lazy"
        onLoad={({ currentTarget }) => {
          picture.value = { width: currentTarget.naturalWidth, height: currentTarget.naturalHeight };
        }}
        onError={() => {
          gone.value = true;
        }}
      />
      {picture.value && sighting.box && <BoxOver picture={picture.value} box={sighting.box} />}
    </div>
  );
}

function BoxOver({ picture, box }: { picture: Size; box: NonNullable<Sighting['box']> }) {
  return (
    <svg viewBox={`0 0 ${picture.width} ${picture.height}`} aria-hidden="true">
      <rect
        x={box.left * picture.width}
        y={box.top * picture.height}
        width={box.width * picture.width}
        height={box.height * picture.height}
        vector-effect="non-scaling-stroke"
      />
    </svg>
  );
}

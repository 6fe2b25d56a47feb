// Above what was seen: that labels are paused, so that an empty list is not taken for a quiet place.
import { fleet } from '../link/fleet.ts';
import { PartialNote } from '../states/partial-note.tsx';
import { pausedNotes } from '../words/pause-words.ts';

export function PausedLabels() {
  const { cameras = [], budget } = fleet.value ?? {};
  return (
    <>
      {pausedNotes(cameras, budget).map(note => (
        <PartialNote key={note}>{note}</PartialNote>
      ))}
    </>
  );
}

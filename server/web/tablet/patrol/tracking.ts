import { effect, signal } from "@preact/signals";
import { fix, follow } from "../position";
import { db, fileTrack, going } from "../state";
import { CHUNK, chunk, extended, type Track } from "../store/track";

/** The track of the patrol under way, while somebody wants one. */
export const track = signal<Track | undefined>(undefined);

/** Begins to follow a patrol; only when the person ticked it. */
export async function beginTrack(patrol: string): Promise<void> {
  const empty: Track = { patrol, points: [] };
  await db.write(["tracks"], (tx) => void tx.objectStore("tracks").put(empty));
  track.value = empty;
}

/** Ends the track of a patrol: what is left of it, to be told with the patrol's end. */
export function trackLeft(patrol: string): Track | undefined {
  return track.value?.patrol === patrol ? track.value : undefined;
}

/**
 * Goes on with the track that an earlier life of the page began. Each point is in the database before the next one is
 * taken, so that whatever ends the page costs the last one at most.
 */
export async function keepTrack(): Promise<void> {
  track.value = (await db.all<Track>("tracks")).find((kept) => kept.patrol === going.value?.id);
  let stop: (() => void) | undefined;
  effect(() => {
    const isOn = track.value !== undefined;
    if (isOn && !stop) stop = follow();
    if (!isOn && stop) {
      stop();
      stop = undefined;
    }
  });
  let writing = Promise.resolve();
  fix.subscribe((position) => {
    if (position) writing = writing.then(() => add(position)).catch(() => undefined);
  });
}

async function add(position: NonNullable<typeof fix.value>): Promise<void> {
  const known = track.value;
  if (!known || going.value?.id !== known.patrol) return;
  const longer = extended(known, position);
  if (!longer) return;
  const told = longer.points.length >= CHUNK ? chunk(longer) : undefined;
  // The last point of a record is the first of the next: the line has no gaps.
  const left = told ? { ...longer, points: longer.points.slice(-1) } : longer;
  if (told) await fileTrack([told], left);
  else await db.write(["tracks"], (tx) => void tx.objectStore("tracks").put(left));
  if (track.value === known) track.value = left;
}

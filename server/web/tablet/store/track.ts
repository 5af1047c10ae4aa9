import type { AgentRecord } from "../../../../edge-agent/hosts/tablet/js/agent.js";
import { distance } from "../fields/geometry";
import type { Fix } from "../position";

/** Where a patrol went since its last record of it. Only who asked for a track has one. */
export interface Track {
  patrol: string;
  points: Fix[];
}

/** Points of a record: a chunk takes up to some hundred. */
export const CHUNK = 60;
/** A position worse than this says nothing about where somebody walked, in metres. */
const WORST = 50;
/** A point is kept when it is so far from the last one, in metres, or so long after it, in milliseconds. */
const STEP = 10;
const PAUSE = 60_000;

/** The track with this position, or undefined when it adds nothing. */
export function extended(track: Track, fix: Fix): Track | undefined {
  const last = track.points.at(-1);
  if (fix.accuracy > WORST || (last && fix.at <= last.at)) return undefined;
  if (last && distance(last, fix) < STEP && fix.at - last.at < PAUSE) return undefined;
  return { ...track, points: [...track.points, fix] };
}

/** The points as a record, undefined when there are none. */
export function chunk({ patrol, points }: Track): AgentRecord | undefined {
  const [first] = points;
  if (!first) return undefined;
  const at = Math.floor(first.at / 1000);
  return { kind: "track_chunk", at, patrol, points: points.map((point) => [Math.round(point.at / 1000) - at, point.lon, point.lat]) };
}

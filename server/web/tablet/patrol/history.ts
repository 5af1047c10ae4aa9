import type { AgentRecord } from "../../../../edge-agent/hosts/tablet/js/agent.js";
import type { Kept } from "../store/queue";

type Sighting = Extract<AgentRecord, { kind: "sighting" }>;

/** A patrol as this tablet remembers it; times in seconds. */
export interface Patrol {
  id: string;
  unit: string;
  startedAt: number;
  finishedAt?: number;
  sightings: { sighting: Sighting; photos: number }[];
  /** The server has all of it. */
  settled: boolean;
}

/** Patrols, newest first, from what was told to the agent. */
export function patrolsOf(records: readonly Kept[]): Patrol[] {
  const patrols = new Map<string, Patrol>();
  const photos = new Map<string, number>();
  for (const { record } of records) {
    if (record.kind === "evidence_reference") photos.set(record.subject, (photos.get(record.subject) ?? 0) + 1);
    if (record.kind !== "patrol_started" || patrols.has(record.patrol)) continue;
    patrols.set(record.patrol, { id: record.patrol, unit: record.region, startedAt: record.at, sightings: [], settled: true });
  }
  for (const { record, settledAt } of records) {
    const of = "patrol" in record && record.patrol ? patrols.get(record.patrol) : undefined;
    if (!of) continue;
    of.settled &&= settledAt !== undefined;
    if (record.kind === "patrol_finished") of.finishedAt = record.at;
    if (record.kind === "sighting") of.sightings.push({ sighting: record, photos: photos.get(record.id) ?? 0 });
  }
  return [...patrols.values()].sort((a, b) => b.startedAt - a.startedAt);
}

/** The patrol that goes on, if one does. */
export function underWay(patrols: readonly Patrol[]): Patrol | undefined {
  return patrols.find((patrol) => patrol.finishedAt === undefined);
}

/** Whether a record still belongs to a patrol that goes on. */
export function heldBy(going: Patrol | undefined): (record: AgentRecord) => boolean {
  return (record) => going !== undefined && "patrol" in record && record.patrol === going.id;
}

import { signal } from "@preact/signals";

/** How safe what is stored here is. */
export interface Health {
  /** The browser promised not to evict it; undefined when it cannot be asked. */
  persisted?: boolean;
  /** Bytes used, and how many there may be. */
  usage?: number;
  quota?: number;
}

export const health = signal<Health>({});

/** Less than this is little: a dozen photos. */
const LITTLE = 60 * 1024 * 1024;

export function runsLow({ usage, quota }: Health): boolean {
  return usage !== undefined && quota !== undefined && quota - usage < LITTLE;
}

/** Asks the browser to keep what is stored, and how much room there is. */
export async function examine(): Promise<void> {
  const storage = navigator.storage;
  if (!storage) return;
  const found: Health = {};
  const kept = (await storage.persisted?.().catch(() => false)) || (await storage.persist?.().catch(() => false));
  if (kept !== undefined) found.persisted = kept;
  const estimate = await storage.estimate?.().catch(() => undefined);
  if (estimate?.usage !== undefined) found.usage = estimate.usage;
  if (estimate?.quota !== undefined) found.quota = estimate.quota;
  health.value = found;
}

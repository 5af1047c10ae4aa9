import { useEffect } from "preact/hooks";

/** How often a running import is asked how far it is. */
const LOOK = 2_000;

/** Looks again and again, as long as something runs. */
export function useWatch(running: boolean, look: () => Promise<void>): void {
  useEffect(() => {
    if (!running) return undefined;
    const clock = setInterval(() => void look(), LOOK);
    return () => clearInterval(clock);
  }, [running, look]);
}

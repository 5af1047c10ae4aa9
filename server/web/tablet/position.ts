import { signal } from "@preact/signals";

/** Where the tablet is, in degrees, and how sure that is in metres. */
export interface Fix {
  lon: number;
  lat: number;
  accuracy: number;
  /** Milliseconds since 1970-01-01 UTC. */
  at: number;
}

export const fix = signal<Fix | undefined>(undefined);
/** Nobody may ask where the tablet is, or it does not know. */
export const noFix = signal(false);

/** How old a position may be to stand for where somebody is now, in milliseconds. */
const FRESH = 120_000;

/** The present position, when it is known. */
export function here(now = Date.now()): Fix | undefined {
  return fix.value && now - fix.value.at < FRESH ? fix.value : undefined;
}

/** Follows the position while a page needs it; answers how to stop. */
export function follow(): () => void {
  if (!navigator.geolocation) {
    noFix.value = true;
    return () => {};
  }
  const watch = navigator.geolocation.watchPosition(
    ({ coords, timestamp }) => {
      noFix.value = false;
      fix.value = { lon: coords.longitude, lat: coords.latitude, accuracy: coords.accuracy, at: timestamp };
    },
    () => (noFix.value = true),
    { enableHighAccuracy: true, maximumAge: 15_000, timeout: 30_000 },
  );
  return () => navigator.geolocation.clearWatch(watch);
}

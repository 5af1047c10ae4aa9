import { signal } from "@preact/signals";

/** Set when a new version is ready: brings it. */
export const update = signal<(() => void) | undefined>(undefined);

/** Makes the app start without a network; a new version is offered, not forced. */
export async function installWorker(): Promise<void> {
  if (!("serviceWorker" in navigator) || import.meta.env.DEV) return;
  const wasControlled = navigator.serviceWorker.controller !== null;
  navigator.serviceWorker.addEventListener("controllerchange", () => wasControlled && location.reload());
  const registration = await navigator.serviceWorker.register("/tablet/sw.js", { scope: "/tablet" });
  const offer = (worker: ServiceWorker | null) => {
    if (worker?.state === "installed" && navigator.serviceWorker.controller) {
      update.value = () => worker.postMessage({ type: "SKIP_WAITING" });
    }
  };
  offer(registration.waiting);
  registration.addEventListener("updatefound", () => {
    const fresh = registration.installing;
    fresh?.addEventListener("statechange", () => offer(fresh));
  });
}

import { signal } from "@preact/signals";

/** Set when a new version is ready: brings it. */
export const update = signal<(() => void) | undefined>(undefined);

/** Makes the app start without a network; a new version is offered, not forced. */
export async function installWorker(): Promise<void> {
  if (!("serviceWorker" in navigator) || import.meta.env.DEV) return;
  // The first worker takes over the page that installed it; one that follows another brings other files.
  let isControlled = navigator.serviceWorker.controller !== null;
  navigator.serviceWorker.addEventListener("controllerchange", () => {
    if (isControlled) location.reload();
    isControlled = true;
  });
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

import { cleanupOutdatedCaches, createHandlerBoundToURL, precacheAndRoute, type PrecacheEntry } from "workbox-precaching";
import { NavigationRoute, registerRoute } from "workbox-routing";

declare const self: ServiceWorkerGlobalScope & { __WB_MANIFEST: (PrecacheEntry | string)[] };

// The whole app is here before it is needed; data never passes through this worker, so no answer is ever stale.
cleanupOutdatedCaches();
precacheAndRoute(self.__WB_MANIFEST);
registerRoute(new NavigationRoute(createHandlerBoundToURL("/tablet/index.html"), { allowlist: [/^\/tablet(\/|$)/] }));

// The page that installed the app is without a network the next minute: it gets its files from here, too.
self.addEventListener("activate", (event) => event.waitUntil(self.clients.claim()));

// A new version waits until the person says so: never in the middle of a patrol.
self.addEventListener("message", (event) => {
  if ((event.data as { type?: string } | null)?.type === "SKIP_WAITING") void self.skipWaiting();
});

import { computed, signal } from "@preact/signals";

/** Where we are. What a list is filtered by stands in the address, so that it can be shared and gone back to. */
const address = signal(read());

function read(): URL {
  return new URL(globalThis.location?.href ?? "http://localhost/");
}

/** The parts of the path below a base such as `/console`. */
export function below(base: string) {
  return computed(() => address.value.pathname.replace(base, "").split("/").filter(Boolean).map(decodeURIComponent));
}

/** The parameters behind the question mark. */
export const query = computed(() => Object.fromEntries(address.value.searchParams) as Record<string, string>);

/** The address's `sort` as a parameter of the API, if the API sorts by it. */
export function sortedBy(keys: readonly string[]): { sort?: string } {
  const { sort } = query.value;
  return sort && keys.includes(sort.replace(/^-/, "")) ? { sort } : {};
}

export function go(to: string): void {
  history.pushState(null, "", to);
  address.value = read();
  globalThis.scrollTo(0, 0);
}

/** Sets parameters of the present address; an empty one goes. */
export function ask(changes: Record<string, string | undefined>): void {
  const url = read();
  for (const [name, value] of Object.entries(changes)) {
    if (value) url.searchParams.set(name, value);
    else url.searchParams.delete(name);
  }
  history.replaceState(null, "", url);
  address.value = read();
}

/** Follows links within `base` without loading the page anew. */
export function listen(base: string): void {
  addEventListener("popstate", () => (address.value = read()));
  document.addEventListener("click", (event) => {
    const link = (event.target as Element).closest?.("a[href]") as HTMLAnchorElement | null;
    const ours = link && link.origin === location.origin && `${link.pathname}/`.startsWith(`${base}/`);
    const plain = event.button === 0 && !event.metaKey && !event.ctrlKey && !event.shiftKey && !event.altKey;
    if (!ours || !plain || link.target || link.hasAttribute("download") || event.defaultPrevented) return;
    event.preventDefault();
    go(link.href);
  });
}

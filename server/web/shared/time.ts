/** Times and days of the server (UTC+8 all over China) for people. */
const ZONE = { timeZone: "Asia/Shanghai", hour12: false } as const;
const minute = new Intl.DateTimeFormat("sv-SE", { ...ZONE, dateStyle: "short", timeStyle: "short" });
const dayOnly = new Intl.DateTimeFormat("sv-SE", { ...ZONE, dateStyle: "short" });

/** `2026-11-28 14:05` */
export function when(at: string | null | undefined): string {
  return at ? minute.format(new Date(at)) : "";
}

/** `2026-11-28`, today moved by so many days. */
export function day(offset = 0, now = Date.now()): string {
  return dayOnly.format(now + offset * 86_400_000);
}

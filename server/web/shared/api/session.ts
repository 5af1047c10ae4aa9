import { computed, signal } from "@preact/signals";
import { answer, api, whenLoggedOut } from "./client";
import { Problem } from "./problem";
import type { Me } from "./schema";

/** `undefined` while nobody has asked yet, `null` when nobody is logged in. */
export const me = signal<Me | null | undefined>(undefined);

/** The highest of my levels, 2 city to 6 group; 0 for an administrator. */
export const level = computed(() => Math.min(...(me.value?.appointments.map((a) => a.level) ?? []), 9) % 9);

whenLoggedOut(() => {
  me.value = null;
});

/** Finds out who is logged in. */
export async function whoAmI(): Promise<void> {
  try {
    me.value = await answer(api.GET("/api/v1/me"));
  } catch (error) {
    if (error instanceof Problem && error.status === 401) me.value = null;
    else throw error;
  }
}

export async function logIn(account: string, password: string): Promise<void> {
  await answer(api.POST("/api/v1/sessions", { body: { account, password } }));
  await whoAmI();
}

export async function logOut(): Promise<void> {
  await answer(api.DELETE("/api/v1/sessions"));
  me.value = null;
}

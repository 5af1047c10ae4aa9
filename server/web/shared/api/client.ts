import createClient, { type Middleware } from "openapi-fetch";
import type { paths } from "./schema";
import { noAnswer, Problem, problemOf } from "./problem";

type Answer<T> = { data?: T; error?: unknown; response: Response };

let onLoggedOut: () => void = () => {};

/** Says what happens when the server no longer knows the session. */
export function whenLoggedOut(then: () => void): void {
  onLoggedOut = then;
}

const session: Middleware = {
  onResponse({ response, schemaPath }) {
    if (response.status === 401 && schemaPath !== "/api/v1/sessions") onLoggedOut();
    return undefined;
  },
};

/**
 * The API, typed by openapi.json. The session is the HttpOnly cookie that logging in sets; no token is ever within
 * reach of a script.
 */
export const api = createClient<paths>({ baseUrl: "/", credentials: "same-origin" });
api.use(session);

/** The body of a successful answer; throws a {@link Problem} otherwise. */
export async function answer<T>(request: Promise<Answer<T>>): Promise<T> {
  return (await whole(request)).data;
}

/** The same with the ETag, for a change under If-Match. */
export async function whole<T>(request: Promise<Answer<T>>): Promise<{ data: T; etag: string }> {
  let got: Answer<T>;
  try {
    got = await request;
  } catch (error) {
    throw error instanceof Problem || isAbort(error) ? error : noAnswer();
  }
  if (!got.response.ok) throw problemOf(got.response.status, got.error);
  return { data: got.data as T, etag: got.response.headers.get("etag") ?? "" };
}

/** Whether a request ended because nobody wanted its answer any more. */
export function isAbort(error: unknown): boolean {
  return error instanceof DOMException && error.name === "AbortError";
}

import { useSignal } from "@preact/signals";
import type { ComponentChildren } from "preact";
import { t } from "../words";
import { Trouble } from "./Trouble";

interface Props {
  title: string;
  submit: string;
  /** Sends what was entered; what it answers is told, else that it was saved. */
  send: (form: FormData) => Promise<string | void>;
  /** Closed until somebody opens it. */
  folded?: boolean;
  children: ComponentChildren;
}

/** A form that says what became of it: busy, saved, or what is wrong. What was entered stays after a failure. */
export function Form({ title, submit, send, folded, children }: Props) {
  const busy = useSignal(false);
  const error = useSignal<unknown>(undefined);
  const done = useSignal("");

  async function onSubmit(event: Event) {
    event.preventDefault();
    const form = event.currentTarget as HTMLFormElement;
    busy.value = true;
    error.value = undefined;
    done.value = "";
    try {
      done.value = (await send(new FormData(form))) ?? t("app.saved");
      form.reset();
    } catch (failure) {
      error.value = failure;
    } finally {
      busy.value = false;
    }
  }

  const body = (
    <form class="fields" onSubmit={(e) => void onSubmit(e)}>
      {children}
      {error.value !== undefined && <Trouble error={error.value} />}
      <p class="row"><button class="main" disabled={busy.value}>{submit}</button><span role="status">{done.value}</span></p>
    </form>
  );
  if (folded) return <details><summary>{title}</summary>{body}</details>;
  return <section class="card"><h2>{title}</h2>{body}</section>;
}

/** A field's text, trimmed. */
export function text(form: FormData, name: string): string {
  const value = form.get(name);
  return typeof value === "string" ? value.trim() : "";
}

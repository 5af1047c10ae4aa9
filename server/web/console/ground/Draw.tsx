import { signal, useSignal } from "@preact/signals";
import type { Map as GlMap } from "maplibre-gl";
import { useEffect, useRef } from "preact/hooks";
import { answer, api } from "../../shared/api/client";
import type { Whole } from "../../shared/api/schema";
import { Form, text } from "../../shared/ui/Form";
import { t } from "../../shared/words";
import { hasHoles, together } from "./shapes";
import type { Sketch } from "./sketch";

/** Whether somebody is drawing: then letters decide nothing. */
export const drawing = signal(false);

interface Props {
  whole: Whole;
  /** The outline that counts now, GeoJSON. */
  shape: unknown;
  map: GlMap;
  done: () => void;
}

/** Draws what a case is about, or corrects it. */
export function Draw({ whole, shape, map, done }: Props) {
  if (!drawing.value) {
    return (
      <button type="button" class="draw" onClick={() => (drawing.value = true)}>
        {t(shape ? "outline.correct" : "outline.draw")}
      </button>
    );
  }
  return <Tools whole={whole} shape={shape} map={map} done={done} />;
}

function Tools({ whole, shape, map, done }: Props) {
  const tool = useRef<Sketch>(null);
  const ready = useSignal(false);
  const count = useSignal(0);
  useEffect(() => {
    let gone = false;
    void import("./sketch").then(({ sketch }) => {
      if (gone) return;
      tool.current = sketch(map, shape, (n) => (count.value = n));
      ready.value = true;
    });
    return () => {
      gone = true;
      tool.current?.stop();
    };
  }, [map]);

  async function send(form: FormData) {
    const geometry = together(tool.current?.polygons() ?? []);
    if (!geometry) return t("outline.nothing");
    const params = { path: { id: whole.id }, header: { "If-Match": `"${whole.version}"` } };
    const body = { geometry: geometry as never, words: text(form, "words") };
    await answer(api.POST("/api/v1/cases/{id}/outlines", { params, body }));
    drawing.value = false;
    done();
    return undefined;
  }

  return (
    <div class="draw" onKeyDown={(e) => e.key === "Escape" && (drawing.value = false)}>
      <p class="small">{t(ready.value ? "outline.help" : "app.loading")}</p>
      {hasHoles(shape) && <p class="small">{t("outline.holes")}</p>}
      <p class="row">
        <button type="button" onClick={() => tool.current?.add()}>{t("outline.add")}</button>
        <button type="button" onClick={() => tool.current?.edit()}>{t("outline.edit")}</button>
        <button type="button" onClick={() => tool.current?.clear()}>{t("outline.clear")}</button>
        <button type="button" onClick={() => (drawing.value = false)}>{t("app.cancel")}</button>
        <span class="small" role="status">{t("outline.count", { n: count.value })}</span>
      </p>
      <Form title={t("outline.title")} submit={t("outline.save")} send={send}>
        <label for="o-words">{t("outline.why")}</label>
        <input id="o-words" name="words" required maxLength={500} />
      </Form>
    </div>
  );
}

import { t } from "../../shared/words";
import { drafts } from "../state";
import { kindTitle } from "./kinds";

/** What was begun and not saved, at the front: the page may have been killed while it was entered. */
export function Unfinished() {
  return (
    <>
      {drafts.value.map(({ key, kind, photos }) => (
        <a key={key} class="button huge alarm" href={`/tablet/${key}`}>
          {t("draft.goon", { what: kind ? kindTitle(kind) : t(key === "sighting" ? "draft.sighting" : "draft.task"), n: photos.length })}
        </a>
      ))}
    </>
  );
}

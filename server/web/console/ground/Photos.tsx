import type { AboutPhoto } from "../../shared/api/schema";
import { when } from "../../shared/time";
import { t } from "../../shared/words";
import { facing } from "./compass";

/** The photos of a case under the numbers that the map shows them by, with what their cameras knew and what looks odd. */
export function Photos({ photos }: { photos: AboutPhoto[] }) {
  if (photos.length === 0) return null;
  return (
    <>
      <h3>{t("case.photos", { n: photos.length })}</h3>
      <ol class="photos">{photos.map((photo, i) => <Photo key={photo.sha256} photo={photo} number={i + 1} />)}</ol>
    </>
  );
}

function Photo({ photo, number }: { photo: AboutPhoto; number: number }) {
  const told = photo.facts[0]?.facts;
  const known = [
    told?.taken_at && when(told.taken_at),
    told?.azimuth != null && facing(told.azimuth),
    told?.accuracy != null && t("photo.accuracy", { n: Math.round(told.accuracy) }),
    photo.facts[0]?.name,
  ].filter(Boolean);
  return (
    <li id={`photo-${photo.sha256}`}>
      <a href={`/api/v1/evidence/${photo.sha256}`} target="_blank" rel="noopener">
        <img src={`/api/v1/evidence/${photo.sha256}/thumbnail`} alt={t("case.photo", { n: number })} loading="lazy" />
      </a>
      <div>
        <b>{t("case.photo", { n: number })}</b>
        {photo.doubts.length > 0 && <> <span class="tag warn">{t("photo.odd")}</span></>}
        <div class="small">{known.join(" · ")}</div>
        {photo.doubts.length > 0 && (
          <ul class="small">{photo.doubts.map((doubt) => <li key={doubt.kind}>{doubt.reason}</li>)}</ul>
        )}
      </div>
    </li>
  );
}

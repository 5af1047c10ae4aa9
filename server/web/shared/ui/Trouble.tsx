import { Problem } from "../api/problem";
import { t } from "../words";

/** A failure in words, with a way on. */
export function Trouble({ error, retry }: { error: unknown; retry?: () => void }) {
  const sentence = error instanceof Problem ? error.sentence : String(error);
  return (
    <div class="problem" role="alert">
      {error instanceof Problem && <strong>{error.title} </strong>}
      {sentence}
      {retry && (
        <p>
          <button type="button" onClick={retry}>{t("app.retry")}</button>
        </p>
      )}
    </div>
  );
}

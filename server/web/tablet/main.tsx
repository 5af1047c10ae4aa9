import { render } from "preact";
import "../shared/style/base.css";
import "./tablet.css";
import { listen } from "../shared/route";
import { language, speak } from "../shared/words";
import { examine } from "./store/health";
import { keepTrack } from "./patrol/tracking";
import { keepInSync } from "./sync/sync";
import { Tablet, failed } from "./Tablet";
import { boot } from "./state";
import { installWorker } from "./update";

speak(language.value);
listen("/tablet");
render(<Tablet />, document.getElementById("app")!);
boot().then(
  () => {
    keepInSync();
    void keepTrack();
  },
  (error: unknown) => (failed.value = error),
);
void examine();
installWorker().catch(() => undefined);

import { render } from "preact";
import "../shared/style/base.css";
import "./console.css";
import { whoAmI } from "../shared/api/session";
import { listen } from "../shared/route";
import { language, speak } from "../shared/words";
import { Console } from "./Console";

speak(language.value);
listen("/console");
whoAmI().catch(() => undefined);
render(<Console />, document.getElementById("app")!);

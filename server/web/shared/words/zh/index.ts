import { cases } from "./cases";
import { common } from "./common";
import { devices } from "./devices";
import { grid } from "./grid";
import { office } from "./office";
import { patches } from "./patches";
import { tablet } from "./tablet";

/** Every text of the interface, Chinese; `{name}` in it is replaced. What the server says comes from the server. */
export const zh = { ...common, ...cases, ...grid, ...office, ...patches, ...devices, ...tablet };

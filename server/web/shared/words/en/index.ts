import { cases } from "./cases";
import { common } from "./common";
import { devices } from "./devices";
import { grid } from "./grid";
import { office } from "./office";
import { patches } from "./patches";
import { tablet } from "./tablet";

/** Every text of the interface, English; the same words as in Chinese. */
export const en = { ...common, ...cases, ...grid, ...office, ...patches, ...devices, ...tablet };

import { t, type Word } from "../../shared/words";

/** The eight winds, clockwise from north. */
const WINDS = ["n", "ne", "e", "se", "s", "sw", "w", "nw"] as const;

/** The wind nearest to a bearing in degrees from true north, clockwise. */
export function wind(azimuth: number): (typeof WINDS)[number] {
  return WINDS[Math.round((((azimuth % 360) + 360) % 360) / 45) % 8]!;
}

/** `朝东北（45°）` */
export const facing = (azimuth: number) => t("photo.facing", { wind: t(`wind.${wind(azimuth)}` as Word), n: Math.round(azimuth) });

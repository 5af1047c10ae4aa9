/** Square metres as 亩 (1 亩 = 2000/3 m²), two places. */
export function mu(squareMetres: number): number {
  return Math.round(squareMetres * 0.15) / 100;
}

/** A share as per cent, one place. */
export function percent(share: number): string {
  return `${(share * 100).toFixed(1)}%`;
}

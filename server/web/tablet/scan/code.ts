/** A parcel's code as people type it or a label carries it, checked (GB/T 17710, MOD 11-2); undefined when it is none. */
export function parcelCode(text: string): string | undefined {
  const typed = /\/g\/([^/?#]+)/.exec(text)?.[1] ?? text;
  const code = typed.normalize("NFKC").replace(/[\s-]/g, "").toUpperCase();
  if (!/^\d{19}[\dX]$/.test(code) || code.slice(14, 19) === "00000") return undefined;
  return checkCharacter(code) === code[19] ? code : undefined;
}

/** Of the first 19 digits. */
function checkCharacter(code: string): string {
  let sum = 0;
  for (const digit of code.slice(0, 19)) sum = ((sum + Number(digit)) * 2) % 11;
  return "10X98765432"[sum]!;
}

/** `640502 102 210 01 00001 X`, for reading aloud. */
export function spaced(code: string): string {
  return code.replace(/^(.{6})(.{3})(.{3})(.{2})(.{5})/, "$1 $2 $3 $4 $5 ");
}

/** What people of a group call a field by, the number of its code: `2`; empty when it has none. */
export function serial(code: string | null): string {
  return code ? String(Number(code.slice(14, 19))) : "";
}

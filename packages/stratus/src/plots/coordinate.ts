/** A place in a picture: two decimals are more than anybody can see. */
export const at = (x: number): string => String(Number(x.toFixed(2)));

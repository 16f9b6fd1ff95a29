/**
 * The number that 16 bits stand for: tensors of float16 hold such bits.
 *
 * Source: IEEE 754-2008, binary16.
 *
 * @example
 * import { fromFloat16 } from '@stratus/core';
 * console.log(fromFloat16(0x3c00)); // 1
 */
export function fromFloat16(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 31) return fraction ? Number.NaN : sign * Number.POSITIVE_INFINITY;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

/**
 * The 16 bits nearest to a number, ties to even; those of infinity from 65,520 on.
 *
 * Source: IEEE 754-2008, binary16.
 *
 * @example
 * import { fromFloat16, toFloat16 } from '@stratus/core';
 * console.log(fromFloat16(toFloat16(0.1))); // 0.0999755859375
 */
export function toFloat16(value: number): number {
  if (Number.isNaN(value)) return 0x7e00;
  const sign = value < 0 || Object.is(value, -0) ? 0x8000 : 0;
  const size = Math.abs(value);
  if (size >= 65520) return sign | 0x7c00;
  const exponent = size < 2 ** -14 ? -14 : Math.floor(Math.log2(size));
  const units = size / 2 ** (exponent - 10);
  const whole = Math.floor(units);
  const rest = units - whole;
  const rounded = whole + (rest > 0.5 || (rest === 0.5 && whole % 2 === 1) ? 1 : 0);
  // A fraction that rounds up to 2048 carries into the exponent by itself.
  return sign | (size < 2 ** -14 ? rounded : ((exponent + 15) << 10) + (rounded - 1024));
}

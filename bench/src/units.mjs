/** How figures are given and written. */
const MIB = 1024 * 1024;

export const number = (text) => Number(text);
export const numbers = (text, before = []) => [...before, Number(text)];

export const ms = (value) => `${value.toFixed(value < 100 ? 1 : 0)} ms`;
export const micros = (seconds) => `${(seconds * 1e6).toFixed(0)} µs`;
export const kib = (bytes) => `${(bytes / 1024).toFixed(2)} KiB`;
export const mib = (bytes) => `${(bytes / MIB).toFixed(0)} MiB`;
export const percent = (share, digits = 1) => `${(share * 100).toFixed(digits)} %`;
export const thousands = (rate, digits = 0) => `${(rate / 1000).toFixed(digits)} k/s`;
export const millions = (rate) => `${(rate / 1e6).toFixed(2)} M/s`;

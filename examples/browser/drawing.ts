/// <reference lib="dom" />
// What the page draws; nothing here knows of training.

/** The element of this name. */
export const find = <E extends HTMLElement>(id: string): E => document.getElementById(id) as E;

export const button = (id: string): HTMLButtonElement => find(id);

export const say = (text: string): void => {
  find('status').textContent = text;
};

const pen = find<HTMLCanvasElement>('loss').getContext('2d')!;

export const clearPlot = (): void => pen.clearRect(0, 0, 1400, 400);

/** A point of the curve; `done` goes from 0 to 1. */
export function plot(done: number, loss: number): void {
  find<HTMLProgressElement>('progress').value = done;
  pen.fillStyle = '#2563eb';
  pen.fillRect(1390 * done, 390 - Math.min(1, loss / 2.5) * 380, 5, 5);
}

/** Shows an image of 28 x 28 and what somebody said it is. */
export function showDigit(pixels: Uint8Array, said: number, right: boolean): void {
  const canvas = Object.assign(document.createElement('canvas'), { width: 28, height: 28 });
  const picture = new ImageData(28, 28);
  pixels.forEach((v, i) => void picture.data.set([v, v, v, 255], i * 4));
  canvas.getContext('2d')!.putImageData(picture, 0, 0);
  const caption = Object.assign(document.createElement('figcaption'), { textContent: said, className: right ? '' : 'wrong' });
  const figure = document.createElement('figure');
  figure.append(canvas, caption);
  find('digits').append(figure);
}

/** Gives bytes to the person as a file. */
export function download(bytes: Uint8Array, name: string): void {
  const href = URL.createObjectURL(new Blob([bytes as Uint8Array<ArrayBuffer>]));
  Object.assign(document.createElement('a'), { href, download: name }).click();
}

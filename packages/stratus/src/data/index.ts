export { cacheRoot, type LookupOptions } from './lookup.ts';
export { type Mnist, type MnistColumns, type MnistRecord, mnist } from './mnist.ts';

export type Koffi = typeof import('koffi').default;

/** koffi unloads a library when its handle is collected, whatever functions of it are still about: these never are. */
const loadedForGood: object[] = [];

/** Loads a shared library (the process itself for null) and keeps it as long as the process lives. */
export function loadForGood(koffi: Koffi, file: string | null): ReturnType<Koffi['load']> {
  const library = koffi.load(file);
  loadedForGood.push(library);
  return library;
}

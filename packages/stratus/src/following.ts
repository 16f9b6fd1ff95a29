/** Looks again and again, until it is ended. */
export function following(everyMs: number, look: () => Promise<unknown>): () => void {
  let isOver = false;
  let timer: NodeJS.Timeout;
  const wait = (): void => {
    timer = setTimeout(() => void again(), everyMs);
    timer.unref();
  };
  const again = async (): Promise<void> => {
    await look();
    if (!isOver) wait();
  };
  wait();
  return () => {
    isOver = true;
    clearTimeout(timer);
  };
}

import type { Told } from './follow.ts';

const encoder = new TextEncoder();

/** One event of a stream (HTML, section 9.2): JSON has no line breaks, so it is one line of data. */
const frame = ({ event: { type, ...data }, id }: Told): Uint8Array =>
  encoder.encode(`event: ${type}\nid: ${id}\ndata: ${JSON.stringify(data)}\n\n`);

interface StreamOptions {
  readonly heartbeatMs: number;
  /** Asked at every heartbeat: the stream ends when it says no. */
  readonly stillAllowed: () => Promise<boolean>;
  /** Ends what the events come from. */
  readonly leave: () => void;
}

/** Events as a body. It asks for the next one when the client has taken the last: what a slow client does not take stays where it is. */
export function eventStream(
  events: AsyncGenerator<Told>,
  { heartbeatMs, stillAllowed, leave }: StreamOptions,
): ReadableStream<Uint8Array> {
  let coming: Promise<IteratorResult<Told, unknown>> | undefined;
  const end = async (): Promise<void> => {
    leave();
    await events.return(undefined);
  };
  return new ReadableStream<Uint8Array>(
    {
      start: (controller) => controller.enqueue(encoder.encode('retry: 1000\n\n')),
      async pull(controller) {
        coming ??= events.next();
        let timer: NodeJS.Timeout | undefined;
        const beat = new Promise<'beat'>((resolve) => {
          timer = setTimeout(resolve, heartbeatMs, 'beat' as const);
        });
        try {
          const next = await Promise.race([coming, beat]);
          if (next === 'beat') {
            if (await stillAllowed()) return controller.enqueue(encoder.encode(': still here\n\n'));
            await end();
            return controller.close();
          }
          coming = undefined;
          if (!next.done) return controller.enqueue(frame(next.value));
          leave();
          controller.close();
        } catch (e) {
          leave();
          controller.error(e);
        } finally {
          clearTimeout(timer);
        }
      },
      cancel: () => end(),
    },
    { highWaterMark: 1 },
  );
}

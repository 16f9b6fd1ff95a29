/** Takes one request from a client's share; in how many milliseconds it is to ask again where there is none left, and 0 where there was. */
export type TakeTurn = (id: string, perMinute: number) => number | Promise<number>;

interface Share {
  left: number;
  at: number;
}

/** Clients that have been away so long have their whole share again: nothing need be kept of them. */
const wholeMs = 60_000;

/** Shares that fill up evenly: a minute's worth at most, so that who was silent may send it at once. */
export function rateLimiter(now: () => number = () => performance.now()): TakeTurn {
  const shares = new Map<string, Share>();
  let sweptAt = now();
  return (id, perMinute) => {
    const at = now();
    if (at - sweptAt > wholeMs) {
      for (const [one, share] of shares) if (at - share.at > wholeMs) shares.delete(one);
      sweptAt = at;
    }
    const share = shares.get(id) ?? { left: perMinute, at };
    share.left = Math.min(perMinute, share.left + ((at - share.at) * perMinute) / wholeMs);
    share.at = at;
    shares.set(id, share);
    if (share.left < 1) return ((1 - share.left) * wholeMs) / perMinute;
    share.left--;
    return 0;
  };
}

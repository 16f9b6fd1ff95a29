// One input to a server for every pair of a seed and an index, so that one that finds a bug can be sent again.
import { apiRequest } from './hostile-api.ts';
import { type Framing, framing } from './hostile-framing.ts';
import { bentCall, frames, type GrpcCall, rightCall } from './hostile-grpc.ts';
import { bentRequest, type HttpRequest, rightRequest } from './hostile-requests.ts';
import { Seeded } from './seeded.ts';

/** What is sent, by the way it is sent. */
export type Hostile =
  | { readonly way: 'http'; readonly name: string; readonly request: HttpRequest }
  | { readonly way: 'framing'; readonly name: string; readonly framing: Framing }
  | { readonly way: 'grpc'; readonly name: string; readonly call: GrpcCall }
  | { readonly way: 'frames'; readonly name: string; readonly bytes: Buffer };

/** The input of a seed and an index. */
export function hostileInput(seed: number, index: number): Hostile {
  const random = new Seeded(seed, index);
  const at = random.below(100);
  if (at < 56) {
    const [name, request] = bentRequest(random);
    return { way: 'http', name, request };
  }
  if (at < 68) {
    const [name, request] = rightRequest(random);
    return { way: 'http', name: `${name}, right`, request };
  }
  if (at < 76) return { way: 'http', name: 'api', request: apiRequest(random) };
  if (at < 84) return { way: 'framing', name: 'framing', framing: framing(random) };
  if (at < 94) return { way: 'grpc', name: 'grpc', call: bentCall(random) };
  if (at < 97) return { way: 'grpc', name: 'grpc, right', call: rightCall(random) };
  return { way: 'frames', name: 'frames', bytes: frames(random) };
}

/** A right request of any protocol, likewise. */
export function rightInput(seed: number, index: number): Hostile {
  const random = new Seeded(seed, index);
  if (random.chance(0.2)) return { way: 'grpc', name: 'grpc', call: rightCall(random) };
  const [name, request] = rightRequest(random);
  return { way: 'http', name, request };
}

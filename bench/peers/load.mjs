// Asks a server from a process of its own, over bare keep-alive sockets: what is measured is the server and not a client's library. Takes one
// JSON argument, see `bench/shared/load.ts`; prints what came of it as JSON.
//
// Closed: every connection asks again as soon as it has its answer. Open: requests are due at fixed times whatever the server does, and the
// time of an answer counts from when its request was due; a request that finds no connection free waits for one, and that is counted too.
import { readFileSync } from 'node:fs';
import { connect } from 'node:net';

const {
  port,
  request: file,
  connections,
  warmUpMs,
  ms,
  rate,
  mostConnections = connections,
  goodMs,
  hold,
} = JSON.parse(process.argv[2]);
const request = readFileSync(file);

const endOfHead = Buffer.from('\r\n\r\n');
const statuses = {};
const accepted = [];
const versions = {};
let [good, failed, due, skipped] = [0, 0, 0, 0];
let counting = false;
let over = false;
const errors = new Set();
const free = [];
const late = [];
const all = new Set();

function count(status, since, now) {
  if (!counting) return;
  statuses[status] = (statuses[status] ?? 0) + 1;
  if (status !== 200) return;
  accepted.push(now - since);
  if (goodMs === undefined || now - since <= goodMs) good++;
}

/** One connection, which asks one thing at a time. */
class Connection {
  #parts = [];
  #length = 0;
  #wanted = -1;
  #status = 0;
  since = -1;

  constructor() {
    all.add(this);
    this.socket = connect(port, '127.0.0.1').setNoDelay(true);
    this.socket.on('data', (part) => this.#take(part));
    this.socket.on('error', (e) => errors.add(e.code ?? e.message));
    this.socket.on('close', () => {
      all.delete(this);
      const at = free.indexOf(this);
      if (at >= 0) free.splice(at, 1); // nobody may be given it any more
      if (this.since >= 0 && counting) failed++;
      if (over) return;
      const next = new Connection(); // whoever is thrown out comes again
      if (rate === undefined) next.ask(performance.now());
      else free.push(next);
    });
  }

  ask(since) {
    this.since = since;
    this.socket.write(request);
  }

  #take(part) {
    let whole = part;
    if (this.#length > 0) {
      this.#parts.push(part);
      this.#length += part.length;
      if (this.#wanted >= 0 && this.#length < this.#wanted) return;
      whole = Buffer.concat(this.#parts);
    }
    if (this.#wanted < 0) {
      const end = whole.indexOf(endOfHead);
      if (end >= 0) {
        const head = whole.latin1Slice(0, end);
        const length = /content-length: *(\d+)/i.exec(head);
        if (length === null) throw new Error(`An answer without Content-Length:\n${head}`);
        this.#status = Number(head.slice(9, 12));
        this.#wanted = end + 4 + Number(length[1]);
      }
    }
    if (this.#wanted < 0 || whole.length < this.#wanted) {
      if (this.#length === 0) {
        this.#parts = [whole];
        this.#length = whole.length;
      }
      return;
    }
    const status = this.#status;
    if (hold && counting && status === 200) {
      const version = /"model_version":"([^"]*)"/.exec(whole.latin1Slice(0, this.#wanted))?.[1];
      versions[version] = (versions[version] ?? 0) + 1;
    }
    if (status !== 200 && hold) errors.add(whole.toString());
    this.#parts = [];
    this.#length = 0;
    this.#wanted = -1;
    const now = performance.now();
    if (this.since >= 0) count(status, this.since, now);
    this.since = -1;
    if (over) return;
    if (rate === undefined) this.ask(now);
    else if (late.length > 0) this.ask(late.shift());
    else free.push(this);
  }
}

const connected = Array.from({ length: connections }, () => new Connection());
await Promise.all(connected.map(({ socket }) => new Promise((resolve) => socket.once('connect', resolve))));
const begin = performance.now();
if (rate === undefined) for (const one of connected) one.ask(begin);
else {
  free.push(...connected);
  let sent = 0;
  const tick = () => {
    if (over) return;
    const now = performance.now();
    for (let wanted = ((now - begin) * rate) / 1000; sent < wanted; sent++) {
      const at = begin + (sent * 1000) / rate;
      if (counting) due++;
      const one = free.shift(); // in turns: a connection that says nothing for long is closed
      if (one !== undefined) one.ask(at);
      else if (all.size < mostConnections) new Connection().ask(at);
      else if (late.length < 10_000) late.push(at);
      else if (counting) skipped++;
    }
    setTimeout(tick, 1);
  };
  tick();
}

await new Promise((resolve) => setTimeout(resolve, warmUpMs));
counting = true;
const start = performance.now();
const cpu = process.cpuUsage();
if (hold) {
  process.stdout.write('counting\n');
  await new Promise((resolve) => process.stdin.once('end', resolve).resume()); // until the parent says so
} else await new Promise((resolve) => setTimeout(resolve, ms));
const seconds = (performance.now() - start) / 1000;
const { user, system } = process.cpuUsage(cpu);
counting = false;
over = true;
for (const { socket } of all) socket.destroy();

accepted.sort((a, b) => a - b);
const at = (share) => accepted[Math.min(accepted.length - 1, Math.floor(accepted.length * share))] ?? null;
process.stdout.write(
  `${JSON.stringify({
    seconds,
    statuses,
    failed,
    errors: [...errors].slice(0, 5),
    answered: accepted.length,
    perSecond: accepted.length / seconds,
    goodPerSecond: good / seconds,
    due,
    skipped,
    p50: at(0.5),
    p99: at(0.99),
    most: at(1),
    versions,
    processor: (user + system) / 1e6 / seconds,
  })}\n`,
);

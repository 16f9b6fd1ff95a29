// `stratus serve` of the built package, which looks at its registry more often than it would: arguments are its entry and the port. The folder is where it is started.
import { pathToFileURL } from 'node:url';

const [entry, port] = process.argv.slice(2);
const { startServer } = await import(pathToFileURL(entry).href);
await startServer({ port: Number(port), lookMs: 25 });

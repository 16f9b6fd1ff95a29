// Serves a model until it is told to stop. Run by deploy.test.ts in a process of its own.
import { deploy } from '../src/deploy.ts';

const server = await deploy(process.argv[2]!, { port: 0, name: 'm', ...(JSON.parse(process.argv[3] ?? '{}') as object) });
process.stdout.write(`${server.url}\n`);
